"""What rules look at: one life of a parcel with its orders, or one order with its parcels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple

from streams.facts.facts import STATUSES, LinkedLife, OrderFacts, OrderVersion, Place
from streams.facts.statuses import (
    NOT_RECORDS,
    ORDERS_TOPIC,
    PICKED_UP,
    STOPPING,
    TRACKING_TOPIC,
)
from streams.facts.times import TOLERANCE
from streams.rules.canonical import canonical
from streams.rules.terms import Terms
from streams.state.links import Stretch, judged, stretches
from streams.state.returns import turned_back
from streams.state.state import (
    Advice,
    Checkpoint,
    Claim,
    LinkedParcel,
    Mark,
    OrderLink,
    OrderState,
    Proof,
    Recipient,
    city_in,
    province_in,
)
from streams.state.versions import (
    accepted_recipients,
    base_time,
    closed_since,
    entry_at,
    recipient_at,
)

PROVINCE_KNOWN = 10_000
"""A `place_code` of at least this knows its province."""

_TERMS = Terms()


class Said(NamedTuple):
    """The newest fact that says for whom the parcel is, as far as one order is concerned."""

    at: int
    tie: str
    recipient: Recipient
    proof: Proof


class LinkedOrder:
    """One order of a parcel: its upload, its end, and what is known of it.

    The profile that judges it is its `platform`'s of the moment `dated` (µs): its payment, of an
    unknown order its upload. `terms` are those of that profile, which the judge puts here.
    """

    __slots__ = (
        "dated",
        "ended_at",
        "facts",
        "order_id",
        "platform",
        "recipient",
        "released_at",
        "shop_id",
        "terms",
        "upload",
        "uploaded_at",
    )

    def __init__(self, stretch: Stretch, facts: OrderFacts | None) -> None:
        self.order_id = stretch.order_id
        self.uploaded_at = stretch.uploaded_at
        self.released_at = stretch.released_at
        self.upload = stretch.upload
        self.facts = facts
        closed_at = None if facts is None else facts.closed_at
        self.ended_at = _earlier(stretch.released_at, closed_at)
        if facts is not None and facts.known:
            self.platform: str = facts.platform
            self.shop_id = facts.shop_id
            self.dated = facts.paid_at
        else:
            self.platform = stretch.first.platform or ""
            self.shop_id = stretch.first.shop_id
            self.dated = stretch.uploaded_at
        self.recipient = None if facts is None else recipient_at(facts, stretch.uploaded_at)
        self.terms = _TERMS

    @property
    def closed_at(self) -> int | None:
        """Since when the order is closed, None while it is open or unknown."""
        return None if self.facts is None else self.facts.closed_at

    def accepted(self) -> list[Place]:
        """Whom the parcel may be for."""
        facts = self.facts
        return [] if facts is None else accepted_recipients(facts, self.uploaded_at)

    def proof(self) -> Proof:
        """The fact that linked this order, as evidence."""
        return (proof_of_named(self.upload),)

    def recipient_proof(self) -> Proof:
        """The order's version that says to whom it goes, as evidence."""
        facts = self.facts
        return () if facts is None else _version(facts, entry_at(facts, self.uploaded_at))

    def payment_proof(self) -> Proof:
        """The order's newest version, which says when it was paid, as evidence."""
        return () if self.facts is None else _version(self.facts, -1)


