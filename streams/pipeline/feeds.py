"""What the pipeline tells the feeds of carriers, and how operators see them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from prometheus_client import Gauge

from streams.core.facts import STATUS_CODE, TrackingFact
from streams.core.feeds import Feeds
from streams.core.times import SECOND
from streams.metrics import FEED_QUIET, FEED_SILENT

MOST_SHOWN = 20
"""Carriers with a label of their own; the rest are one."""

OTHER = "other"

SHOWN_EVERY = 10 * SECOND

_ORDERED = STATUS_CODE["ordered"]


def records_of(arrived: Mapping[str, Sequence[TrackingFact]]) -> Counter[str]:
    """Numbers of which a chunk holds news, by carrier.

    A seller's upload is no sign that the carrier is heard; one fact a number is looked at.
    """
    return Counter(
        [key.partition(":")[0] for key, facts in arrived.items() if facts[-1].status != _ORDERED]
    )


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
