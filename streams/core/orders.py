"""The order's side: versions of one order and what its parcels say, judged by rules about orders.

`absorb` adds versions, `learn` what parcels say, `tell` says what the parcels must know, `judge`
says what holds at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from streams.core.episodes import Check, Clock, judge_check, judge_clock
from streams.core.exemptions import carriers_of_order, held, provinces_of_order
from streams.core.facts import OrderFacts, OrderVersion, ParcelFacts, Place
from streams.core.judgement import Judgement, Look, conclude
from streams.core.parcels import Absorbed
from streams.core.snapshot import OrderSnapshot, base_time, closed_since, newest_known
from streams.core.state import LinkedParcel, OrderState
from streams.core.times import RETENTION
from streams.core.warnings import Found, RuleFailure, found, subject_of
from streams.profiles.model import Profiles

EXPRESS = 0

MOST_VERSIONS = 500
"""Versions that one order may have; more are refused."""

MOST_PARCELS = 2_000
"""Parcels that one order listens to. A placeholder that everybody types for an order id would grow
for ever; of further parcels the order knows nothing, what they are judged by themselves stays."""


def absorb(state: OrderState, versions: Iterable[OrderVersion], now: int) -> Absorbed:
    """Add versions in order of arrival; repeats change nothing. `now` (µs) is their arrival."""
    new = late = 0
    refused: tuple[int, ...] = ()
    for number, version in enumerate(versions):
        if version.updated_at < state.newest - RETENTION:
            late += 1
            continue
        mark = _version_order(version)
        known = state.versions
        place = bisect_left(known, mark, key=_version_order)
        if place < len(known) and _version_order(known[place]) == mark:
            continue
        if len(known) >= MOST_VERSIONS:
            refused += (number,)
            continue
        known.insert(place, version)
        new += 1
        state.newest = max(state.newest, version.updated_at)
    if new:
        state.touched = max(state.touched, now)
    return Absorbed(new, late, refused=refused)


def learn(state: OrderState, parcels: Iterable[ParcelFacts], now: int) -> bool:
    """Take over what parcels say of their links and progress, in the order in which they say it.

    The last word stands. After a crash a parcel may read its facts in another order and know less
    for a while; what it says then is right for what it will say next.
    """
    changed = False
    for facts in parcels:
        for parcel in state.parcels:
            if parcel.key == facts.key:
                changed = changed or parcel.lives != facts.lives
                parcel.lives = facts.lives
                if facts.asks and parcel.told:
                    parcel.told = 0
                    changed = True
                break
        else:
            if len(state.parcels) < MOST_PARCELS:
                state.parcels.append(LinkedParcel(facts.key, facts.lives))
                changed = True
    if changed:
        state.touched = max(state.touched, now)
    return changed


def tell(state: OrderState) -> list[tuple[str, OrderFacts]]:
    """What each parcel must be told of the order: (parcel key, facts), where it has news."""
    if not state.versions:
        return []
    messages = []
    facts: OrderFacts | None = None
    for parcel in state.parcels:
        if parcel.told != len(state.versions):
            facts = facts or facts_of(state)
            parcel.told = len(state.versions)
            messages.append((parcel.key, facts))
    return messages


def facts_of(state: OrderState) -> OrderFacts:
    """The order as its parcels see it."""
    closed_at = closed_since(state.versions)
    version = newest_known(state.versions)
    if version is None:
        return OrderFacts(state.order_id, known=False, closed_at=closed_at)
    recipients: list[tuple[int, Place | None]] = []
    sources: list[tuple[int, int, int]] = []
    for earlier in state.versions:
        if earlier.known and (not recipients or recipients[-1][1] != earlier.recipient):
            recipients.append((earlier.updated_at, earlier.recipient))
            sources.append((earlier.partition, earlier.offset, earlier.updated_at))
    sources.append((version.partition, version.offset, version.updated_at))
    return OrderFacts(
        order_id=state.order_id,
        known=True,
        express=version.delivery_method == EXPRESS,
        platform=version.platform,
        shop_id=version.shop_id,
        paid_at=version.paid_at,
        base=base_time(version),
        promised_ship_by=version.promised_ship_by,
        closed_at=closed_at,
        ship_from=None if version.ship_from is None else version.ship_from.province,
        recipients=tuple(recipients),
        amount_paid=version.amount_paid,
        currency=version.currency,
        sources=tuple(sources),
    )


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
    version = newest_known(state.versions)
    if version is not None and version.delivery_method == EXPRESS:
        snapshot = OrderSnapshot(state, version, profiles)
        subject = subject_of(None, state.order_id)
        ids = (state.order_id,)
        rows = snapshot.profile.exemptions
        where = provinces_of_order(snapshot) if rows else ()
        carriers = carriers_of_order(snapshot) if rows else ()
        for rule in snapshot.profile.order_rules:
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
                        found(episode, verdict, snapshot.profile, about, parcel, ids, shop, paid)
                    )
    return Look(findings, failures, min(changes) if changes else None, snapshot)


def _version_order(version: OrderVersion) -> tuple[int, str]:
    return version.updated_at, version.canonical
