"""What judging a state comes to, and how long a state is kept."""

from __future__ import annotations

from typing import NamedTuple

from streams.core.state import OrderState, ParcelState
from streams.core.times import DAY, STATE_KEPT
from streams.core.warnings import Revision, RuleFailure


class Judgement(NamedTuple):
    """Revisions to publish, rules that raised, and whether the state has reached its end."""

    revisions: list[Revision]
    failures: list[RuleFailure]
    ended: bool = False


NOTHING = Judgement([], [])


_END_STEP = 5 * DAY
"""Ends fall on multiples of this, so that a new fact seldom moves an entry of the due index."""


def end_of(state: ParcelState | OrderState) -> int:
    """When a state with nothing pending ends (µs): STATE_KEPT after its last sign, rounded up."""
    last = state.newest if state.newest > state.touched else state.touched
    return ((last + STATE_KEPT) // _END_STEP + 1) * _END_STEP
