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
from streams.desk.database.tables import cells
from streams.desk.intake.consumer import Intake
from streams.facts.times import SECOND
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
)
"""What is counted where it happens."""

Samples = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class _Look:
    """What the database said."""

    warnings: Samples
    waiting: Waiting
    size: int


class DeskMetrics(Collector):
    """A registry of its own: a worker's metrics are none of a desk's.

    `clock` gives µs since the epoch, `streams` how many listen for changes.
    """

    def __init__(
        self,
        database: Database,
        intake: Intake,
        clock: Callable[[], int],
        streams: Callable[[], int],
    ) -> None:
        self._database = database
        self._intake = intake
        self._clock = clock
        self._streams = streams
        self._look: _Look | None = None
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
            self.look()
            stop.wait(LOOKS_S)

    def look(self) -> None:
        """Ask the database; what it does not answer is not shown."""
        try:
            with self._database.reading() as connection:
                states = select(cells.c.state, func.sum(cells.c.n)).group_by(cells.c.state)
                self._look = _Look(
                    {(state,): float(n) for state, n in connection.execute(states)},
                    waiting(connection),
                    _size(self._database.file, connection),
                )
        except SQLAlchemyError:  # counted where it happens
            self._look = None

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)

    def describe(self) -> Iterator[Metric]:
        """Every family that there may be, so that no two have one name."""
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
        file = self._database.file
        if file is not None:
            disk = shutil.disk_usage(file.parent)
            yield metrics.DESK_DISK_FREE, {(): disk.free / disk.total}
        look = self._look
        if look is None:
            return
        yield metrics.DESK_WARNINGS, look.warnings
        yield metrics.DESK_ACTIONS_WAITING, {(): float(look.waiting.actions)}
        waits = 0 if look.waiting.since is None else max(0, now - look.waiting.since)
        yield metrics.DESK_ACTIONS_AGE, {(): waits / SECOND}
        yield metrics.DESK_DATABASE_BYTES, {(): float(look.size)}


def _size(file: Path | None, connection: Connection) -> int:
    """Bytes of the database; without a file it is PostgreSQL's to say."""
    if file is None:
        query = text("SELECT pg_database_size(current_database())")
        return int(connection.execute(query).scalar_one())
    files = (file, Path(f"{file}-wal"))
    return sum(each.stat().st_size for each in files if each.exists())
