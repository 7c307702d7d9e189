"""The order's side: versions of one order and what its parcels say.

`absorb` adds versions, `learn` what parcels say, `tell` says what the parcels must know.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from streams.facts.facts import OrderFacts, OrderVersion, ParcelFacts, Place
from streams.facts.times import RETENTION
from streams.state.parcels import Absorbed
from streams.state.state import LinkedParcel, OrderState
from streams.state.versions import base_time, closed_since, newest_known

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


def _version_order(version: OrderVersion) -> tuple[int, str]:
    return version.updated_at, version.canonical
