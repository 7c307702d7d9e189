"""What is kept of a parcel: the facts of one tracking number.

`apply` adds facts, `apply_order_facts` what orders say; `replies` are what its orders must hear.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from streams.facts.facts import (
    NOT_ASKED,
    NOT_YET,
    STATUS_CODE,
    LinkedLife,
    OrderFacts,
    ParcelFacts,
    Place,
    TrackingFact,
)
from streams.facts.statuses import PROGRESS
from streams.facts.times import RETENTION, TOLERANCE, WINDOW
from streams.state.links import CANCELLED, ORDERED, UNKNOWN, Stretch, lead_of, lives, stretches
from streams.state.returns import turned_back, way_back
from streams.state.shop_lines import Meter
from streams.state.state import (
    Checkpoint,
    KnownOrder,
    Mark,
    OrderLink,
    ParcelState,
    Recipient,
    Sent,
    place_code,
)

_new_tuple = tuple.__new__
"""Half of what a call of the class takes, which checks its arguments."""
_NEVER = 1 << 62

_PLACED = frozenset(
    STATUS_CODE[name]
    for name in (
        "picked_up",
        "arrived_dest_city",
        "out_for_delivery",
        "ready_for_pickup",
        "delivered",
    )
)
"""Statuses whose place a rule asks for; of the others it is not kept."""

MOST_FACTS = 2_000
"""Facts and orders that one number may hold. A placeholder that everybody types would grow for
ever: what is past retention is forgotten first, then what is new is refused."""


Asking = Callable[[OrderFacts], Meter | None]
"""Gives what counts an order, where that asks more of its parcels than their first progress."""


class Outcome(NamedTuple):
    """What became of the facts: how many were new, how many came too late to count.

    `refused` has the positions of those for which the state has no room. `known_elsewhere` says
    that the parcel's orders know already all that the new ones could tell them.
    """

    new: int
    late: int
    refused: tuple[int, ...] = ()
    known_elsewhere: bool = False


class Told(NamedTuple):
    """An order's facts as a parcel reads them, and what stands for the versions they are of."""

    facts: OrderFacts
    mark: int


def apply(
    state: ParcelState, facts: Iterable[TrackingFact], now: int, asking: Asking | None = None
) -> Outcome:
    """Add facts in order of arrival; repeats change nothing. `now` (µs) is their arrival."""
    new = late = 0
    refused: tuple[int, ...] = ()
    named = False
    earliest = _NEVER
    for number, fact in enumerate(facts):
        at, digest, status = fact.at, fact.digest, fact.status
        if at < state.newest - RETENTION:
            late += 1
            continue
        if state.voided and (at, digest) in state.voided:
            continue
        # An unknown links nothing; with a recipient it still says for which orders it says it.
        names = bool(fact.order_ids) and (status != UNKNOWN or fact.recipient is not None)
        records = state.records
        place = len(records)
        known = False
        if records and at <= records[-1].at:
            place = bisect_left(records, (at, digest))
            known = place < len(records) and records[place][:2] == (at, digest)
        if names and not known:
            known = any(old.at == at and old.digest == digest for old in state.named)
        if known and not fact.voided:
            if _say_more(state, fact, names=names):
                named = named or names
                new += 1
            continue
        if not known and _weight(state) + len(fact.order_ids) >= MOST_FACTS:
            _forget_old(state)
            named = True
            if _weight(state) + len(fact.order_ids) >= MOST_FACTS:
                refused += (number,)
                continue
            place = bisect_left(records := state.records, (at, digest))
        new += 1
        if fact.voided:
            _void(state, (at, digest))
            # A crash may have taken what was sent of the fact: its orders hear that it is void.
            _know_orders(state, fact)
            named = True
            continue
        if names:
            _add_named(state, fact)
            named = True
        if not names or (status != ORDERED and status != CANCELLED):
            records.insert(
                place,
                _new_tuple(
                    Checkpoint,
                    (
                        at,
                        digest,
                        status,
                        fact.partition,
                        fact.offset,
                        fact.node,
                        fact.spot,
                        place_code(fact.location) if status in _PLACED else 0,
                        0 if names or fact.recipient is None else _recipient(state, fact.recipient),
                    ),
                ),
            )
            _say_more(state, fact, names=False)
        if at < earliest:
            earliest = at
        if at > state.newest:
            state.newest = at
    if new:
        state.touched = max(state.touched, now)
    known_elsewhere = bool(new) and not named and _known_elsewhere(state, earliest, asking)
    return Outcome(new, late, refused, known_elsewhere)


def apply_order_facts(state: ParcelState, orders: Iterable[OrderFacts], now: int) -> bool:
    """Take over what orders say of themselves, in the order in which they say it."""
    changed = False
    for facts in orders:
        for known in state.orders:
            if known.order_id == facts.order_id:
                if facts != known.facts:
                    known.facts, known.mark = facts, 0
                    changed = True
                break
    if changed:
        state.touched = max(state.touched, now)
    return changed


