"""Real records, spoilt in every way that a stranger may think of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

import msgspec

from streams.engine.kafka.origins import ORIGIN_HEADER
from streams.engine.kafka.types import Record
from streams.facts.times import DAY

EVIL: tuple[Any, ...] = (
    *(-1, 0, 1 << 31, 1 << 53, (1 << 62) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, -(1 << 63)),
    *(253_402_300_800_000_000, 253_402_300_799_999_999, 253_402_300_799_999_999 - DAY),
    *(None, True, False, 1.5, float("nan"), float("inf"), "", "\x00", "x" * 70_000, "‮|:%", b""),
    *(b"\xff" * 16, [], [None], [[]], {}, {"a": 1}, list(range(3_000)), ["a"] * 3_000),
)
"""What a field may be instead of what it is."""

ENCODED: tuple[bytes, ...] = (
    *(b"", b"\xc0", b"\xc1", b"\xff", b"{}", b"null", b"\x90", b"\x80", b"\x93\xa1\xff\xc0\xc0"),
    b"\x91\x93\xa1\xff\xc0\xc0",  # six bytes: a list of one change whose order is no UTF-8
    b"\x91" * 50_000 + b"\xc0",
    b"\xdd\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xffx",
    b"\xc7\x08\xff" + b"\xff" * 8,
)
"""Values that are no message at all."""

KEYS: tuple[bytes | None, ...] = (None, b"", b"\xff\xfe", b"\x00", b"x" * 70_000, b"zto:", b":")

TIMES_MS = (-1, 0, 1, (1 << 53), (1 << 62), (1 << 63) - 1, -(1 << 63))
"""Kafka's timestamps, which any producer may choose."""

ORIGINS: tuple[bytes | None, ...] = (
    *(None, b"", b"\xff", b"a b c", b"order-paid 0 0 0", b"order-paid 0 0 0 0 0", b"x 1 2 3 4"),
    *(b"order-paid %d %d %d %d" % ((1 << 80,) * 4), b"tracking-update %d 0 0 0" % (1 << 64)),
    *(b"tracking-update -1 -1 -1 -1", b"tracking-update 1 2 1 %d" % (1 << 62)),
    "tracking-update ١ ٢ ٣ ٤".encode(),
    b"tracking-update 1e3 0x1 1_0 5",
    b"order-paid " + b"9" * 5_000 + b" 0 0 0",
)
"""Headers that say where a record was first read."""


def spoilt(
    record: Record, others: list[Record], rng: Random, unpack: Callable[[bytes], Any] | None
) -> Record:
    """A record with its value spoilt, and now and then its key, time or origin.

    `unpack` reads the value without asking what it means, for changes that leave it well-formed.
    """
    value = record.value or b""
    choice = rng.random()
    if choice < 0.6 and unpack is not None and value:
        value = msgspec.msgpack.encode(_bent(unpack(value), rng))
    elif choice < 0.9:
        value = _torn(value, rng.choice(others).value or b"", rng)
    else:
        value = rng.choice(ENCODED)
    key, at, headers = record.key, record.timestamp_ms, record.headers
    if rng.random() < 0.15:
        key = rng.choice((*KEYS, rng.choice(others).key, _torn(key or b"", b"\xff", rng)))
    if rng.random() < 0.1:
        at = rng.choice(TIMES_MS)
    if rng.random() < 0.1:
        headers = ((ORIGIN_HEADER, rng.choice(ORIGINS)),)
    return Record(record.offset, at, key, value, headers)


def _bent(value: Any, rng: Random) -> Any:
    """A document with one to three of its leaves, or of its parts, as they should not be."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = list(_places(value))
        if not places:
            return deepcopy(rng.choice(EVIL))
        holder, key = rng.choice(places)
        action = rng.random()
        if action < 0.75:
            holder[key] = deepcopy(rng.choice(EVIL))
        elif action < 0.85:
            del holder[key]
        elif isinstance(holder, list):
            holder.insert(key, deepcopy(rng.choice(EVIL)))
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, (list, dict)):
        for key in range(len(value)) if isinstance(value, list) else list(value):
            yield value, key
            yield from _places(value[key])


def _torn(value: bytes, other: bytes, rng: Random) -> bytes:
    """Bytes with some changed, cut out, put in, or from another record."""
    spoilt = bytearray(value or b"\x00")
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        place = rng.randrange(len(spoilt) + 1)
        action = rng.random()
        if action < 0.5 and place < len(spoilt):
            spoilt[place] = rng.randrange(256)
        elif action < 0.7:
            del spoilt[place:]
        elif action < 0.85:
            spoilt[place:place] = rng.randbytes(rng.choice((1, 2, 9)))
        else:
            spoilt[place:] = other[rng.randrange(len(other) + 1) :]
        if not spoilt:
            break
    return bytes(spoilt)
