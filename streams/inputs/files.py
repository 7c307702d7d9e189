"""Histories in files: JSON Lines or CSV, plain or gzip, put in order of arrival."""

from __future__ import annotations

import csv
import gzip
import heapq
import io
import json
import pickle
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from schemas.times import EARLIEST_US
from streams.decode import Bad
from streams.decode.moments import parse_time

RUN_LENGTH = 100_000
"""Lines sorted in memory at once; longer inputs are sorted in runs on disk."""

NO_TIME = 0
"""The arrival of lines before the first one that has a time."""

_INTEGERS = frozenset(("schema_version", "amount_paid"))
_INTEGER = re.compile(r"-?[0-9]{1,19}")

LONGEST_CELL = 16 << 20
"""Characters; a cell may hold a whole JSON array."""

_JSON_COLUMNS = frozenset(("recipient", "ship_from", "items", "location", "order_ids"))


File = io.BufferedReader | gzip.GzipFile
"""A file that is open for reading."""


class Line(NamedTuple):
    """One message of a file: when it arrived (µs), where it stands, and its bytes."""

    arrival: int
    number: int
    raw: bytes


class BadLine(NamedTuple):
    """A line that is no message; `number` counts from 1, `arrival` is in µs."""

    path: Path
    number: int
    raw: bytes
    bad: Bad
    arrival: int = 0


class _Times(msgspec.Struct):
    received_at: Any = None
    occurred_at: Any = None
    updated_at: Any = None
    paid_at: Any = None


_times = msgspec.json.Decoder(_Times)


def open_input(path: Path) -> File:
    """A file's bytes, unpacked where its name ends in .gz; raises OSError."""
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rb")
    return path.open("rb")


def read(
    path: Path, reject: Callable[[BadLine], None], progress: Callable[[int], None]
) -> Iterator[Line]:
    """The messages of one file in order of arrival; equal arrivals keep their order.

    A line with an unusable `received_at` goes to `reject`; `progress` is told the bytes read.
    """
    is_csv = path.name.lower().removesuffix(".gz").endswith(".csv")
    with open_input(path) as file:
        rows = _csv_rows(path, file, reject) if is_csv else _json_rows(file)
        yield from _sorted_runs(_arrived(path, rows, reject, progress))


def _json_rows(file: File) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(file, start=1):
        raw = line.rstrip(b"\r\n")
        if raw.strip():
            yield number, raw


def _csv_rows(
    path: Path, file: File, reject: Callable[[BadLine], None]
) -> Iterator[tuple[int, bytes]]:
    """Rows of a CSV file as JSON: blank cells are absent, `recipient.city` is a nested field."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.DictReader(text)
    csv.field_size_limit(LONGEST_CELL)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            text.detach()  # whoever opened the file closes it
            return
        except csv.Error as error:
            bad = Bad("too_large", None, f"the row cannot be read: {error}")
            reject(BadLine(path, reader.line_num, b"", bad))
            continue
        number = reader.line_num
        value: dict[str, Any] = {}
        for column, cell in row.items():
            if column is None or not isinstance(cell, str) or cell == "":
                continue
            place, _, leaf = column.partition(".")
            if leaf:
                inner = value.setdefault(place, {})
                if isinstance(inner, dict):
                    inner[leaf] = cell
            elif column in _JSON_COLUMNS:
                value[column] = _cell(column, cell)
            elif column in _INTEGERS and _INTEGER.fullmatch(cell):
                value[column] = int(cell)
            else:
                value[column] = cell
        try:
            yield number, json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raw = ",".join(str(cell) for cell in row.values()).encode(errors="surrogateescape")
            reject(BadLine(path, number, raw, Bad("invalid_utf8", None, "the row is not UTF-8")))


def _cell(column: str, cell: str) -> Any:
    """A cell that holds JSON; `order_ids` may also be a list with semicolons."""
    if cell[0] in "[{":
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    if column == "order_ids":
        return [part.strip() for part in cell.split(";") if part.strip()]
    return cell


def _arrived(
    path: Path,
    rows: Iterable[tuple[int, bytes]],
    reject: Callable[[BadLine], None],
    progress: Callable[[int], None],
) -> Iterator[Line]:
    last = NO_TIME
    for number, raw in rows:
        progress(len(raw) + 1)
        found = arrival_of(raw)
        if isinstance(found, Bad):
            reject(BadLine(path, number, raw, found, last))
            continue
        last = last if found is None else found
        yield Line(last, number, raw)


def arrival_of(raw: bytes) -> int | Bad | None:
    """When a line arrived (µs): `received_at`, else the message's own time.

    None where its own time is unusable: it stands beside its neighbour; decoding names the fault.
    """
    try:
        times = _times.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if times.received_at is not None:
        received = parse_time(times.received_at)
        if received is None:
            return Bad(
                "wrong_type", "received_at", "received_at is no ISO-8601 time with an offset"
            )
        return received
    for own in (times.occurred_at, times.updated_at, times.paid_at):
        moment = None if own is None else parse_time(own)
        if moment is not None and moment >= EARLIEST_US:
            return moment
    return None


def _sorted_runs(lines: Iterator[Line]) -> Iterator[Line]:
    """Lines by (arrival, number), holding no more than RUN_LENGTH of them in memory at once."""
    run = _next_run(lines)
    if len(run) < RUN_LENGTH:
        yield from run
        return
    with tempfile.TemporaryDirectory(prefix="shipsentry-replay-") as directory:
        paths: list[Path] = []
        while run:
            path = Path(directory) / f"{len(paths):06}.run"
            with path.open("wb") as file:
                for start in range(0, len(run), 1_000):
                    pickle.dump([tuple(line) for line in run[start : start + 1_000]], file)
            paths.append(path)
            run = _next_run(lines)
        yield from heapq.merge(*(_stored_run(path) for path in paths))


def _next_run(lines: Iterator[Line]) -> list[Line]:
    run = list(islice(lines, RUN_LENGTH))
    run.sort()
    return run


def _stored_run(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        while True:
            try:
                batch = pickle.load(file)  # noqa: S301  our own file, in a directory only we can read
            except EOFError:
                return
            for fields in batch:
                yield Line(*fields)
