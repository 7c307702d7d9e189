"""Shadow profiles: judged beside the profile in force, counted and never published.

What they would have published is remembered in the state, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.judge import orders as judge_orders
from streams.judge import parcels as judge_parcels
from streams.judge.evaluate import Evaluation, RuleFailure
from streams.judge.judgement import Judgement
from streams.judge.settling import is_near, withhold
from streams.judge.warnings import Revision, reconcile
from streams.profiles.model import Profiles
from streams.state.state import OrderState, ParcelState, Published


def shadowed(
    state: OrderState | ParcelState,
    judgement: Judgement,
    now: int,
    shadows: Mapping[str, Profiles],
) -> tuple[Judgement, list[Revision], list[RuleFailure]]:
    """Judge by each of `shadows` (id → every order by it) at `now` (µs), after the judgement.

    Gives the judgement, no longer an end where a shadow waits for something, what the shadows
    would have published, and the rules that raised. Sets what is remembered, and `due` earlier
    where a shadow has a deadline first. What news changed waits for them as for what is published.
    """
    now = max(now, state.judged)
    remembered: list[Published] = []
    revisions: list[Revision] = []
    failures: list[RuleFailure] = []
    changes: list[int] = []
    settling = judgement.settling
    for profile, profiles in shadows.items():
        seen = _evaluate(state, now, profiles)
        before = [entry for entry in state.shadow if entry.finding.profile == profile]
        candidates = seen.candidates
        if candidates or before:
            failed = {failure.rule for failure in seen.failures}
            if settling is not None:
                candidates, waits = withhold(before, candidates, failed, settling.until)
                if waits:
                    changes.append(settling.until)
            after, new = reconcile(before, candidates, failed, now)
            remembered += after
            revisions += new
        failures += seen.failures
        if seen.next_change is not None:
            changes.append(seen.next_change)
    state.shadow = remembered
    if revisions:
        state.judged = now
    if changes:
        earliest = min(changes)
        if is_near(settling, earliest):
            state.settling = settling
        if judgement.ended or earliest < state.due:
            state.due = earliest
            judgement = judgement._replace(ended=False)
    return judgement, revisions, failures


def _evaluate(state: OrderState | ParcelState, now: int, profiles: Profiles) -> Evaluation:
    if isinstance(state, OrderState):
        return judge_orders.evaluate(state, now, profiles)
    return judge_parcels.evaluate(state, now, profiles)
