"""What rules see at a time, and what is published of it."""

from __future__ import annotations

from typing import NamedTuple

from streams.judge.warnings import Found, Revision, RuleFailure, reconcile
from streams.profiles.model import Profile
from streams.rules.snapshot import OrderSnapshot
from streams.state.retention import end_of
from streams.state.state import OrderState, ParcelState


class Look(NamedTuple):
    """What the rules see in a state at a time, and when that changes if no fact comes (µs).

    `order` is the snapshot that they looked at, where it was one of an order, `profile` whose rules
    they were.
    """

    findings: list[Found]
    failures: list[RuleFailure]
    next_change: int | None
    order: OrderSnapshot | None = None
    profile: Profile | None = None


class Judgement(NamedTuple):
    """Revisions to publish, rules that raised, whether the state has reached its end; of an order,
    the snapshot that was judged and the profile that judged it."""

    revisions: list[Revision]
    failures: list[RuleFailure]
    ended: bool = False
    order: OrderSnapshot | None = None
    profile: Profile | None = None


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
        return Judgement(revisions, look.failures, False, look.order, look.profile)
    state.due = end_of(state)
    return Judgement(revisions, look.failures, now >= state.due, look.order, look.profile)
