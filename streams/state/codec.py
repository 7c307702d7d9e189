"""How states and internal messages are stored: the one place that knows their bytes.

A state is a msgpack array behind one version byte and the time it is due, in eight bytes. Fields
are only appended, with a default; a change of another kind takes a new version byte and a migration
here. Whoever keeps states as they are, without bytes, does it through `LIVE`; who keeps them so
until they are stored, through `FRESH`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from streams.facts.facts import (
    DELIVERY_METHODS,
    PRESALES,
    STATUSES,
    CloneFacts,
    OrderFacts,
    OrderVersion,
    OwedFacts,
    ParcelFacts,
    StockFact,
    TrackFacts,
    TrackingFact,
)
from streams.state.cleaning import clean_facts, clean_order, clean_parcel
from streams.state.contributions import AbnormalDays, ContributionChange
from streams.state.shop_days import ShopDay
from streams.state.state import OrderState, ParcelState, Published
from streams.state.stock import Stock
from streams.state.tracks import TrackState
from streams.state.versions import version_order

VERSION = b"\x02"
_FIRST_VERSION = b"\x01"
_BODY = 9
"""Where the array begins."""

Message = (
    OrderFacts
    | ParcelFacts
    | CloneFacts
    | AbnormalDays
    | OrderVersion
    | TrackingFact
    | StockFact
    | OwedFacts
    | list[TrackFacts]
    | list[ContributionChange]
)
"""What tables say to each other, and to themselves on another partition."""

_FACTS = b"\xdc", b"\x95"
"""Begin the msgpack array of an order's version or a tracking fact, and of a level, and no JSON."""

S = TypeVar("S")

_encoder = msgspec.msgpack.Encoder()
_parcels = msgspec.msgpack.Decoder(ParcelState)
_orders = msgspec.msgpack.Decoder(OrderState)
_tracks = msgspec.msgpack.Decoder(TrackState)
_shop_days = msgspec.msgpack.Decoder(ShopDay)
_stocks = msgspec.msgpack.Decoder(Stock)


class UnknownStateVersion(ValueError):
    """A stored state has a version byte that this release cannot read."""

    def __init__(self, found: bytes) -> None:
        super().__init__(f"state version {found!r} found, this release reads {VERSION!r}")


class StateUnreadable(ValueError):
    """A stored state is none: somebody else wrote it, or its bytes are damaged."""


class Kept(Protocol):
    """What a table holds: a struct that knows when it wants to be looked at next."""

    due: int


def dump(state: Kept) -> bytes:
    """The stored form of a state: version byte, `due` in eight bytes, then the msgpack array."""
    return VERSION + state.due.to_bytes(8, "big") + _encoder.encode(state)


def load_parcel(value: bytes) -> ParcelState:
    """A parcel's state from its stored form; raises UnknownStateVersion, StateUnreadable."""
    version = value[:1]
    if version == VERSION:
        state = _read(_parcels.decode, value)
    elif version == _FIRST_VERSION:
        state = _read(lambda body: _from_first(msgspec.msgpack.decode(body)), value)
    else:
        raise UnknownStateVersion(version)
    clean_parcel(state)
    return state


def load_order(value: bytes) -> OrderState:
    """An order's state from its stored form; raises UnknownStateVersion, StateUnreadable."""
    # Nothing but appended fields came to it with the second version.
    if value[:1] not in (VERSION, _FIRST_VERSION):
        raise UnknownStateVersion(value[:1])
    state = _read(_orders.decode, value)
    if any(not version.known and not version.partial for version in state.versions):
        # Tombstones of the first releases stood before the full versions of their time.
        state.versions.sort(key=version_order)
    clean_order(state)
    return state


def load_track(value: bytes) -> TrackState:
    """A track's state from its stored form; raises UnknownStateVersion, StateUnreadable."""
    if value[:1] != VERSION:
        raise UnknownStateVersion(value[:1])
    return _read(_tracks.decode, value)