class ParcelLife:
    """One life of a parcel: its records in order of time, its orders, its end and its stop.

    `linked` are all orders linked in this life now or before, by upload and order id; `orders`
    those it is judged for: the ones linked now, or where none is any more, those released last.
    `recipients` is what the numbers in `Checkpoint` and `OrderLink` stand for. `claims` is what was
    heard of the tracks of all lives of the number. `began_at` is the time of the first record.
    `estimated` are records whose time is a guess, `postal_codes` where others were made.
    `said` is what `whereabouts` found out for every order at once.
    """

    __slots__ = (
        "began_at",
        "claims",
        "ended_at",
        "estimated",
        "firsts",
        "key",
        "lead",
        "linked",
        "named",
        "orders",
        "postal_codes",
        "recipients",
        "records",
        "said",
        "stopped_at",
    )

    def __init__(
        self,
        key: str,
        records: Sequence[Checkpoint],
        named: Sequence[OrderLink],
        known: Mapping[str, OrderFacts | None],
        recipients: Sequence[Recipient] = (),
        claims: Sequence[Claim] = (),
        estimated: Collection[Mark] = (),
        postal_codes: Iterable[tuple[Mark, str]] = (),
    ) -> None:
        self.key = key
        self.records = records
        self.named = named
        self.recipients = recipients
        self.claims = claims
        self.estimated = estimated
        self.postal_codes = dict(postal_codes)
        self.linked: list[LinkedOrder] = []
        for stretch in stretches(named):
            facts = known.get(stretch.order_id)
            if facts is None or facts.express:
                self.linked.append(LinkedOrder(stretch, facts))
        if len(self.linked) > 1:
            self.linked.sort(key=by_upload)
        self.orders = judged(self.linked)
        if not self.orders:
            return
        self.lead = self.orders[0]
        self.records = records = turned_back(records, self.lead.facts, self.lead.uploaded_at)
        if len(self.orders) == 1:
            self.ended_at = self.lead.ended_at
        else:
            ends = [order.ended_at for order in self.orders]
            self.ended_at = None if None in ends else max(end for end in ends if end is not None)
        self.said: dict[str, Said] | None = None
        firsts: list[int | None] = [None] * len(STATUSES)
        for record in reversed(records):
            firsts[record.status] = record.at
        self.firsts = firsts
        self.began_at: int | None = None
        for record in records:
            if record.status not in NOT_RECORDS:
                self.began_at = record.at
                break
        stopped = self.ended_at
        for status in STOPPING:
            at = firsts[status]
            if at is not None and (stopped is None or at < stopped):
                stopped = at
        self.stopped_at = stopped

    def first(self, statuses: frozenset[int], since: int = 0) -> Checkpoint | None:
        """The earliest record at or after `since` with one of `statuses`."""
        for record in self.records:
            if record.at >= since and record.status in statuses:
                return record
        return None

    def first_after(self, moment: int) -> Checkpoint | None:
        """The earliest record of any status strictly after `moment`."""
        for record in self.records:
            if record.at > moment and record.status not in NOT_RECORDS:
                return record
        return None

    def first_exact(self, statuses: frozenset[int] | None = None) -> Checkpoint | None:
        """The earliest record whose time is no guess, of `statuses`; None: of any status."""
        for record in self.records:
            if (
                record.status not in NOT_RECORDS
                and (statuses is None or record.status in statuses)
                and record[:2] not in self.estimated
            ):
                return record
        return None

    def origin(self) -> int | None:
        """The province of the earliest pickup that has one, else of the lead order's sender."""
        return self.origin_place()[0]

    def origin_place(self) -> tuple[int | None, int | None]:
        """Province and city of the earliest pickup that has a province, else of the lead order's
        sender."""
        if self.firsts[PICKED_UP] is not None:
            found: Checkpoint | None = None
            for record in self.records:
                if found is not None and record.at != found.at:
                    break
                if record.status == PICKED_UP and record.place >= PROVINCE_KNOWN:
                    found = record if found is None else min(found, record, key=canonical)
            if found is not None:
                return province_in(found.place), city_in(found.place)
        facts = self.lead.facts
        if facts is None or facts.ship_from is None:
            return None, None
        city = facts.ship_from_city
        return int(facts.ship_from), None if city is None else int(city)

    def destination(self, order: LinkedOrder | None = None) -> int | None:
        """The province of an order's recipient for this parcel; None: of the lead order's."""
        recipient = (order or self.lead).recipient
        return None if recipient is None or recipient.province is None else int(recipient.province)

    def unrecognised_sides(self) -> Advice:
        """The sides of the lead order's lane whose province is not known, with what was sent."""
        facts, recipient = self.lead.facts, self.lead.recipient
        advice: list[tuple[str, str]] = []
        if self.origin() is None:
            advice.append(("origin_unknown", (facts and facts.origin_unrecognised) or ""))
        if self.destination() is None:
            advice.append(("destination_unknown", (recipient and recipient.unrecognised) or ""))
        return tuple(advice)

    def lane(self, order: LinkedOrder | None = None) -> str | None:
        """The lane to an order's recipient (None: the lead order's) as its profile has it: near,
        cross_province, remote or unknown; None where the profile does not judge it."""
        order = order or self.lead
        return order.terms.lanes.between(self.origin(), self.destination(order))


