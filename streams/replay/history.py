"""A history from files, played into a machine in order of arrival."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from streams.decode import Bad, decode_order, decode_stock, decode_tracking
from streams.decode.moments import parse_time
from streams.decode.names import BUILT_IN, Names
from streams.facts.facts import OrderVersion, StockFact, TrackingFact
from streams.inputs.arrivals import Line
from streams.inputs.files import NO_TIME, BadLine
from streams.inputs.messages import ORDERS, STOCK, TRACKING, Message
from streams.inputs.sources.scope import Scope
from streams.replay.scope import scoped_fact, scoped_order
from streams.replay.seen import Seen
from streams.tables.processor import TOO_MANY

_KINDS = ORDERS, TRACKING, STOCK
"""Messages in the order in which those of one arrival come."""

FAR = 1 << 62
"""The arrival of a line that has none: nothing in it counts as lying in the future."""


class Player(Protocol):
    """What a history is played into: one machine, or several at once."""

    def order(self, version: OrderVersion, now: int) -> bool:
        """An order version arrives at `now` (µs); False where there is no room for it."""

    def tracking(self, fact: TrackingFact, now: int) -> bool:
        """A tracking fact arrives at `now` (µs); False where there is no room for it."""

    def stock(self, fact: StockFact, now: int) -> None:
        """A level of stock arrives at `now` (µs)."""

    def advance(self, until: int) -> None:
        """Let every deadline up to and including `until` (µs) pass."""


class Source(Protocol):
    """A file that holds messages of one kind."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def message(self) -> Message:
        """Of which kind."""

    def read(
        self, reject: Callable[[BadLine], None], progress: Callable[[int], None]
    ) -> Iterator[Line]:
        """The messages in order of arrival."""


class Arrival(NamedTuple):
    """A message that arrives: when (µs), what it says, and the line of the file that it is."""

    at: int
    fact: OrderVersion | TrackingFact | StockFact
    line: Line
    file: Source

    def refused(self) -> BadLine:
        """The line, where there is no room for what it says."""
        return BadLine(self.file.path, self.line.number, self.line.raw, TOO_MANY, self.at)


def play(
    machine: Player,
    files: Iterable[Source],
    until: int | None,
    reject: Callable[[BadLine], None],
    progress: Callable[[int], None],
    scope: Scope | None = None,
    seen: Seen | None = None,
    names: Names = BUILT_IN,
) -> int:
    """Merge the files by arrival and move the clock with them; where equal, orders come first and
    levels of stock last.

    Carriers and platforms are known by `names`. Lines that arrive after `until` (µs) do not count;
    the clock ends there, or at the last arrival: that moment is returned. Bad lines go to `reject`.
    Raises OSError and Unreadable.
    """
    last = NO_TIME
    for each in arrivals(files, until, reject, progress, scope, seen or Seen(), names):
        fact, last = each.fact, each.at
        if isinstance(fact, StockFact):
            machine.stock(fact, last)
            continue
        if isinstance(fact, OrderVersion):
            taken = machine.order(fact, last)
        else:
            taken = machine.tracking(fact, last)
        if not taken:
            reject(each.refused())
    end = last if until is None else until
    machine.advance(end)
    return end


def arrivals(
    files: Iterable[Source],
    until: int | None,
    reject: Callable[[BadLine], None],
    progress: Callable[[int], None],
    scope: Scope | None,
    seen: Seen,
    names: Names,
) -> Iterator[Arrival]:
    """What arrives, as `play` takes it; `seen` counts it."""

    def tagged(number: int, file: Source) -> Iterator[tuple[int, int, int, Line, Source]]:
        kind = _KINDS.index(file.message)
        for line in file.read(reject, progress):
            yield line.arrival, kind, number, line, file

    # No two files have one number: what stands behind it is never compared.
    merged = heapq.merge(*(tagged(*each) for each in enumerate(files)))
    for arrival, _, _, line, file in merged:
        if until is not None and arrival > until:
            continue
        known_at = FAR if arrival == NO_TIME else arrival
        fact: OrderVersion | TrackingFact | StockFact | Bad
        if file.message is ORDERS:
            fact = _order(line, known_at, scope, names)
        elif file.message is STOCK:
            fact = decode_stock(line.raw, known_at, names=names)
        else:
            fact = decode_tracking(line.raw, known_at, 0, line.number - 1, names=names)
            if scope is not None and not isinstance(fact, Bad):
                fact = scoped_fact(fact, scope)
        if isinstance(fact, Bad):
            reject(BadLine(file.path, line.number, line.raw, fact, arrival))
            continue
        if isinstance(fact, OrderVersion):
            seen.order(fact, arrival)
        elif isinstance(fact, StockFact):
            seen.level(fact, arrival)
        else:
            seen.tracking(fact, arrival)
        yield Arrival(arrival, fact, line, file)


def _order(line: Line, known_at: int, scope: Scope | None, names: Names) -> OrderVersion | Bad:
    tombstone = _tombstone(line.raw)
    if tombstone is None:
        version = decode_order(line.raw, None, known_at, known_at, 0, line.number - 1, names=names)
    else:
        key, at = tombstone
        if isinstance(at, Bad):
            return at
        version = decode_order(None, key.encode(), known_at, at, 0, line.number - 1)
    return version if scope is None or isinstance(version, Bad) else scoped_order(version, scope)


class _Tombstone(msgspec.Struct):
    """What a file has for a record without a value."""

    key: str
    value: None
    timestamp: str
    order_id: None = None


_tombstones = msgspec.json.Decoder(_Tombstone)


def _tombstone(raw: bytes) -> tuple[str, int | Bad] | None:
    """The key and the time (µs) of a tombstone; None where the line is none."""
    if b'"value"' not in raw:
        return None
    try:
        found = _tombstones.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    at = parse_time(found.timestamp)
    if at is None:
        why = "timestamp is no ISO-8601 time with an offset"
        return found.key, Bad("wrong_type", "timestamp", why)
    return found.key, at
