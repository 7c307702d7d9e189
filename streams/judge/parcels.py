"""What the rules see in the lives of a number, and what is published of it."""

from __future__ import annotations

from collections.abc import Sequence

from streams.facts.statuses import PROGRESS
from streams.judge.evaluate import Evaluating, Evaluation, Subject
from streams.judge.exemptions import held, regions_of_parcel
from streams.judge.judgement import Judgement, conclude
from streams.profiles.model import Profile, Profiles
from streams.rules.episodes import Clock
from streams.rules.snapshot import LinkedOrder, ParcelLife
from streams.state.links import lives, same_digits
from streams.state.orders import MOST_MOVING
from streams.state.parcels import goes_on_as
from streams.state.state import LONGEST_ADVICE, Advice, Mark, ParcelState

MOST_ADVISED = 20
"""Orders of a parcel up to which each one's own warnings have the parcel's advice."""


def judge(state: ParcelState, now: int, profiles: Profiles, detected_at: int) -> Judgement:
    """Judge every life of the number at `now` (µs); sets `due` and what is published.

    Time never runs backwards for a state: a `now` before its last judgement counts as that.
    """
    now = max(now, state.judged)
    return conclude(state, evaluate(state, now, profiles), now, detected_at)


def evaluate(state: ParcelState, now: int, profiles: Profiles) -> Evaluation:
    """What the rules see in every life of the number at `now` (µs); changes nothing."""
    evaluating = Evaluating(now)
    if state.named:
        known = {order.order_id: order.facts for order in state.orders}
        for records, named in lives(state.records, state.named):
            if named:
                life = ParcelLife(
                    state.key,
                    records,
                    named,
                    known,
                    state.recipients,
                    state.claims,
                    state.estimated,
                    state.postal_codes,
                )
                if life.orders:
                    _evaluate_life(life, profiles, evaluating, _advice(life, state.next))
    return evaluating.done()


def _advice(life: ParcelLife, following: Sequence[tuple[Mark, str]]) -> Advice:
    """Under which other key the parcel moves: the one that its last hand-over names, or its
    orders' others that have its digits."""
    found: list[tuple[str, str]] = []
    next_key = goes_on_as(life.records, following)
    if next_key is not None:
        found.append(("goes_on_as", next_key))
    moving = {key for order in life.orders if order.facts for key in order.facts.moving}
    if moving and life.first(PROGRESS) is None:
        found += (("moves_as", key) for key in same_digits(life.key, moving)[:MOST_MOVING])
    return tuple(
        (code, key.replace(":", " ", 1).strip())
        for code, key in found
        if len(key) <= LONGEST_ADVICE
    )


def _evaluate_life(
    life: ParcelLife, profiles: Profiles, evaluating: Evaluating, advice: Advice
) -> None:
    """The parcel's rules of its lead order's profile, then each order's rules of its own."""
    lead = life.lead
    of_each = advice if len(life.orders) <= MOST_ADVISED else ()
    profile = profiles.at(lead.platform, lead.dated)
    lead.terms = profile.terms
    evaluating.rules(profile.parcel_rules, (life,), _of_all(life, profile, advice))
    for order in life.orders:
        if order is not lead:
            profile = profiles.at(order.platform, order.dated)
            order.terms = profile.terms
        if profile.link_rules:
            subject = _of_one(life, order, profile, of_each)
            evaluating.rules(profile.link_rules, (life, order), subject)


def _of_all(life: ParcelLife, profile: Profile, advice: Advice) -> Subject:
    hold = None
    if profile.exemptions:
        where = regions_of_parcel(life)
        carrier = life.key.partition(":")[:1]

        def hold(clock: Clock) -> Clock:
            return held(clock, profile.exemptions, where, carrier)

    return Subject(
        profile,
        life.key,
        None,
        life.lead.shop_id,
        lambda: tuple(sorted(order.order_id for order in life.orders)),
        lambda: [order.facts for order in life.orders],
        hold,
        advice,
    )


def _of_one(life: ParcelLife, order: LinkedOrder, profile: Profile, advice: Advice) -> Subject:
    return Subject(
        profile,
        life.key,
        order.order_id,
        order.shop_id,
        lambda: (order.order_id,),
        lambda: (order.facts,),
        advice=advice,
    )
