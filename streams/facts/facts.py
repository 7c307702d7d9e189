"""The facts that orders and parcels are judged by: what one message says, as compact values.

All times are integer microseconds since the epoch in UTC. Places are GB/T 2260 codes as text
("44" for a province, "4403" for a city), or None where unknown. The structs are encoded as
msgpack arrays: fields are only ever appended, with a default.
"""

from __future__ import annotations

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
)
"""The canonical statuses; a fact stores the index into this tuple: only ever append to it."""

STATUS_CODE = {name: code for code, name in enumerate(STATUSES)}

DELIVERY_METHODS = ("express", "self_delivery", "self_pickup", "virtual")
PRESALES = ("none", "full", "deposit")


class Place(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A recipient or sender: place codes and the producer's opaque hashes, never plain data."""

    province: str | None = None
    city: str | None = None
    address_key: str | None = None
    person_key: str | None = None


class OrderVersion(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One version of an order as its producer knew it at `updated_at`.

    `canonical` is the canonical JSON of the contract's fields as sent (sorted keys, no blanks,
    nulls left out): it breaks ties between versions of one `updated_at` and tells repeats.
    A tombstone is a closed version with `known` False.
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


class TrackingFact(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One checkpoint, upload or release of one parcel, without its free text.

    `digest` is a 64-bit hash of everything that makes two records the same fact. `order_ids` is
    sorted and without repeats. `node` is a 32-bit hash of status, location and description as sent
    (the same node again), `spot` one of the location as sent. `recipient` is None where the message
    says nothing of one. `tie`, kept for facts that name orders, is their canonical JSON without
    the description (free text can hold personal data and never enters state).
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


class OrderFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an order tells each parcel linked to it, whole: the last word stands.

    `recipients` is the timeline of the recipient as (from `updated_at`, place), the first entry
    being the earliest version's. `sources` says where each of its entries was read, and last where
    the newest version was: (partition, offset, `updated_at`).
    """

    order_id: str
    known: bool
    express: bool = True
    platform: str = ""
    shop_id: str | None = None
    paid_at: int = 0
    base: int | None = None
    promised_ship_by: int | None = None
    closed_at: int | None = None
    ship_from: str | None = None
    recipients: tuple[tuple[int, Place | None], ...] = ()
    amount_paid: int | None = None
    currency: str | None = None
    sources: tuple[tuple[int, int, int], ...] = ()


class LinkedLife(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One life of a parcel as one of its orders sees it: the last stretch of the link.

    `progress` holds the distinct times of progress records of that life, ascending. `judged` says
    that the order is one of the parcel's orders: linked now, or, where none is, released last.
    """

    uploaded_at: int
    released_at: int | None
    progress: tuple[int, ...]
    judged: bool = True


class TrackFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a parcel tells the track that it claims as its own, whole: the last word stands.

    `signature` stands for the track. `uploaded_at` is the earliest upload of the parcel's orders,
    `place` (as `place_code` gives it) and `address` (a hash) where the lead order's recipient is.
    `uploaded_at` None: the parcel has no such track.
    """

    signature: bytes
    key: str
    uploaded_at: int | None = None
    place: int = 0
    address: int | None = None


class CloneFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a track tells a parcel that claims it, where others claim it too: the last word stands.

    `since` is the earliest upload of another parcel with this track and another recipient, None
    where there is none. The rest is the parcel's claim as the track heard it: whoever did not say
    so, or says otherwise by now, says it again.
    """

    signature: bytes
    since: int | None
    uploaded_at: int
    place: int
    address: int | None


class ParcelFacts(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a parcel tells each order that it names, whole: the last word stands.

    `asks` says that the parcel knows nothing of the order yet and wants its facts.
    """

    key: str
    order_id: str
    lives: tuple[LinkedLife, ...]
    asks: bool = False