def load_shop_day(value: bytes) -> ShopDay:
    """A row from its stored form; raises UnknownStateVersion, StateUnreadable."""
    if value[:1] != VERSION:
        raise UnknownStateVersion(value[:1])
    return _read(_shop_days.decode, value)


def load_stock(value: bytes) -> Stock:
    """A part of a product's stock from its stored form; raises UnknownStateVersion,
    StateUnreadable."""
    if value[:1] != VERSION:
        raise UnknownStateVersion(value[:1])
    return _read(_stocks.decode, value)


def _read(decode: Callable[[bytes], S], value: bytes) -> S:
    try:
        return decode(value[_BODY:])
    except (msgspec.MsgspecError, UnicodeError, RecursionError, LookupError, TypeError) as error:
        raise StateUnreadable(str(error)) from error


def _from_first(fields: list[Any]) -> ParcelState:
    """A state of the first version: its records knew no places, its orders were told less."""
    fields[1] = [[*record, 0, 0, 0, 0] for record in fields[1]]
    for order in fields[3]:
        if len(order) > 2:
            # Not told in this form: it is told anew when the number is heard of again.
            order[2] = None
    return msgspec.convert(fields, ParcelState)


def due_of(value: bytes) -> int:
    """When the state wants to be looked at next (µs), read off its undecoded stored form."""
    return int.from_bytes(value[1:9], "big")


def dump_message(message: Message) -> bytes:
    """An internal message as it crosses Kafka."""
    return _encoder.encode(message)


def load_order_facts(value: bytes) -> OrderFacts:
    """What an order tells a parcel; raises msgspec.MsgspecError."""
    return clean_facts(_order_facts(value))


_order_facts = msgspec.msgpack.Decoder(OrderFacts).decode


def is_fact(value: bytes | None) -> bool:
    """Whether the value of a repartitioned record is a fact; else it is a record as it was sent."""
    return value is not None and value.startswith(_FACTS)


def load_order_version(value: bytes) -> OrderVersion:
    """A version of an order that was repartitioned; raises msgspec.MsgspecError."""
    version = _order_version(value)
    _check(version.delivery_method, DELIVERY_METHODS)
    _check(version.presale, PRESALES)
    return version


def load_tracking_fact(value: bytes) -> TrackingFact:
    """A tracking fact that was repartitioned; raises msgspec.MsgspecError."""
    fact = _tracking_fact(value)
    _check(fact.status, STATUSES)
    return fact


def _check(code: int, words: tuple[str, ...]) -> None:
    if not 0 <= code < len(words):
        raise msgspec.ValidationError(f"{code} stands for none of {words}")


_order_version = msgspec.msgpack.Decoder(OrderVersion).decode
_tracking_fact = msgspec.msgpack.Decoder(TrackingFact).decode
load_parcel_facts = msgspec.msgpack.Decoder(ParcelFacts).decode
load_track_facts = msgspec.msgpack.Decoder(list[TrackFacts]).decode
load_clone_facts = msgspec.msgpack.Decoder(CloneFacts).decode
load_contributions = msgspec.msgpack.Decoder(list[ContributionChange]).decode
load_stock_fact = msgspec.msgpack.Decoder(StockFact).decode
load_owed_facts = msgspec.msgpack.Decoder(OwedFacts).decode
load_abnormal_days = msgspec.msgpack.Decoder(AbnormalDays).decode


class _Order(msgspec.Struct, array_like=True, gc=False):
    """An `OrderState` as far as its warnings; what comes before them is left as it is."""

    order_id: msgspec.Raw
    versions: msgspec.Raw
    parcels: msgspec.Raw
    published: list[Published] = []


class _Parcel(msgspec.Struct, array_like=True, gc=False):
    """A `ParcelState` as far as its warnings."""

    key: msgspec.Raw
    records: msgspec.Raw
    named: msgspec.Raw
    orders: msgspec.Raw
    published: list[Published] = []


_decode: dict[str, Callable[[memoryview], _Order | _Parcel]] = {
    "orders": msgspec.msgpack.Decoder(_Order).decode,
    "parcels": msgspec.msgpack.Decoder(_Parcel).decode,
}

