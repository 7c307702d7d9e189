"""Counts that wait until what they count has happened.

Work on a chunk may be dropped, and done again by whoever owns its partition next. What is counted
where it is worked out would then be counted twice; so it is noted there, and added to the metrics
when the engine accepts the work.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter

from streams.telemetry.histogram import ManyHistogram


class Counts:
    """Increments of counters and observations of histograms that are still to happen."""

    __slots__ = ("_increments", "_observed")

    def __init__(self) -> None:
        self._increments: dict[tuple[Counter, tuple[str, ...]], int] = {}
        self._observed: list[tuple[ManyHistogram, list[float], tuple[str, ...]]] = []

    def add(self, counter: Counter, *labels: str, number: int = 1) -> None:
        """Note that `counter` is to rise by `number`; `labels` in the order of its declaration."""
        key = (counter, labels)
        self._increments[key] = self._increments.get(key, 0) + number

    def observe(self, histogram: ManyHistogram, values: Iterable[float], *labels: str) -> None:
        """Note values of a histogram; `labels` in the order of its declaration."""
        self._observed.append((histogram, list(values), labels))

    def happen(self) -> None:
        """Add everything to the metrics, once: nothing is left to happen afterwards."""
        increments, self._increments = self._increments, {}
        observed, self._observed = self._observed, []
        for (counter, labels), number in increments.items():
            (counter.labels(*labels) if labels else counter).inc(number)
        for histogram, values, names in observed:
            histogram.observe(values, *names)
