"""What the pipeline tells the feeds of carriers, and how operators see them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from prometheus_client import Gauge

from streams.engine.kafka.types import Record
from streams.facts.facts import STATUS_CODE, TrackingFact
from streams.facts.times import SECOND
from streams.judge.feeds import Feeds
from streams.tables.processor import Batch
from streams.telemetry.counts import Counts
from streams.telemetry.metrics import FEED_LATENCY, FEED_QUIET, FEED_SILENT, OTHER

MOST_SHOWN = 20
"""Carriers with a label of their own; the rest are one."""

OFTEN = 100
"""News of a carrier after which its latency has a label of its own."""

SHOWN_EVERY = 10 * SECOND

_ORDERED = STATUS_CODE["ordered"]


def records_of(batch: Batch) -> Counter[str]:
    """Numbers of which a chunk holds news, by carrier.

    A seller's upload is no sign that the carrier is heard; one fact a number is looked at.
    """
    return Counter(
        [
            key.partition(":")[0]
            for key, facts in zip(batch.names, batch.facts, strict=True)
            if facts[-1].status != _ORDERED
        ]
    )


class FeedLatency:
    """How late carriers' feeds tell of scans: noted record by record, counted chunk by chunk."""

    def __init__(self) -> None:
        self._slots = Slots(MOST_SHOWN, OFTEN)
        self._noted: dict[str, list[float]] = {}

    def note(self, key: str, facts: Sequence[TrackingFact], records: Sequence[Record]) -> None:
        """There is news of a number: of its facts in a chunk, each from its record, the newest is
        looked at, since a feed that repeats a whole history repeats the old ones."""
        place = 0
        if len(facts) > 1:
            place = max(range(len(facts)), key=lambda number: facts[number].at)
        fact = facts[place]
        if fact.status != _ORDERED:
            late = records[place].timestamp_ms / 1_000 - fact.at / SECOND
            self._noted.setdefault(key.partition(":")[0], []).append(late)

    def count(self, counts: Counts) -> None:
        """Let what was noted be counted."""
        for carrier, latencies in self._noted.items():
            label = self._slots.label(carrier, len(latencies))
            counts.setdefault((FEED_LATENCY, (label,)), []).extend(latencies)
        self._noted = {}


class Slots:
    """Labels for names that nobody bounds: the first `limit` that come often enough have their own.

    A name keeps its label for as long as the process runs, as counters must.
    """

    def __init__(self, limit: int, often: int) -> None:
        self._limit = limit
        self._often = often
        self._seen: dict[str, int] = {}
        self._own: set[str] = set()

    def label(self, name: str, number: int = 1) -> str:
        """The label of a name that comes `number` times more."""
        if name in self._own:
            return name
        if len(self._own) >= self._limit:
            return OTHER
        if len(self._seen) > 100 * self._limit:
            self._seen.clear()
        seen = self._seen[name] = self._seen.get(name, 0) + number
        if seen < self._often:
            return OTHER
        del self._seen[name]
        self._own.add(name)
        return name


class FeedMetrics:
    """Shows the busiest carriers' feeds, and the others together, now and then."""

    def __init__(self) -> None:
        self._next = 0
        self._silent: set[str] = set()
        self._quiet: set[str] = set()

    def show(self, feeds: Feeds, now: int) -> None:
        """Set the metrics if it is time to; `now` in µs."""
        if now < self._next:
            return
        self._next = now + SHOWN_EVERY
        silent: dict[str, float] = {}
        quiet: dict[str, float] = {}
        for place, report in enumerate(feeds.report(now)):
            label = report.carrier if place < MOST_SHOWN else OTHER
            silent[label] = silent.get(label, 0) + report.silent
            if report.quiet is not None:
                quiet[label] = min(quiet.get(label, math.inf), report.quiet / SECOND)
        self._silent = _set(FEED_SILENT, silent, self._silent)
        self._quiet = _set(FEED_QUIET, quiet, self._quiet)


def _set(gauge: Gauge, values: Mapping[str, float], before: set[str]) -> set[str]:
    """Set a gauge by carrier and drop what was shown before and is not now."""
    for label, value in values.items():
        gauge.labels(carrier=label).set(value)
    for gone in before - values.keys():
        gauge.remove(gone)
    return set(values)