def read_orders(state: ParcelState, told_by: Callable[[str], Told | None]) -> None:
    """Take the facts of orders that were asked for nothing yet from where they can be read."""
    for known in state.orders:
        if known.facts is None and known.last_sent is None:
            found = told_by(known.order_id)
            if found is not None:
                known.facts, known.mark = found


def goes_on_as(records: Sequence[Checkpoint], following: Sequence[tuple[Mark, str]]) -> str | None:
    """The key that the last hand-over among the records names; `following` is what all name."""
    if not following:
        return None
    marks = {record[:2] for record in records}
    last = max((each for each in following if each[0] in marks), default=None)
    return None if last is None else last[1]


def resend_all(state: ParcelState, reading: int) -> None:
    """Forget what was sent to orders, once in the backlog of each assignment (`reading`, not 0).

    A crash may have taken a newer state: one that sent orders other things, of facts that are now
    read again in another order. What they heard last must be said again, whatever it was.
    """
    if state.reading != reading:
        state.reading = reading
        for known in state.orders:
            known.last_sent = None


def replies(
    state: ParcelState, *, backlog: bool = False, asking: Asking | None = None
) -> list[tuple[bytes, ParcelFacts]]:
    """What orders must hear, each with its key: their links, and the first progress that matters.

    An order hears again only when its links or that progress changed; the message then carries
    all progress, so that the order is right for any base time it may learn of later. In a `backlog`
    one that is not linked hears so, in case it has heard otherwise. By `asking` some also hear of
    further progress and of the delivery.
    """
    if not state.orders:
        return []
    sent: dict[str, list[Sent]] = {}
    whole: dict[str, list[LinkedLife]] = {}
    known_orders = {known.order_id: known for known in state.orders}
    records: Sequence[Checkpoint]
    for records, named in lives(state.records, state.named):
        if not named:
            continue
        linked = stretches(named)
        if way_back(records) is not None:
            lead = lead_of(linked, {known.order_id: known.facts for known in state.orders})
            if lead is not None:
                lead_facts = known_orders[lead.order_id].facts
                records = turned_back(records, lead_facts, lead.uploaded_at)
        progress = tuple(
            dict.fromkeys([record.at for record in records if record.status in PROGRESS])
        )
        last_release = _last_release(linked, known_orders)
        for stretch in linked:
            order_id, at, released = stretch.order_id, stretch.uploaded_at, stretch.released_at
            is_judged = released is None or released == last_release
            facts = known_orders[order_id].facts
            meter = _asked_by(facts, asking)
            received = NOT_ASKED
            if meter is None or facts is None or facts.base is None:
                mattering = _mattering(progress, facts)
            else:
                earliest = facts.base - TOLERANCE
                later = tuple([at for at in progress if at >= earliest])
                received = _received(records, earliest, meter.received)
                mattering = (*later[: meter.valid_scans], NOT_ASKED - received)
            sent.setdefault(order_id, []).append((at, released, mattering, is_judged))
            whole.setdefault(order_id, []).append(
                LinkedLife(at, released, progress, is_judged, received)
            )
    messages = []
    for known in state.orders:
        order_id = known.order_id
        now_sent = tuple(sent.get(order_id, ()))
        if now_sent == known.last_sent or (
            known.last_sent is None and not now_sent and not backlog
        ):
            continue
        known.last_sent = now_sent
        message = ParcelFacts(
            state.key,
            order_id,
            tuple(whole.get(order_id, ())),
            asks=known.facts is None,
            knows=known.mark,
        )
        messages.append((order_id.encode(), message))
    return messages


def _known_elsewhere(state: ParcelState, earliest: int, asking: Asking | None) -> bool:
    """Whether records from `earliest` on are no news to any order: all know earlier progress."""
    for order in state.orders:
        sent = order.last_sent
        if sent is None or len(sent) != 1:
            return False
        mattering = sent[0][2]
        meter = _asked_by(order.facts, asking)
        if meter is not None:
            if not _all_said(mattering, meter, earliest):
                return False
        elif len(mattering) != 1 or mattering[0] > earliest:
            return False
        if order.facts is not None and order.facts.known and order.facts.base is None:
            return False
    first = min(
        state.records[0].at if state.records else earliest,
        state.named[0].at if state.named else earliest,
    )
    return state.newest - first <= WINDOW


def _asked_by(facts: OrderFacts | None, asking: Asking | None) -> Meter | None:
    """What counts an order, where its parcels must tell it more; None: they need not."""
    if asking is None or facts is None or not facts.known or facts.base is None:
        return None
    return asking(facts)


def _all_said(mattering: tuple[int, ...], meter: Meter, earliest: int) -> bool:
    """Whether records from `earliest` on change nothing of what an order was sent that asks for
    scans and delivery; the latter stands last, below zero."""
    return (
        len(mattering) == meter.valid_scans + 1
        and mattering[-2] <= earliest
        and NOT_YET < NOT_ASKED - mattering[-1] <= earliest
    )


def _received(records: Sequence[Checkpoint], earliest: int, statuses: frozenset[int]) -> int:
    """The first record at or after `earliest` (µs) with one of `statuses`, else NOT_YET."""
    for record in records:
        if record.status in statuses and record.at >= earliest:
            return record.at
    return NOT_YET


