"""What rules see at a time, and what is published of it."""

from __future__ import annotations

from typing import NamedTuple

from streams.judge.evaluate import Evaluation, RuleFailure
from streams.judge.settling import is_near, settling_at, withhold
from streams.judge.warnings import Revision, reconcile
from streams.profiles.model import Profile
from streams.rules.snapshot import OrderSnapshot
from streams.state.retention import end_of
from streams.state.state import OrderState, ParcelState, Settling


class Judgement(NamedTuple):
    """Revisions to publish, rules that raised, whether the state has reached its end; of an order,
    the snapshot that was judged and the profile that judged it; how long what is new waits."""

    revisions: list[Revision]
    failures: list[RuleFailure]
    ended: bool = False
    order: OrderSnapshot | None = None
    profile: Profile | None = None
    settling: Settling | None = None


def conclude(
    state: OrderState | ParcelState, evaluation: Evaluation, now: int, detected_at: int
) -> Judgement:
    """Publish what changed since the last judgement and has settled; sets `due`. It was evaluated
    at `now` (µs)."""
    candidates, failures, next_change, order, profile = evaluation
    revisions: list[Revision] = []
    settling = settling_at(state, now)
    if candidates or state.published:
        failed = {failure.rule for failure in failures}
        if settling is not None:
            candidates, waits = withhold(state.published, candidates, failed, settling.until)
            if waits:
                next_change = min(next_change or settling.until, settling.until)
        state.published, revisions = reconcile(state.published, candidates, failed, detected_at)
        if revisions:
            state.judged = now
            state.touched = max(state.touched, now)
    # Where nothing can be published before it has settled, there is nothing to remember.
    state.settling = settling if is_near(settling, next_change) else None
    if next_change is not None:
        state.due = next_change
        return Judgement(revisions, failures, False, order, profile, settling)
    state.due = end_of(state)
    return Judgement(revisions, failures, now >= state.due, order, profile, settling)
