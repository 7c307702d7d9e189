"""What is kept of an order: its versions, and what its parcels say.

`apply` adds versions, `apply_parcel_facts` and `apply_abnormal_days` what parcels say; `replies`
are what the parcels must hear.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from streams.facts.facts import OrderFacts, OrderVersion, ParcelFacts, Place
from streams.facts.times import RETENTION
from streams.state.contributions import AbnormalDays
from streams.state.links import digits_of
from streams.state.parcels import Outcome, Told
from streams.state.state import LinkedParcel, OrderState
from streams.state.versions import (
    base_time,
    closed_since,
    order_known,
    states,
    version_order,
)

EXPRESS = 0

MOST_VERSIONS = 500
"""Versions that one order may have; more are refused."""

MOST_MOVING = 3
"""Parcels under another's digits that an order tells of."""

_MARK = (1 << 63) - 1

MOST_PARCELS = 2_000
"""Parcels that one order listens to. A placeholder that everybody types for an order id would grow
for ever; of further parcels the order knows nothing, what they are judged by themselves stays."""


def apply(state: OrderState, versions: Iterable[OrderVersion], now: int) -> Outcome:
    """Add versions in order of arrival; repeats change nothing. `now` (µs) is their arrival."""
    new = late = 0
    refused: tuple[int, ...] = ()
    for number, version in enumerate(versions):
        if version.updated_at < state.newest - RETENTION:
            late += 1
            continue
        mark = version_order(version)
        known = state.versions
        place = bisect_left(known, mark, key=version_order)
        if place < len(known) and version_order(known[place]) == mark:
            continue
        if len(known) >= MOST_VERSIONS:
            refused += (number,)
            continue
        known.insert(place, version)
        new += 1
        state.newest = max(state.newest, version.updated_at)
    if new:
        state.touched = max(state.touched, now)
    return Outcome(new, late, refused=refused)


def apply_parcel_facts(state: OrderState, parcels: Iterable[ParcelFacts], now: int) -> bool:
    """Take over what parcels say of their links and progress, in the order in which they say it.

    The last word stands. After a crash a parcel may read its facts in another order and know less
    for a while; what it says then is right for what it will say next. One that has read the order's
    facts itself need not be told, if they were of all versions that there are now; else it is, for
    what it was told before, a crash may have made it forget.
    """
    changed = False
    for facts in parcels:
        for parcel in state.parcels:
            if parcel.key == facts.key:
                changed = changed or parcel.lives != facts.lives
                parcel.lives = facts.lives
                if facts.asks and parcel.sent_versions:
                    parcel.sent_versions = 0
                    changed = True
                break
        else:
            if len(state.parcels) >= MOST_PARCELS:
                continue
            parcel = LinkedParcel(facts.key, facts.lives)
            state.parcels.append(parcel)
            changed = True
        if facts.knows:
            known = len(state.versions) if facts.knows == _mark_of(state) else 0
            if parcel.sent_versions != known:
                parcel.sent_versions = known
                changed = True
    if changed:
        state.touched = max(state.touched, now)
    return changed


def apply_abnormal_days(state: OrderState, said: Iterable[AbnormalDays], now: int) -> bool:
    """Take over what parcels say of the order, in the order in which they say it."""
    changed = False
    known = dict(state.abnormal)
    for word in said:
        if word.key not in known and len(known) >= MOST_PARCELS:
            continue
        if known.get(word.key, ()) != word.days:
            changed = True
            known[word.key] = word.days
    if changed:
        state.abnormal = [(key, days) for key, days in known.items() if days]
        state.touched = max(state.touched, now)
    return changed


def replies(state: OrderState) -> list[tuple[bytes, OrderFacts]]:
    """What parcels must hear of the order, each with its key, where it has news."""
    if not state.versions:
        return []
    messages = []
    facts: OrderFacts | None = None
    moving = _moving(state)
    for parcel in state.parcels:
        if parcel.sent_versions != len(state.versions) or parcel.sent_moving != moving:
            facts = facts or facts_of(state)
            parcel.sent_versions, parcel.sent_moving = len(state.versions), moving
            messages.append((parcel.key.encode(), facts))
    return messages


def told_by(state: OrderState) -> Told | None:
    """What a parcel that the order knows nothing of can read off it; None: that is to be asked."""
    if not state.versions or _moving(state):
        return None
    return Told(facts_of(state), _mark_of(state))


def _mark_of(state: OrderState) -> int:
    """A number that stands for the versions of an order and where they were read; not 0."""
    digest = blake2b(digest_size=8)
    for version in state.versions:
        read = f"{version.updated_at} {version.partition} {version.offset} {version.stated} "
        digest.update((read + version.canonical).encode())
    return int.from_bytes(digest.digest()) & _MARK or 1


def facts_of(state: OrderState) -> OrderFacts:
    """The order as its parcels see it."""
    closed_at = closed_since(state.versions)
    version = order_known(state.versions)
    if version is None:
        return OrderFacts(state.order_id, known=False, closed_at=closed_at, moving=_moving(state))
    recipients: list[tuple[int, Place | None]] = []
    sources: list[tuple[int, int, int]] = []
    for earlier in state.versions:
        if not states(earlier, "recipient"):
            continue
        if not recipients or recipients[-1][1] != earlier.recipient:
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
        vias=tuple(dict.fromkeys(each.via for each in state.versions if each.via is not None)),
        refund_requested_at=version.refund_requested_at,
        promised_delivery_by=version.promised_delivery_by,
        paid_estimated=version.paid_estimated,
        moving=_moving(state),
        origin_unrecognised=None if version.ship_from is None else version.ship_from.unrecognised,
        amount_goods=version.amount_goods,
        ship_from_city=None if version.ship_from is None else version.ship_from.city,
    )


def _moving(state: OrderState) -> tuple[str, ...]:
    """The parcels that move under digits that another parcel of the order has: one parcel, most
    likely, whose number was written in two ways. MOST_MOVING at most."""
    if len(state.parcels) < 2:
        return ()
    shared = Counter(digits_of(parcel.key) for parcel in state.parcels)
    moving = (
        parcel.key
        for parcel in state.parcels
        if shared[digits_of(parcel.key)] > 1 and any(life.progress for life in parcel.lives)
    )
    return tuple(sorted(moving)[:MOST_MOVING])
