"""The facts that orders and parcels are judged by: what one message says, as compact values.

All times are integer microseconds since the epoch in UTC. Places are GB/T 2260 codes as text
("44" for a province, "4403" for a city), or None where unknown. The structs are encoded as
msgpack arrays: fields are only ever appended, with a default.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

STATUSES = (
    "ordered",
    "picked_up",
    "hub",
    "in_transit",
    "arrived_dest_city",
    "out_for_delivery",
    "ready_for_pickup",
    "delivered",
    "attempt_failed",
    "exception",
    "returning",
    "returned",
    "cancelled",
    "customs",
    "unknown",
    "handed_over",
)
"""The canonical statuses; a fact stores the index into this tuple: only ever append to it."""

STATUS_CODE = {name: code for code, name in enumerate(STATUSES)}

DELIVERY_METHODS = ("express", "self_delivery", "self_pickup", "virtual", "other")
"""How an order is delivered; "other" stands for whatever the contract does not list."""
PRESALES = ("none", "full", "deposit")

LATEST = 221_845_392_000_000_000
"""The beginning of the year 9000 in µs: a limit's length after it there is still a calendar."""

Instant = Annotated[int, msgspec.Meta(ge=0, le=LATEST)]
"""A moment at which something happened (µs)."""

LATEST_PROMISE = 253_402_387_200_000_000
Promise = Annotated[int, msgspec.Meta(ge=0, le=LATEST_PROMISE)]
"""A moment that was promised (µs): the last that a message can say is 9999-12-31, anywhere."""

Text = Annotated[str, msgspec.Meta(max_length=32_768)]
"""What an id, a name or a code can be: their normal form may be longer than what was sent."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=32_768)]
"""A text without which nobody knows whom a message is about."""

Many = msgspec.Meta(max_length=2_000)
"""Facts, orders or parcels that one message can tell of: more than that no state holds."""

Offset = Annotated[int, msgspec.Meta(ge=-1, le=(1 << 63) - 1)]
"""A partition or an offset, -1 where none is known."""

PlaceCode = Annotated[int, msgspec.Meta(ge=0, le=999_999)]
"""A province's two digits and a city's four; zeros: unknown."""

Signature = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
"""Stands for a track."""

Whole = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class Place(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A recipient or sender: place codes and the producer's opaque hashes, never plain data.

    `postal_code` is as sent, its first `POSTAL_LENGTH` characters. `unrecognised` is what was sent
    for a place whose province is not known, as far as `SHOWN_LENGTH` and if it holds no digit: a
    name to be corrected, and no address.
    """

    province: Text | None = None
    city: Text | None = None
    address_key: Text | None = None
    person_key: Text | None = None
    postal_code: Text | None = None
    unrecognised: Text | None = None


SHOWN_LENGTH = 12
"""Characters of a place name that no table knows which are kept to be shown."""

POSTAL_LENGTH = 5
"""Of a postal code as much as a platform compares, and no more: the rest can tell a house."""

STATED = (
    "platform",
    "shop_id",
    "paid_at",
    "final_paid_at",
    "promised_ship_by",
    "delivery_method",
    "presale",
    "closed",
    "recipient",
    "ship_from",
    "amount_paid",
    "currency",
    "items",
    "via",
    "refund_requested_at",
    "promised_delivery_by",
    "parcels_expected",
    "paid_estimated",
    "amount_goods",
)
"""What a version of an order can state: the bits of `OrderVersion.stated`; only ever append."""

STATED_BITS = {name: 1 << bit for bit, name in enumerate(STATED)}


class OrderVersion(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One version of an order as its producer knew it at `updated_at`.

    `canonical` is the canonical JSON of the contract's fields as sent (sorted keys, no blanks, an
    absent field as null): it breaks ties between versions of one `updated_at` and tells repeats.

    A full version states every field. One that is `partial` states those whose bits (`STATED_BITS`)
    are
    in `stated`; the others have no meaning in it. A tombstone is a partial one that states `closed`
    alone, and has `known` False. `parcels_expected` is how many parcels the order takes, None or
    below 1: one. `paid_estimated`: the payment's time is a date, or an export's. `amount_goods` is
    the part of `amount_paid` that is for the goods, without postage.
    """

    order_id: str
    updated_at: int
    canonical: str
    known: bool = True
    platform: str = ""
    shop_id: str | None = None
    paid_at: int = 0
    final_paid_at: int | None = None
    promised_ship_by: int | None = None
    delivery_method: int = 0
    presale: int = 0
    closed: bool = False
    recipient: Place | None = None
    ship_from: Place | None = None
    amount_paid: int | None = None
    currency: str | None = None
    items: tuple[tuple[str | None, str | None, int | None], ...] = ()
    partition: int = -1
    offset: int = -1
    partial: bool = False
    stated: int = 0
    via: Place | None = None
    refund_requested_at: int | None = None
    promised_delivery_by: int | None = None
    parcels_expected: int | None = None
    paid_estimated: bool = False
    amount_goods: int | None = None


class TrackingFact(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One checkpoint, upload or release of one parcel, without its free text.

    `digest` is a 64-bit hash of everything that makes two records the same fact. `order_ids` is
    sorted and without repeats. `node` is a 32-bit hash of status, location and description as sent
    (the same node again), `spot` one of the location as sent. `recipient` is None where the message
    says nothing of one. `tie`, kept for facts that name orders, is their canonical JSON without
    the description (free text can hold personal data and never enters state).

    `voided`: the message takes back the fact that is equal to it, and says nothing else.
    `estimated`: its time is a date, or an export's. `next` is the parcel's key from here on, as far
    as the message names it (":NUMBER" where it names no carrier, "carrier:" no number).
    """

    key: str
    at: int
    status: int
    digest: int
    order_ids: tuple[str, ...] = ()
    platform: str | None = None
    shop_id: str | None = None
    location: Place | None = None
    recipient: Place | None = None
    node: int = 0
    tie: str = ""
    partition: int = -1
    offset: int = -1
    spot: int = 0
    voided: bool = False
    estimated: bool = False
    next: str | None = None


class OrderFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an order tells each parcel linked to it, whole: the last word stands.

    `recipients` is the timeline of the recipient as (from `updated_at`, place), the first entry
    being the earliest version's. `sources` says where each of its entries was read, and last where
    the newest version was: (partition, offset, `updated_at`). `vias` are all transit warehouses
    that were ever named. `paid_estimated` speaks of the base time. `moving` are its parcels that
    move under digits which another of its parcels has too; `origin_unrecognised` is what a `Place`
    says of the sender's.
    """

    order_id: Id
    known: bool
    express: bool = True
    platform: Text = ""
    shop_id: Text | None = None
    paid_at: Instant = 0
    base: Instant | None = None
    promised_ship_by: Promise | None = None
    closed_at: Instant | None = None
    ship_from: Text | None = None
    recipients: Annotated[tuple[tuple[Instant, Place | None], ...], Many] = ()
    amount_paid: Whole | None = None
    currency: Text | None = None
    sources: Annotated[tuple[tuple[Offset, Offset, Instant], ...], Many] = ()
    vias: Annotated[tuple[Place, ...], Many] = ()
    refund_requested_at: Instant | None = None
    promised_delivery_by: Promise | None = None
    paid_estimated: bool = False
    moving: Annotated[tuple[Id, ...], Many] = ()
    origin_unrecognised: Text | None = None
    amount_goods: Whole | None = None
    ship_from_city: Text | None = None


NOT_ASKED = -1
"""In place of a moment: nobody asks for it, or a release told it that did not know the question."""

NOT_YET = 0
"""In place of a moment: it has not come."""


class LinkedLife(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One life of a parcel as one of its orders sees it: the last stretch of the link.

    `progress` holds the distinct times of progress records of that life, ascending. `judged` says
    that the order is one of the parcel's orders: linked now, or, where none is, released last.
    `received_at` is the first of the statuses by which the order's profile counts it as delivered,
    after its base, where the profile's lines ask for it: else NOT_ASKED.
    """

    uploaded_at: Instant
    released_at: Instant | None
    progress: Annotated[tuple[Instant, ...], Many]
    judged: bool = True
    received_at: Annotated[int, msgspec.Meta(ge=NOT_ASKED, le=LATEST)] = NOT_ASKED


class TrackFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a parcel tells the track that it claims as its own, whole: the last word stands.

    `signature` stands for the track. `uploaded_at` is the earliest upload of the parcel's orders,
    `place` (as `place_code` gives it) and `address` (a hash) where the lead order's recipient is.
    `uploaded_at` None: the parcel has no such track.
    """

    signature: Signature
    key: Id
    uploaded_at: Instant | None = None
    place: PlaceCode = 0
    address: Whole | None = None


class CloneFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a track tells a parcel that claims it, where others claim it too: the last word stands.

    `since` is the earliest upload of another parcel with this track and another recipient, None
    where there is none. The rest is the parcel's claim as the track heard it: whoever did not say
    so, or says otherwise by now, says it again.
    """

    signature: Signature
    since: Instant | None
    uploaded_at: Instant
    place: PlaceCode
    address: Whole | None


class ParcelFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a parcel tells each order that it names, whole: the last word stands.

    `asks` says that the parcel knows nothing of the order yet and wants its facts. `knows` is the
    mark of the order's versions of which it has read the facts itself, 0: it has read none.
    """

    key: Id
    order_id: Id
    lives: Annotated[tuple[LinkedLife, ...], Many]
    asks: bool = False
    knows: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] = 0


class StockFact(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """How many pieces of a product there were at a moment: one level of its stock."""

    platform: Text
    shop_id: Id
    product_id: Id
    at: Instant
    available: Whole


MOST_PIECES = 1_000_000_000
"""Pieces of one product that one order counts for at most: sums stay far below 64 bits."""

Pieces = Annotated[int, msgspec.Meta(ge=0, le=MOST_PIECES)]


class OwedFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an order is still to be sent of a product, whole: the last word stands.

    `pieces` 0: nothing (any more). `paid_at` and `promise` are the order's first payment and its
    ship-by time, None where it has none.
    """

    order_id: Id
    platform: Text
    shop_id: Id
    product_id: Id
    pieces: Pieces = 0
    paid_at: Instant = 0
    promise: Promise | None = None
