"""The metrics that are worked out when Prometheus asks: from the board, and the engine's status."""

from __future__ import annotations

import platform as python
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from heapq import nsmallest
from importlib.metadata import version

import confluent_kafka
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.engine.worker.engine import EngineStatus
from streams.facts.times import MINUTE, SECOND
from streams.gauges.board import Board
from streams.gauges.days import Today
from streams.gauges.shortages import Shortages
from streams.profiles.model import Profiles
from streams.profiles.money import decimals_of
from streams.state.shop_lines import MEASURES
from streams.state.standing import Shop, Standing
from streams.telemetry import metrics
from streams.telemetry.metrics import OTHER, SHOPS_SHOWN, Measured

WITHIN_HOURS = (1, 2, 4, 8, 12)
"""Open warnings are shown by the hours that their deadlines are away; leads end at 12."""

FRESH = 1.0
"""Seconds for which what was worked out is good enough for another who asks."""

Samples = Mapping[tuple[str, ...], float]
Sums = dict[tuple[str, ...], float]
Label = Callable[[str, str], str]


def _family(measured: Measured, samples: Samples) -> Metric:
    kind = CounterMetricFamily if measured.name.endswith("_total") else GaugeMetricFamily
    family = kind(measured.name, measured.help, labels=measured.labels)
    for labels, value in samples.items():
        family.add_metric(labels, value)
    return family


class Exposition(Collector):
    """Holds what was last worked out; `measure` it on the event loop, then collect anywhere."""

    def __init__(self) -> None:
        self._families: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        """What was last measured."""
        return iter(self._families)

    def describe(self) -> Iterator[Metric]:
        """Every family that there may be."""
        return iter([_family(measured, {}) for measured in metrics.MEASURED])

    def show(self, samples: Iterable[tuple[Measured, Samples]]) -> None:
        """Take the place of what was measured before; a family without samples is not shown."""
        self._families = [_family(measured, found) for measured, found in samples if found]


EXPOSITION = Exposition()
"""The process's own, in the default registry: one worker runs in a process at a time."""
REGISTRY.register(EXPOSITION)