def _mattering(progress: tuple[int, ...], facts: OrderFacts | None) -> tuple[int, ...]:
    """The part of `progress` whose change the order must hear of."""
    if facts is None or not facts.known:
        return progress[:1]
    if facts.base is None:
        return progress
    earliest = facts.base - TOLERANCE
    for at in progress:
        if at >= earliest:
            return (at,)
    return ()


def _weight(state: ParcelState) -> int:
    return len(state.records) + len(state.named) + len(state.orders) + len(state.voided)


def _say_more(state: ParcelState, fact: TrackingFact, *, names: bool) -> bool:
    """Take over what a fact says beside what identifies it; whether that was news.

    Of equal facts that say it differently: it is estimated if any says so; of names the least.
    """
    mark = (fact.at, fact.digest)
    news = False
    if fact.estimated and mark not in state.estimated:
        state.estimated.append(mark)
        news = True
    if fact.next is not None:
        news = _least(state.next, mark, fact.next) or news
    postal_code = None if fact.location is None else fact.location.postal_code
    if postal_code and fact.status in _PLACED:
        news = _least(state.postal_codes, mark, postal_code) or news
    if names:
        for place, old in enumerate(state.named):
            if (old.at, old.digest) == mark:
                platform = _lesser(old.platform, fact.platform)
                shop_id = _lesser(old.shop_id, fact.shop_id)
                if (platform, shop_id) != (old.platform, old.shop_id):
                    state.named[place] = replace(old, platform=platform, shop_id=shop_id)
                    news = True
    return news


def _least(said: list[tuple[Mark, str]], mark: Mark, text: str) -> bool:
    """Keep the least text that is said of a fact; whether this is a new one."""
    for place, (known, old) in enumerate(said):
        if known == mark:
            if text < old:
                said[place] = (mark, text)
                return True
            return False
    said.append((mark, text))
    return True


def _lesser(a: str | None, b: str | None) -> str | None:
    if a is None or b is None:
        return a if b is None else b
    return min(a, b)


def _void(state: ParcelState, mark: Mark) -> None:
    """Take a fact back, whether it has come or not. What it made known of orders is kept: they
    hear that it no longer stands."""
    state.voided.append(mark)
    state.records = [each for each in state.records if each[:2] != mark]
    state.named = [each for each in state.named if (each.at, each.digest) != mark]
    _forget_marks(state)


def _forget_marks(state: ParcelState) -> None:
    """Drop what is said of records that are no longer there."""
    kept = {record[:2] for record in state.records}
    kept.update((fact.at, fact.digest) for fact in state.named)
    state.estimated = [mark for mark in state.estimated if mark in kept]
    state.next = [each for each in state.next if each[0] in kept]
    state.postal_codes = [each for each in state.postal_codes if each[0] in kept]


def _add_named(state: ParcelState, fact: TrackingFact) -> None:
    named = OrderLink(
        fact.at,
        fact.digest,
        fact.status,
        fact.order_ids,
        fact.platform,
        fact.shop_id,
        fact.tie,
        fact.partition,
        fact.offset,
        0 if fact.recipient is None else _recipient(state, fact.recipient),
    )
    insort(state.named, named, key=named_order)
    _know_orders(state, fact)


def _know_orders(state: ParcelState, fact: TrackingFact) -> None:
    if fact.order_ids and fact.status != UNKNOWN:
        known = {order.order_id for order in state.orders}
        state.orders.extend(KnownOrder(order) for order in fact.order_ids if order not in known)


def _recipient(state: ParcelState, place: Place) -> int:
    """The recipient's place in the state's list, counted from 1."""
    recipient = Recipient(place_code(place), place.address_key, place.postal_code)
    known = state.recipients
    for number, other in enumerate(known, start=1):
        if other == recipient:
            return number
    known.append(recipient)
    return len(known)


def _last_release(linked: list[Stretch], known: dict[str, KnownOrder]) -> int | None:
    """When the orders that the parcel is judged for were released, None while one is linked."""
    last: int | None = None
    for stretch in linked:
        facts = known[stretch.order_id].facts
        if facts is None or facts.express:
            if stretch.released_at is None:
                return None
            last = max(last or 0, stretch.released_at)
    return last


def named_order(named: OrderLink) -> tuple[int, str, int]:
    return named.at, named.tie, named.digest


def _forget_old(state: ParcelState) -> None:
    """Drop facts past retention, and what was published of them: it stays as it was published."""
    oldest = state.newest - RETENTION
    state.records = [record for record in state.records if record.at >= oldest]
    state.named = [fact for fact in state.named if fact.at >= oldest]
    state.voided = [mark for mark in state.voided if mark[0] >= oldest]
    _forget_marks(state)
    naming = {
        order_id for fact in state.named if fact.status != UNKNOWN for order_id in fact.order_ids
    }
    state.orders = [order for order in state.orders if order.order_id in naming]
    state.published = [entry for entry in state.published if entry.finding.anchor >= oldest]
    state.shadow = [entry for entry in state.shadow if entry.finding.anchor >= oldest]
