"""Counts that wait until what they count has happened.

Work on a chunk may be dropped, also after the engine took it in, and done again by whoever owns its
partition next. What is counted where it is worked out would then be counted twice; so it is noted
there, and added to the metrics when all that the chunk caused is published and stored.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import Counter

from streams.telemetry.histogram import ManyHistogram


class Counts(dict[tuple[Counter | ManyHistogram, tuple[str, ...]], Any]):
    """(metric, label values) → by how much a counter is to rise, or the values of a histogram.

    Label values are in the order of the metric's declaration.
    """

    def add(self, counter: Counter, *labels: str, number: int = 1) -> None:
        """Note that `counter` is to rise by `number`."""
        self[counter, labels] = self.get((counter, labels), 0) + number

    def happen(self) -> None:
        """Add everything to the metrics, once: nothing is left to happen afterwards."""
        for (metric, labels), noted in self.items():
            if isinstance(metric, ManyHistogram):
                metric.observe(noted, *labels)
            else:
                (metric.labels(*labels) if labels else metric).inc(noted)
        self.clear()
