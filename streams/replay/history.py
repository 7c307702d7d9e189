"""A history from two files, played into a machine in order of arrival."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from streams.decode import Bad, decode_order, decode_tracking
from streams.decode.names import BUILT_IN, Names
from streams.facts.facts import OrderVersion, TrackingFact
from streams.inputs.files import NO_TIME, BadLine, Line, read
from streams.tables.processor import TOO_MANY

_FAR = 1 << 62
"""The arrival of a line that has none: nothing in it counts as lying in the future."""


class Player(Protocol):
    """What a history is played into: one machine, or several at once."""

    def order(self, version: OrderVersion, now: int) -> bool:
        """An order version arrives at `now` (µs); False where there is no room for it."""

    def tracking(self, fact: TrackingFact, now: int) -> bool:
        """A tracking fact arrives at `now` (µs); False where there is no room for it."""

    def advance(self, until: int) -> None:
        """Let every deadline up to and including `until` (µs) pass."""


def play(
    machine: Player,
    orders: Path,
    tracking: Path,
    until: int | None,
    reject: Callable[[BadLine], None],
    progress: Callable[[int], None],
    names: Names = BUILT_IN,
) -> int:
    """Merge both files by arrival, orders first where equal, and move the clock with them.

    Carriers and platforms are known by `names`. Lines that arrive after `until` (µs) do not count;
    the clock ends there, or at the last arrival: that moment is returned. Bad lines go to `reject`.
    Raises OSError.
    """

    def tagged(path: Path, kind: int) -> Iterator[tuple[int, int, Line]]:
        for line in read(path, reject, progress):
            yield line.arrival, kind, line

    last = NO_TIME
    both = heapq.merge(tagged(orders, 0), tagged(tracking, 1), key=lambda entry: entry[:2])
    for arrival, kind, line in both:
        if until is not None and arrival > until:
            continue
        known_at = _FAR if arrival == NO_TIME else arrival
        offset = line.number - 1
        if kind == 0:
            version = decode_order(line.raw, None, known_at, known_at, 0, offset, names=names)
            if isinstance(version, Bad):
                reject(BadLine(orders, line.number, line.raw, version, arrival))
                continue
            if not machine.order(version, arrival):
                reject(BadLine(orders, line.number, line.raw, TOO_MANY, arrival))
        else:
            fact = decode_tracking(line.raw, known_at, 0, offset, names=names)
            if isinstance(fact, Bad):
                reject(BadLine(tracking, line.number, line.raw, fact, arrival))
                continue
            if not machine.tracking(fact, arrival):
                reject(BadLine(tracking, line.number, line.raw, TOO_MANY, arrival))
        last = arrival
    end = last if until is None else until
    machine.advance(end)
    return end
