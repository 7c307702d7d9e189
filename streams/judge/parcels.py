"""What the rules see in the lives of a number, and what is published of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.judge.exemptions import held, provinces_of_parcel
from streams.judge.judgement import Judgement, Look, conclude
from streams.judge.warnings import Found, RuleFailure, found, subject_of
from streams.profiles.model import Profile, Profiles
from streams.rules.episodes import Check, Clock, Verdict, judge_check, judge_clock
from streams.rules.snapshot import LinkedOrder, ParcelLife
from streams.state.links import lives
from streams.state.state import ParcelState


def judge(state: ParcelState, now: int, profiles: Profiles, detected_at: int) -> Judgement:
    """Judge every life of the number at `now` (µs); sets `due` and what is published.

    Time never runs backwards for a state: a `now` before its last judgement counts as that.
    """
    now = max(now, state.judged)
    return conclude(state, look(state, now, profiles), now, detected_at)


def look(state: ParcelState, now: int, profiles: Profiles) -> Look:
    """What the rules see in every life of the number at `now` (µs); changes nothing."""
    findings: list[Found] = []
    failures: list[RuleFailure] = []
    changes: list[int] = []
    if state.named:
        known = {order.order_id: order.facts for order in state.orders}
        for records, named in lives(state.records, state.named):
            if named:
                life = ParcelLife(state.key, records, named, known, state.recipients, state.claims)
                if life.orders:
                    _judge_life(life, now, profiles, findings, failures, changes)
    return Look(findings, failures, min(changes) if changes else None)


def _judge_life(
    life: ParcelLife,
    now: int,
    profiles: Profiles,
    findings: list[Found],
    failures: list[RuleFailure],
    changes: list[int],
) -> None:
    lead = life.lead
    profile = profiles.at(lead.platform, lead.dated)
    all_orders: tuple[str, ...] = ()
    rows = profile.exemptions
    where = provinces_of_parcel(life) if rows else ()
    carrier = life.key.partition(":")[:1] if rows else ()
    for rule in profile.parcel_rules:
        try:
            # Most rules see nothing in most lives, and mostly say so with an empty tuple.
            episodes: Iterable[Clock | Check] = rule.episodes(life)
            if not episodes:
                continue
            episodes = tuple(episodes)
        except Exception as error:
            failures.append(RuleFailure(rule.name, subject_of(life.key, None), error))
            continue
        for episode in episodes:
            if isinstance(episode, Clock):
                if rows:
                    episode = held(episode, rows, where, carrier)
                verdict = judge_clock(episode, now)
            else:
                verdict = judge_check(episode)
            if verdict.next_change is not None:
                changes.append(verdict.next_change)
            if verdict.state is not None:
                all_orders = all_orders or tuple(sorted(order.order_id for order in life.orders))
                findings.append(
                    _about(episode, verdict, profile, lead, life.key, None, all_orders, life.orders)
                )
    for order in life.orders:
        if order is not lead:
            profile = profiles.at(order.platform, order.dated)
        for link_rule in profile.link_rules:
            try:
                checks: Iterable[Check] = link_rule.episodes(life, order)
                if not checks:
                    continue
                checks = tuple(checks)
            except Exception as error:
                subject = subject_of(life.key, order.order_id)
                failures.append(RuleFailure(link_rule.name, subject, error))
                continue
            for check in checks:
                verdict = judge_check(check)
                if verdict.state is not None:
                    ids = (order.order_id,)
                    findings.append(
                        _about(
                            check, verdict, profile, order, life.key, order.order_id, ids, (order,)
                        )
                    )


def _about(
    episode: Clock | Check,
    verdict: Verdict,
    profile: Profile,
    order: LinkedOrder,
    parcel: str,
    order_id: str | None,
    order_ids: tuple[str, ...],
    orders: Sequence[LinkedOrder],
) -> Found:
    subject = subject_of(parcel, order_id)
    paid = [each.facts for each in orders]
    return found(episode, verdict, profile, subject, parcel, order_ids, order.shop_id, paid)
