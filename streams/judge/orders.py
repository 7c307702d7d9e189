"""What the rules see in an order with its parcels, and what is published of it."""

from __future__ import annotations

from streams.facts.facts import OrderVersion
from streams.judge.evaluate import Evaluating, Evaluation, Subject
from streams.judge.exemptions import carriers_of_order, held, regions_of_order
from streams.judge.judgement import Judgement, conclude
from streams.profiles.model import Profile, Profiles
from streams.rules.business_days import BusinessDays
from streams.rules.episodes import Clock
from streams.rules.snapshot import OrderSnapshot
from streams.state.orders import EXPRESS
from streams.state.state import OrderState
from streams.state.versions import order_known


def judge(state: OrderState, now: int, profiles: Profiles, detected_at: int) -> Judgement:
    """Judge the order at `now` (µs); sets `due` and what is published.

    Time never runs backwards for a state: a `now` before its last judgement counts as that.
    """
    now = max(now, state.judged)
    return conclude(state, evaluate(state, now, profiles), now, detected_at)


def evaluate(state: OrderState, now: int, profiles: Profiles) -> Evaluation:
    """What the rules see in the order at `now` (µs); changes nothing."""
    evaluating = Evaluating(now)
    version = order_known(state.versions)
    if version is None or version.delivery_method != EXPRESS:
        return evaluating.done()
    profile = profiles.at(version.platform, version.paid_at)
    snapshot = OrderSnapshot(state, version, profile.terms)
    subject = _subject(state.order_id, version, snapshot, profile)
    evaluating.rules(profile.order_rules, (snapshot,), subject)
    return evaluating.done(snapshot, profile)


def _subject(
    order_id: str, version: OrderVersion, snapshot: OrderSnapshot, profile: Profile
) -> Subject:
    hold = None
    if profile.exemptions:
        where = regions_of_order(snapshot)
        carriers = carriers_of_order(snapshot)
        promised = version.promised_ship_by
        if isinstance(profile.terms.default_promise, BusinessDays):
            promised = snapshot.promise

        def hold(clock: Clock) -> Clock:
            return held(clock, profile.exemptions, where, carriers, promised)

    return Subject(
        profile, None, order_id, version.shop_id, lambda: (order_id,), lambda: (version,), hold
    )
