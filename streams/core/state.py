"""The states that the two tables hold: sets of facts, and what was last published of them.

A state is a msgpack array behind one version byte. Fields are only appended, with a default;
a change of another kind takes a new version byte and a migration in `decode`.
"""

from __future__ import annotations

import msgspec

from streams.core.facts import LinkedLife, OrderFacts, OrderVersion, ParcelFacts

VERSION = b"\x01"

Record = tuple[int, int, int, int, int]
"""One checkpoint: (occurred_at, digest, status, partition, offset); the first two identify it."""


class Finding(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One warning's content: everything that makes a new revision when it changes. Times in µs."""

    rule: str
    stage: str
    severity: str
    profile: str
    platform: str
    shop_id: str | None
    order_ids: tuple[str, ...]
    parcel: str | None
    anchor: int
    state: str
    opened_at: int
    deadline: int | None
    breached_at: int | None
    resolved_at: int | None
    limit: int | None = None
    lane: str | None = None
    exposure: str = "strike"


Proof = tuple[tuple[str, int, int, str, int], ...]
"""The records that prove a finding: (topic, partition, offset, status, occurred_at)."""


class Published(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The newest revision of one warning, as it was published."""

    warning_id: str
    revision: int
    finding: Finding


class Named(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A fact that names orders: an upload, a release, or a record with order ids."""

    at: int
    digest: int
    status: int
    order_ids: tuple[str, ...]
    platform: str | None
    shop_id: str | None
    tie: str
    partition: int
    offset: int


class KnownOrder(msgspec.Struct, gc=False, array_like=True):
    """An order that this parcel's facts name: what it last said, and what it was last told."""

    order_id: str
    facts: OrderFacts | None = None
    told: tuple[tuple[int, int | None, tuple[int, ...]], ...] | None = None


class ParcelState(msgspec.Struct, gc=False, array_like=True):
    """Everything known of one `carrier:NUMBER`; `records` and `named` are kept in order of time."""

    key: str
    records: list[Record] = []
    named: list[Named] = []
    orders: list[KnownOrder] = []
    published: list[Published] = []
    newest: int = 0
    touched: int = 0
    judged: int = 0
    due: int = 0


class LinkedParcel(msgspec.Struct, gc=False, array_like=True):
    """A parcel that names this order: what it last said, and how many versions it was told of."""

    key: str
    lives: tuple[LinkedLife, ...]
    told: int = 0


class OrderState(msgspec.Struct, gc=False, array_like=True):
    """Everything known of one order id; `versions` are kept by (`updated_at`, canonical JSON)."""

    order_id: str
    versions: list[OrderVersion] = []
    parcels: list[LinkedParcel] = []
    published: list[Published] = []
    newest: int = 0
    touched: int = 0
    judged: int = 0
    due: int = 0


_encoder = msgspec.msgpack.Encoder()
_parcels = msgspec.msgpack.Decoder(ParcelState)
_orders = msgspec.msgpack.Decoder(OrderState)


class UnknownStateVersion(ValueError):
    """A stored state has a version byte that this release cannot read."""

    def __init__(self, found: bytes) -> None:
        super().__init__(f"state version {found!r} found, this release reads {VERSION!r}")


def encode(state: ParcelState | OrderState) -> bytes:
    """The stored form of a state: version byte, `due` in eight bytes, then the msgpack array."""
    return VERSION + state.due.to_bytes(8, "big") + _encoder.encode(state)


def decode_parcel(value: bytes) -> ParcelState:
    """A parcel's state from its stored form; raises UnknownStateVersion."""
    if value[:1] != VERSION:
        raise UnknownStateVersion(value[:1])
    return _parcels.decode(value[9:])


def decode_order(value: bytes) -> OrderState:
    """An order's state from its stored form; raises UnknownStateVersion."""
    if value[:1] != VERSION:
        raise UnknownStateVersion(value[:1])
    return _orders.decode(value[9:])


def due_of(value: bytes) -> int:
    """When the state wants to be looked at next (µs), read off its undecoded stored form."""
    return int.from_bytes(value[1:9], "big")


def encode_message(facts: OrderFacts | ParcelFacts) -> bytes:
    """An internal message (OrderFacts or ParcelFacts) as it crosses Kafka."""
    return _encoder.encode(facts)


decode_order_facts = msgspec.msgpack.Decoder(OrderFacts).decode
decode_parcel_facts = msgspec.msgpack.Decoder(ParcelFacts).decode
