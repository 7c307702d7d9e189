"""What rules see at a time, and what is published of it."""

from __future__ import annotations

from typing import NamedTuple

from streams.judge.evaluate import Evaluation, RuleFailure
from streams.judge.warnings import Revision, reconcile
from streams.profiles.model import Profile
from streams.rules.snapshot import OrderSnapshot
from streams.state.retention import end_of
from streams.state.state import OrderState, ParcelState


class Judgement(NamedTuple):
    """Revisions to publish, rules that raised, whether the state has reached its end; of an order,
    the snapshot that was judged and the profile that judged it."""

    revisions: list[Revision]
    failures: list[RuleFailure]
    ended: bool = False
    order: OrderSnapshot | None = None
    profile: Profile | None = None


def conclude(
    state: OrderState | ParcelState, evaluation: Evaluation, now: int, detected_at: int
) -> Judgement:
    """Publish what changed since the last judgement; sets `due`. It was evaluated at `now` (µs)."""
    candidates, failures, next_change, order, profile = evaluation
    revisions: list[Revision] = []
    if candidates or state.published:
        failed = {failure.rule for failure in failures}
        state.published, revisions = reconcile(state.published, candidates, failed, detected_at)
        if revisions:
            state.judged = now
            state.touched = max(state.touched, now)
    if next_change is not None:
        state.due = next_change
        return Judgement(revisions, failures, False, order, profile)
    state.due = end_of(state)
    return Judgement(revisions, failures, now >= state.due, order, profile)
