"""What rules see at a time, what is published of it, and how long a state is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streams.core.state import OrderState, ParcelState
from streams.core.times import DAY, STATE_KEPT
from streams.core.warnings import Found, Revision, RuleFailure, reconcile

if TYPE_CHECKING:
    from streams.core.snapshot import OrderSnapshot

_END_STEP = 5 * DAY
"""Ends fall on multiples of this, so that a new fact seldom moves an entry of the due index."""

_LONGEST_PROMISE = 366 * DAY
_DUE_SOON = 3 * DAY
"""An order without a promise is due by then, and the day that it is due on is over."""


class Look(NamedTuple):
    """What the rules see in a state at a time, and when that changes if no fact comes (µs).

    `order` is the snapshot that they looked at, where it was one of an order.
    """

    findings: list[Found]
    failures: list[RuleFailure]
    next_change: int | None
    order: OrderSnapshot | None = None


class Judgement(NamedTuple):
    """Revisions to publish, rules that raised, whether the state has reached its end, and the
    snapshot of the order that was judged."""

    revisions: list[Revision]
    failures: list[RuleFailure]
    ended: bool = False
    order: OrderSnapshot | None = None


def conclude(state: OrderState | ParcelState, look: Look, now: int, detected_at: int) -> Judgement:
    """Publish what changed since the last judgement; sets `due`. `look` was taken at `now` (µs)."""
    revisions: list[Revision] = []
    if look.findings or state.published:
        failed = {failure.rule for failure in look.failures}
        state.published, revisions = reconcile(state.published, look.findings, failed, detected_at)
        if revisions:
            state.judged = now
            state.touched = max(state.touched, now)
    if look.next_change is not None:
        state.due = look.next_change
        return Judgement(revisions, look.failures, False, look.order)
    state.due = end_of(state)
    return Judgement(revisions, look.failures, now >= state.due, look.order)


def end_of(state: ParcelState | OrderState) -> int:
    """When a state with nothing pending ends (µs): STATE_KEPT after its last sign, rounded up.

    An order lives so long after its promise (one of more than a year ahead is none): heard of anew
    after that, it would count again, in a row of its shop that is still kept.
    """
    last = state.newest if state.newest > state.touched else state.touched
    if isinstance(state, OrderState):
        promises = [version.promised_ship_by for version in state.versions]
        promise = max((each for each in promises if each is not None), default=last)
        last = max(last, min(promise, last + _LONGEST_PROMISE)) + _DUE_SOON
    return end_after(last)


def end_after(last: int) -> int:
    """When a state ends whose last sign was at `last` (µs)."""
    return ((last + STATE_KEPT) // _END_STEP + 1) * _END_STEP
