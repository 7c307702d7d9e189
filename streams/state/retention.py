"""How long a state is kept."""

from __future__ import annotations

from streams.facts.times import DAY, STATE_KEPT
from streams.state.state import OrderState, ParcelState

_END_STEP = 5 * DAY
"""Ends fall on multiples of this, so that a new fact seldom moves an entry of the due index."""

_LONGEST_PROMISE = 366 * DAY
_DUE_SOON = 3 * DAY
"""An order without a promise is due by then, and the day that it is due on is over."""


def end_of(state: ParcelState | OrderState) -> int:
    """When a state with nothing pending ends (µs): STATE_KEPT after its last sign, rounded up.

    An order lives so long after its promises (one of more than a year ahead is none): heard of anew
    after that, it would count again, in a row of its shop that still counts.
    """
    last = state.newest if state.newest > state.touched else state.touched
    if isinstance(state, OrderState):
        promises = [
            each
            for version in state.versions
            for each in (version.promised_ship_by, version.promised_delivery_by)
        ]
        promise = max((each for each in promises if each is not None), default=last)
        last = max(last, min(promise, last + _LONGEST_PROMISE)) + _DUE_SOON
    return end_after(last)


def end_after(last: int) -> int:
    """When a state ends whose last sign was at `last` (µs)."""
    return ((last + STATE_KEPT) // _END_STEP + 1) * _END_STEP
