"""A stored state's warnings without the rest of it: for whoever goes through all states."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from streams.state.state import Published

_BODY = 9
"""A stored state begins behind its version and its due time."""


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