TABLES = tuple(_decode)
"""The tables whose states have warnings."""


def published_of(table: str, value: bytes) -> list[Published]:
    """What was last published of a stored state, of either version; half the price of the whole."""
    return _decode[table](memoryview(value)[_BODY:]).published


class _Day(msgspec.Struct, array_like=True, gc=False):
    """A `ShopDay` as far as its counts; its products are passed over."""

    platform: str
    shop_id: str
    day: int
    ends_at: msgspec.Raw
    applied: msgspec.Raw
    counts: tuple[int, ...]


_decode_day = msgspec.msgpack.Decoder(_Day).decode


def day_counts_of(value: bytes) -> tuple[str, str, int, tuple[int, ...]]:
    """Platform, shop, day and counts of a stored row, at a tenth of the price of the whole where it
    has many products; raises UnknownStateVersion, StateUnreadable."""
    if value[:1] != VERSION:
        raise UnknownStateVersion(value[:1])
    day = _read(_decode_day, value)
    return day.platform, day.shop_id, day.day, day.counts


class _OrderTouched(msgspec.Struct, array_like=True, gc=False):
    """An `OrderState` as far as `touched`; all but that is left as it is."""

    order_id: msgspec.Raw
    versions: msgspec.Raw
    parcels: msgspec.Raw
    published: msgspec.Raw
    newest: int
    touched: int


class _ParcelTouched(msgspec.Struct, array_like=True, gc=False):
    """A `ParcelState` as far as `touched`."""

    key: msgspec.Raw
    records: msgspec.Raw
    named: msgspec.Raw
    orders: msgspec.Raw
    published: msgspec.Raw
    newest: int
    touched: int


_decode_touched: dict[str, Callable[[memoryview], _OrderTouched | _ParcelTouched]] = {
    "orders": msgspec.msgpack.Decoder(_OrderTouched).decode,
    "parcels": msgspec.msgpack.Decoder(_ParcelTouched).decode,
}


def touched_of(table: str, value: bytes) -> int:
    """When a stored state was changed last (µs), by the clock of whoever did it."""
    return _decode_touched[table](memoryview(value)[_BODY:]).touched


class Codec(NamedTuple):
    """How a store keeps states and messages: `dump` makes what it keeps, `load_*` reads it."""

    load_order: Callable[[Any], OrderState]
    load_parcel: Callable[[Any], ParcelState]
    load_track: Callable[[Any], TrackState]
    load_shop_day: Callable[[Any], ShopDay]
    load_stock: Callable[[Any], Stock]
    dump: Callable[[Any], Any]
    due_of: Callable[[Any], int]
    dump_message: Callable[[Any], Any]


def _as_it_is(value: Any) -> Any:
    return value


def _due(state: Kept) -> int:
    return state.due


def _fresh(load: Callable[[bytes], S]) -> Callable[[Any], S]:
    def read(value: Any) -> S:
        return load(value) if type(value) is bytes else value

    return read


def _due_of_fresh(value: Any) -> int:
    due: int = due_of(value) if type(value) is bytes else value.due
    return due


def stored_form(value: Any) -> bytes:
    """The bytes of what `FRESH` keeps, a state or what is stored of one; a copy."""
    return value if type(value) is bytes else dump(value)


STORED = Codec(
    load_order, load_parcel, load_track, load_shop_day, load_stock, dump, due_of, dump_message
)
"""States as bytes, for a store that outlives the process."""

FRESH = Codec(
    _fresh(load_order),
    _fresh(load_parcel),
    _fresh(load_track),
    _fresh(load_shop_day),
    _fresh(load_stock),
    _as_it_is,
    _due_of_fresh,
    dump_message,
)
"""States as they are until they are written, for a store that makes bytes of them by `stored_form`
when it writes them; it gives back the state itself until then."""

LIVE = Codec(_as_it_is, _as_it_is, _as_it_is, _as_it_is, _as_it_is, _as_it_is, _due, _as_it_is)
"""States as they are, for a store in memory."""