class OrderSnapshot:
    """An order as known now, with the lives of parcels: those linked to it now, and all that ever
    were (`uses`). The profile that judges it is its platform's of the moment of its payment.

    `promise` (µs) is when it is due: its own promise, else its base and what `terms` give; None
    where its base is not known, or nothing is promised. `parcels` is how many it takes.
    """

    __slots__ = ("base", "closed_at", "lives", "parcels", "promise", "uses", "version")

    def __init__(self, state: OrderState, version: OrderVersion, terms: Terms = _TERMS) -> None:
        self.version = version
        self.base = base = base_time(version)
        promised = version.promised_ship_by
        if promised is None and base is not None:
            promised = terms.due(base)
        self.promise = None if base is None else promised
        self.parcels = max(version.parcels_expected or 1, 1)
        self.closed_at = closed_since(state.versions)
        self.uses: list[tuple[LinkedParcel, LinkedLife]] = [
            (parcel, life) for parcel in state.parcels for life in parcel.lives
        ]
        self.lives = [use for use in self.uses if use[1].released_at is None]

    def sent_at(self, by: Literal["progress", "upload"] = "progress") -> int | None:
        """When the order was sent (µs): with as many parcels as it takes, each by its first
        progress after the payment, but for skew, or by its upload; None: not yet."""
        moments: list[int] = []
        for _, life in self.lives:
            if by == "upload":
                moments.append(life.uploaded_at)
            elif self.base is not None:
                earliest = self.base - TOLERANCE
                moments += islice((at for at in life.progress if at >= earliest), 1)
        return self._whole(moments)

    def received_at(self) -> int | None:
        """When as many parcels as the order takes had arrived (µs), where its profile's lines ask
        for that; None: not yet."""
        return self._whole([life.received_at for _, life in self.lives if life.received_at > 0])

    def _whole(self, moments: list[int]) -> int | None:
        if len(moments) < self.parcels:
            return None
        return min(moments) if self.parcels == 1 else sorted(moments)[self.parcels - 1]

    def moves(self) -> bool:
        """Whether a parcel linked now has progress after the payment, but for skew."""
        if self.base is None:
            return False
        earliest = self.base - TOLERANCE
        return any(life.progress and life.progress[-1] >= earliest for _, life in self.lives)

    def proof(self) -> Proof:
        """The newest version of the order, as evidence."""
        version = self.version
        return ((ORDERS_TOPIC, version.partition, version.offset, "paid", version.updated_at),)


def proof_of(record: Checkpoint) -> tuple[str, int, int, str, int]:
    """A record of the track, as evidence."""
    return (TRACKING_TOPIC, record.partition, record.offset, STATUSES[record.status], record.at)


def proof_of_named(fact: OrderLink) -> tuple[str, int, int, str, int]:
    """An upload or release, as evidence."""
    return (TRACKING_TOPIC, fact.partition, fact.offset, STATUSES[fact.status], fact.at)


def _version(facts: OrderFacts, number: int) -> Proof:
    """A version of the order, as evidence; none where an older release told of the order."""
    if not facts.sources:
        return ()
    partition, offset, updated_at = facts.sources[number]
    return ((ORDERS_TOPIC, partition, offset, "paid", updated_at),)


def by_upload(order: LinkedOrder) -> tuple[int, str]:
    """Orders of a parcel in order of their uploads; at one instant by order id."""
    return order.uploaded_at, order.order_id


def _earlier(a: int | None, b: int | None) -> int | None:
    if a is None:
        return b
    return a if b is None or a < b else b
