"""What the rules see in an order with its parcels, and what is published of it."""

from __future__ import annotations

from collections.abc import Iterable

from streams.judge.exemptions import carriers_of_order, held, provinces_of_order
from streams.judge.judgement import Judgement, Look, conclude
from streams.judge.warnings import Found, RuleFailure, found, subject_of
from streams.profiles.model import Profile, Profiles
from streams.rules.episodes import Check, Clock, judge_check, judge_clock
from streams.rules.snapshot import OrderSnapshot
from streams.state.orders import EXPRESS
from streams.state.state import OrderState
from streams.state.versions import newest_known


def judge(state: OrderState, now: int, profiles: Profiles, detected_at: int) -> Judgement:
    """Judge the order at `now` (µs); sets `due` and what is published.

    Time never runs backwards for a state: a `now` before its last judgement counts as that.
    """
    now = max(now, state.judged)
    return conclude(state, look(state, now, profiles), now, detected_at)


def look(state: OrderState, now: int, profiles: Profiles) -> Look:
    """What the rules see in the order at `now` (µs); changes nothing."""
    findings: list[Found] = []
    failures: list[RuleFailure] = []
    changes: list[int] = []
    snapshot: OrderSnapshot | None = None
    profile: Profile | None = None
    version = newest_known(state.versions)
    if version is not None and version.delivery_method == EXPRESS:
        snapshot = OrderSnapshot(state, version)
        profile = profiles.at(version.platform, version.paid_at)
        subject = subject_of(None, state.order_id)
        ids = (state.order_id,)
        rows = profile.exemptions
        where = provinces_of_order(snapshot) if rows else ()
        carriers = carriers_of_order(snapshot) if rows else ()
        for rule in profile.order_rules:
            try:
                episodes: Iterable[Clock | Check] = tuple(rule.episodes(snapshot))
            except Exception as error:
                failures.append(RuleFailure(rule.name, subject, error))
                continue
            for episode in episodes:
                parcel: str | None = None
                about = subject
                if isinstance(episode, Clock):
                    if rows:
                        episode = held(episode, rows, where, carriers, version.promised_ship_by)
                    verdict = judge_clock(episode, now)
                    if verdict.next_change is not None:
                        changes.append(verdict.next_change)
                else:
                    verdict = judge_check(episode)
                    parcel = episode.parcel
                    about = subject if parcel is None else subject_of(parcel, state.order_id)
                if verdict.state is not None:
                    shop, paid = version.shop_id, (version,)
                    findings.append(
                        found(episode, verdict, profile, about, parcel, ids, shop, paid)
                    )
    return Look(findings, failures, min(changes) if changes else None, snapshot, profile)
