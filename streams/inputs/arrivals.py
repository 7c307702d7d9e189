"""Messages in order of arrival, however many there are."""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from schemas.times import EARLIEST_US
from streams.decode import Bad
from streams.decode.moments import parse_time

RUN_LENGTH = 100_000
"""Lines sorted in memory at once; longer inputs are sorted in runs on disk."""


class Line(NamedTuple):
    """One message of a file: when it arrived (µs), the line where it begins, and its bytes."""

    arrival: int
    number: int
    raw: bytes


class _Times(msgspec.Struct):
    received_at: Any = None
    occurred_at: Any = None
    updated_at: Any = None
    paid_at: Any = None
    timestamp: Any = None
    at: Any = None


_times = msgspec.json.Decoder(_Times)


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
    for own in (times.occurred_at, times.updated_at, times.paid_at, times.timestamp, times.at):
        moment = None if own is None else parse_time(own)
        if moment is not None and moment >= EARLIEST_US:
            return moment
    return None


def in_order(lines: Iterator[Line]) -> Iterator[Line]:
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