class Gauges:
    """Works out the metrics of one worker. `clock` gives µs since the epoch."""

    def __init__(
        self,
        board: Board,
        status: Callable[[], EngineStatus],
        profiles: Profiles,
        clock: Callable[[], int],
        *,
        exposition: Exposition = EXPOSITION,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = board
        self._status = status
        self._profiles = profiles
        self._clock = clock
        self._exposition = exposition
        self._seconds = seconds
        self._good_until = float("-inf")

    def measure(self, ready: bool) -> Callable[[], None]:
        """Look at everything as it is now, on the event loop; the result works it out and shows it,
        in whatever thread. What was looked at within the last second is good enough."""
        now = self._seconds()
        if now < self._good_until:
            return lambda: None
        self._good_until = now + FRESH
        board, status, clock = self._board, self._status(), self._clock()
        if not status.partitions:
            # Nobody ticks here, so nobody else would take back what was said of feeds.
            metrics.FEED_SILENT.clear()
            metrics.FEED_QUIET.clear()
        states: Samples = {(table,): number for table, number in board.states.items()}
        standing, label, days = board.standing.copy(), board.shops.labels(), board.days.at(clock)
        shortages = board.shortages.copy()

        def work_out() -> None:
            samples: list[tuple[Measured, Samples]] = [(metrics.READY, {(): float(ready)})]
            samples += _of_engine(status)
            if status.assigned:
                # What was taken away is in the numbers of whoever has it now.
                samples.append((metrics.STATES, states))
                samples += _of_warnings(standing, label, clock)
                samples += _of_days(days())
                samples += _of_stock(shortages, label, self._profiles, clock)
            samples += _of_profiles(self._profiles, clock)
            samples.append((metrics.BUILD, {_versions(): 1}))
            self._exposition.show(samples)

        return work_out


def _of_warnings(standing: Standing, label: Label, now: int) -> list[tuple[Measured, Samples]]:
    counts: Sums = {}
    for (platform, shop, rule, stage, state), number in standing.counts.items():
        _add(counts, (platform, label(platform, shop), rule, stage, state), number)
    due: Sums = {}
    nearest: Sums = {}
    this = now // MINUTE
    for (platform, shop, minute), number in standing.deadlines.items():
        place = platform, label(platform, shop)
        for hours in WITHIN_HOURS:
            _add(due, (*place, str(hours)), number if minute - this < hours * 60 else 0)
        left = max(0.0, (minute * MINUTE - now) / SECOND)
        nearest[place] = min(nearest.get(place, left), left)
    money: Sums = {}
    currencies: Sums = {}
    for (platform, shop, state, currency), (least, most) in standing.money.items():
        head = platform, label(platform, shop), state, currency
        _add(money, (*head, "least"), least)
        _add(money, (*head, "most"), most)
        currencies[currency,] = 10 ** decimals_of(currency)
    found: list[tuple[Measured, Samples]] = [
        (metrics.OPEN_WARNINGS, counts),
        (metrics.WARNINGS_DUE, due),
        (metrics.NEXT_DEADLINE, nearest),
        (metrics.EXPOSURE, money),
        (metrics.CURRENCY, currencies),
    ]
    for measured, numbers in (
        (metrics.STRIKES, standing.strikes),
        (metrics.UNPRICED, standing.unpriced),
    ):
        by_shop: Sums = {}
        for (platform, shop, state), number in numbers.items():
            _add(by_shop, (platform, label(platform, shop), state), number)
        found.append((measured, by_shop))
    return found


def _of_days(today: Iterable[Today]) -> list[tuple[Measured, Samples]]:
    days = list(today)
    nearest = nsmallest(
        SHOPS_SHOWN,
        days,
        key=lambda day: (min((n for _, n in day.distances), default=1 << 62), day.shop),
    )
    shown: set[Shop] = {day.shop for day in nearest}
    orders: Sums = {}
    distances: Sums = {}
    for day in days:
        place = day.shop[0], day.shop[1] if day.shop in shown else OTHER
        for measure, number in zip(MEASURES, day.counts, strict=False):
            _add(orders, (*place, measure), number)
        for line, distance in day.distances:
            key = (*place, line)
            distances[key] = min(distances.get(key, distance), distance)
    return [(metrics.SHOP_DAY_ORDERS, orders), (metrics.SHOP_LINE_DISTANCE, distances)]


def _of_stock(
    shortages: Shortages, label: Label, profiles: Profiles, now: int
) -> list[tuple[Measured, Samples]]:
    """A platform without a profile is that of the profile that judges its orders."""
    found: list[tuple[Measured, Samples]] = []
    for measured, numbers in (
        (metrics.PRODUCTS_SHORT, shortages.products),
        (metrics.PIECES_SHORT, shortages.pieces),
    ):
        by_shop: Sums = {}
        for (stated, shop), number in numbers.items():
            platform = profiles.at(stated, now).platform
            _add(by_shop, (platform, label(platform, shop)), number)
        found.append((measured, by_shop))
    return found


def _of_engine(status: EngineStatus) -> list[tuple[Measured, Samples]]:
    found: list[tuple[Measured, Samples]] = [
        (
            metrics.PARTITIONS,
            {
                ("owned",): status.partitions,
                ("held",): status.held,
                ("counted",): status.partitions - status.uncounted,
            },
        ),
        (metrics.LAG_RECORDS, {(topic,): number for topic, number in status.lag.items()}),
        (metrics.LAG_SECONDS, {(topic,): age for topic, age in status.lag_s.items()}),
        (metrics.TOPICS_UNREAD, {(topic,): unread for topic, unread in status.unread.items()}),
        (metrics.INPUTS_STOPPED, {(topic,): number for topic, number in status.stopped.items()}),
        (metrics.DUE, {(table,): number for table, (number, _) in status.due.items()}),
        (metrics.DUE_AGE, {(table,): age for table, (_, age) in status.due.items()}),
        (metrics.STATE_BYTES, {(table,): size for table, size in status.store_bytes.items()}),
        (metrics.STATE_REFUSED, {(table,): number for table, number in status.refused.items()}),
    ]
    alone: list[tuple[Measured, float | None]] = [
        (metrics.GATE_LAG, status.watermark_lag_s),
        (metrics.CLOCK_AHEAD, status.clock_ahead_s),
        (metrics.CLOCK_DOUBTED, float(status.clock_doubted)),
        (metrics.CLOCK_DOUBTS, status.clock_doubts),
        (metrics.HEARTBEAT_AGE, status.heartbeat_age_s),
        (metrics.OUTAGE, status.outage_s),
        (metrics.IN_FLIGHT, status.in_flight_records),
        (metrics.PENDING, status.pending_records),
        (metrics.PRODUCER_QUEUE, status.producer_queue),
        (metrics.COMMIT_AGE, status.commit_age_s),
        (metrics.CHUNKS_DROPPED, status.chunks_dropped),
        (metrics.ASSIGNMENTS, status.assignments),
        (metrics.RESTORE_REMAINING, status.restore_remaining),
        (metrics.RESTORED, status.restore_records),
        (metrics.RESTORE_SECONDS, status.restore_seconds),
        (metrics.STANDBY_PARTITIONS, status.standby_partitions),
        (metrics.STANDBY_REMAINING, status.standby_remaining),
    ]
    return found + [(each, {(): value}) for each, value in alone if value is not None]


def _of_profiles(profiles: Profiles, now: int) -> list[tuple[Measured, Samples]]:
    known = {(profile.id, profile.platform): profile for profile in profiles.all}
    return [
        (
            metrics.PROFILE,
            {key: float(profiles.at(key[1], now) is profile) for key, profile in known.items()},
        ),
        (
            metrics.PROFILE_READ,
            {key: _midnight(profile.read_on) for key, profile in known.items()},
        ),
    ]


def _midnight(day: str) -> float:
    """The beginning of a day (UTC), in seconds since the epoch."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


@cache
def _versions() -> tuple[str, ...]:
    return (
        version("shipsentry"),
        python.python_version(),
        version("faust-streaming"),
        confluent_kafka.libversion()[0],
    )


def _add(sums: Sums, key: tuple[str, ...], number: float) -> None:
    sums[key] = sums.get(key, 0) + number
