"""What Prometheus is told of a desk. What the database is asked for is looked at every few seconds,
so that a slow one keeps nobody's scrape waiting."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from streams.desk.actions.relay import Waiting, waiting
from streams.desk.database.database import Database
from streams.desk.database.tables import shop_sums
from streams.desk.intake.consumer import Intake
from streams.desk.notify.log import Load, loads
from streams.facts.times import SECOND
from streams.notify.routes import Plan
from streams.telemetry import metrics
from streams.telemetry.metrics import Measured

LOOKS_S = 5.0
"""Between two looks at the database: as often as Prometheus asks."""

COUNTED = (
    metrics.DESK_REQUESTS,
    metrics.DESK_SECONDS,
    metrics.DESK_SIGN_INS,
    metrics.DESK_DATABASE_ERRORS,
    metrics.DESK_PRUNED,
    metrics.DESK_NOTIFICATIONS,
)
"""What is counted where it happens."""

Samples = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the database said; `free` is the share of SQLite's disk (None: it is PostgreSQL)."""

    warnings: Samples
    waiting: Waiting
    channels: Mapping[str, Load]
    size: int
    free: float | None


class DeskMetrics(Collector):
    """A registry of its own: a worker's metrics are none of a desk's.

    `clock` gives µs since the epoch, `streams` how many listen for changes; `plan` is whom
    it tells (None: nobody).
    """

    def __init__(
        self,
        database: Database,
        intake: Intake,
        clock: Callable[[], int],
        streams: Callable[[], int],
        plan: Plan | None = None,
    ) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock
        self._streams = streams
        self._plan = plan
        self._answer: _Answer | None = None
        self._registry = CollectorRegistry()
        for each in (self, *COUNTED):
            self._registry.register(each)
        ProcessCollector(registry=self._registry)
        for outcome in metrics.DESK_SIGN_IN_OUTCOMES:
            metrics.DESK_SIGN_INS.labels(outcome)
        for kind in metrics.DESK_DATABASE_ERROR_KINDS:
            metrics.DESK_DATABASE_ERRORS.labels(kind)

    def run(self, stop: threading.Event) -> None:
        """Look at the database again and again, until told to stop."""
        while not stop.is_set():
            self.ask()
            stop.wait(LOOKS_S)

    def ask(self) -> None:
        """Ask the database; what it does not answer is not shown."""
        try:
            with self._database.reading() as connection:
                states = select(shop_sums.c.state, func.sum(shop_sums.c.n))
                self._answer = _Answer(
                    {
                        (state,): float(n)
                        for state, n in connection.execute(states.group_by(shop_sums.c.state))
                    },
                    waiting(connection),
                    {} if self._plan is None else loads(connection, self._plan, self._clock()),
                    *_size(self._database.file, connection),
                )
        except (SQLAlchemyError, OSError):  # counted where it happens; a file that goes just then
            self._answer = None

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)

    def describe(self) -> Iterator[Metric]:
        """Nothing: families are worked out when they are asked for."""
        return iter([])

    def collect(self) -> Iterator[Metric]:
        """Each metric with its samples."""
        for measured, samples in self._samples():
            kind = CounterMetricFamily if measured.name.endswith("_total") else GaugeMetricFamily
            family = kind(measured.name, measured.help, labels=measured.labels)
            for labels, value in samples.items():
                family.add_metric(labels, value)
            yield family

    def _samples(self) -> Iterator[tuple[Measured, Samples]]:
        intake, now = self._intake, self._clock()
        yield metrics.DESK_RECORDS, {key: float(n) for key, n in sorted(intake.counts.items())}
        lag, since = intake.lag, intake.behind_since
        yield metrics.DESK_LAG_RECORDS, {(topic,): float(n) for topic, n in sorted(lag.items())}
        ages: Samples = {
            (topic,): max(0, now - since.get(topic, now)) / SECOND for topic in sorted(lag)
        }
        yield metrics.DESK_LAG_SECONDS, ages
        yield metrics.DESK_STREAMS, {(): float(self._streams())}
        pool = zip(("in_use", "idle", "most"), self._database.connections(), strict=True)
        yield metrics.DESK_POOL, {(state,): float(n) for state, n in pool}
        yield metrics.DESK_READY, {(): float(intake.problem is None)}
        said = self._answer
        if said is None:
            return
        yield metrics.DESK_WARNINGS, said.warnings
        yield metrics.DESK_ACTIONS_WAITING, {(): float(said.waiting.actions)}
        waits = 0 if said.waiting.since is None else max(0, now - said.waiting.since)
        yield metrics.DESK_ACTIONS_AGE, {(): waits / SECOND}
        yield (
            metrics.DESK_NOTIFICATIONS_WAITING,
            {
                (channel, kind): float(n)
                for channel, load in said.channels.items()
                for kind, n in (("notices", load.waiting), ("messages", load.queued))
            },
        )
        yield (
            metrics.DESK_NOTIFICATIONS_PARKED,
            {(channel,): float(load.parked) for channel, load in said.channels.items()},
        )
        yield (
            metrics.DESK_NOTIFICATIONS_AGE,
            {
                (channel,): 0.0 if load.since is None else max(0, now - load.since) / SECOND
                for channel, load in said.channels.items()
            },
        )
        yield metrics.DESK_DATABASE_BYTES, {(): float(said.size)}
        if said.free is not None:
            yield metrics.DESK_DISK_FREE, {(): said.free}


def _size(file: Path | None, connection: Connection) -> tuple[int, float | None]:
    """Bytes of the database, and the share of its disk that is free.

    Without a file it is PostgreSQL, which says the former alone.
    """
    if file is None:
        query = text("SELECT pg_database_size(current_database())")
        return int(connection.execute(query).scalar_one()), None
    files = (file, Path(f"{file}-wal"))
    disk = shutil.disk_usage(file.parent)
    return sum(each.stat().st_size for each in files if each.exists()), disk.free / disk.total
