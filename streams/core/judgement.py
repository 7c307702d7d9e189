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


def end_of(state: ParcelState | OrderState) -> int:
    """When a state with nothing pending ends (µs): whole days, so that it seldom moves."""
    last = state.newest if state.newest > state.touched else state.touched
    return ((last + STATE_KEPT) // DAY + 1) * DAY
