"""States as lines of a file: one JSON object a key, whose `value` is the stored bytes themselves;
before them one that says which stores are in the file, the empty ones too.

A spelled-out state would read well and come back as another: what a release stores, and no more, is
what a later one promises to read (decision 0101). `due` is there for whoever reads a line.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from streams.state.codec import (
    due_of,
    load_order,
    load_parcel,
    load_shop_day,
    load_stock,
    load_track,
)

LOAD: dict[str, Callable[[bytes], Any]] = {
    "orders": load_order,
    "parcels": load_parcel,
    "tracks": load_track,
    "meters": load_shop_day,
    "stock": load_stock,
}
"""How each table's values are read."""

_HEX = frozenset({"tracks"})
"""Tables whose keys are no text."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stored(NamedTuple):
    """A state, and where it is kept."""

    table: str
    partition: int
    key: bytes
    value: bytes


class Header(msgspec.Struct, forbid_unknown_fields=True):
    """The first line: partitions of each table, and by table those whose states follow."""

    partitions: int
    stores: dict[str, list[int]]
    form: int = 1


class BadLine(ValueError):
    """A line is no state; says its number, the field, its value and what is allowed."""


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    table: str
    partition: int
    key: str
    due: str | None
    value: str


encode_header = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.Encoder().encode
_decode_header = msgspec.json.Decoder(Header).decode
_decode = msgspec.json.Decoder(_Line).decode


def problem_of(table: str, value: bytes) -> str | None:
    """Why a stored value is no state of the table; None: it is one."""
    try:
        state = LOAD[table](value)
    except (ValueError, msgspec.MsgspecError, TypeError, IndexError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    due = due_of(value)
    return None if due == state.due else f"it is due at {state.due}, and says {due} in front"


def written(stored: Stored) -> bytes:
    """The line of a state, without its end."""
    due = due_of(stored.value)
    return _encode(
        _Line(
            stored.table,
            stored.partition,
            stored.key.hex() if stored.table in _HEX else stored.key.decode(),
            (_EPOCH + timedelta(microseconds=due)).isoformat() if due else None,
            b64encode(stored.value).decode(),
        )
    )


def read(lines: Iterable[bytes], partitions: int) -> Iterator[Header | Stored | BadLine]:
    """The header, then the state of each line that is not empty, or what is wrong with it.

    `partitions`: how many each table has. A key that comes twice is wrong the second time. Nothing
    follows a header that is wrong.
    """
    numbered = enumerate(lines, start=1)
    try:
        header = _header(next(numbered, (1, b""))[1], partitions)
    except ValueError as error:
        yield BadLine(f"line 1: {error}")
        return
    yield header
    seen: set[tuple[str, bytes]] = set()
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            stored = _read(line)
            if stored.partition not in header.stores.get(stored.table, ()):
                raise ValueError(
                    f"partition={stored.partition}: the first line names no such store of "
                    f"{stored.table}"
                )
            if (stored.table, stored.key) in seen:
                raise ValueError("its key has come before: allowed is one line a key")
            seen.add((stored.table, stored.key))
            yield stored
        except ValueError as error:  # msgspec's errors are such
            yield BadLine(f"line {number}: {error}")


def _header(line: bytes, partitions: int) -> Header:
    try:
        header = _decode_header(line)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not the first line of an export ({error})") from error
    if header.form != 1:
        raise ValueError(f"form={header.form}: allowed is 1")
    if header.partitions != partitions:
        raise ValueError(f"partitions={header.partitions}: this application has {partitions}")
    for table, numbers in header.stores.items():
        if table not in LOAD or not all(0 <= number < partitions for number in numbers):
            raise ValueError(f"stores: {table} {numbers}: there is no such store")
    return header


def _read(line: bytes) -> Stored:
    found = _decode(line)
    if found.table not in LOAD:
        raise ValueError(f"table={found.table!r}: allowed is one of {', '.join(LOAD)}")
    try:
        key = bytes.fromhex(found.key) if found.table in _HEX else found.key.encode()
    except ValueError as error:
        raise ValueError(f"key={found.key!r}: allowed is hexadecimal") from error
    try:
        value = b64decode(found.value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"value: not base64 ({error})") from error
    problem = problem_of(found.table, value)
    if problem is not None:
        raise ValueError(f"value: no state of {found.table} ({problem})")
    return Stored(found.table, found.partition, key, value)
