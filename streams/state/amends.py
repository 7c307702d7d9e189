"""States that were changed at a time that never was: they are judged anew by the time that is.

Judging goes by the later of now and the state's last judgement, so a state that a wrong clock
judged would stay as it is until that time comes.
"""

from __future__ import annotations

from streams.state.state import OrderState, ParcelState


def amend(state: OrderState | ParcelState, latest: int, now: int) -> bool:
    """Let a state forget that it was changed after `latest` (µs; 0: not known), and wait for it.

    Whether it was. What it published stands in it as before: judging it again corrects that.
    """
    if not latest or state.touched <= latest:
        return False
    state.touched = now
    state.judged = min(state.judged, now)
    if state.settling is not None and state.settling.since > latest:
        state.settling = None
    return True
