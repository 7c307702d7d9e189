"""Which orders and parcels of a history have to do with each other: others can be judged apart.

What an order or a parcel is warned of follows from the records of the keys that it is connected
with, and from no others: orders with the parcels that name them, parcels with those that share
their track. Connections that never come to matter only make a component greater than need be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from xxhash import xxh3_64_intdigest

from streams.decode import Bad, decode_tracking
from streams.decode.names import Names
from streams.facts.facts import STATUS_CODE
from streams.inputs.sources.scope import Scope
from streams.replay.history import FAR
from streams.replay.scope import scoped_fact

_DELIVERED = STATUS_CODE["delivered"]


class _Outline(msgspec.Struct):
    status: Any = None
    order_ids: Any = None


_outline = msgspec.json.Decoder(_Outline).decode


class Components:
    """Connected components of keys, kept as 64-bit hashes: two that meet are judged together."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def connect(self, one: int, other: int) -> None:
        """Two keys are of one component from now on."""
        one, other = self._top(one), self._top(other)
        if one != other:
            self._above[one] = other

    def shard(self, key: int, shards: int) -> int:
        """Which of so many shards a key's component is of: about as many of them in each."""
        return self._top(key) % shards

    def _top(self, key: int) -> int:
        above = self._above
        top = key
        while (higher := above.get(top)) is not None:
            top = higher
        while key != top:
            above[key], key = top, above[key]
        return top


def order_key(order_id: str) -> int:
    """The hash of an order."""
    return xxh3_64_intdigest(order_id.encode(), 1)


def parcel_key(key: str) -> int:
    """The hash of a parcel."""
    return xxh3_64_intdigest(key.encode(), 2)


def components_of(messages: Iterable[bytes], scope: Scope | None, names: Names) -> Components:
    """The components of a history, by its tracking updates, in whatever order."""
    found = Components()
    delivered: dict[tuple[int, int], int] = {}
    for raw in messages:
        if _says_nothing(raw):
            continue
        fact = decode_tracking(raw, FAR, names=names)
        if scope is not None and not isinstance(fact, Bad):
            fact = scoped_fact(fact, scope)
        if isinstance(fact, Bad):
            continue
        parcel = parcel_key(fact.key)
        for order_id in fact.order_ids:
            found.connect(order_key(order_id), parcel)
        if fact.status == _DELIVERED:
            # Two equal tracks have this record in common (streams/state/fingerprint.py).
            other = delivered.setdefault((fact.at, fact.spot), parcel)
            found.connect(parcel, other)
    return found


def _says_nothing(raw: bytes) -> bool:
    """Whether an update surely names no order and is no delivery; most are such."""
    try:
        look = _outline(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    if look.order_ids or not isinstance(look.status, str):
        return False
    return STATUS_CODE.get(look.status, _DELIVERED) != _DELIVERED
