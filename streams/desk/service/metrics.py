"""What Prometheus is told of a desk, worked out when it asks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, select

from streams.desk.actions.relay import waiting
from streams.desk.database.database import Database
from streams.desk.database.tables import shop_sums
from streams.desk.intake.consumer import Intake


class DeskMetrics:
    """A registry of its own: a worker's metrics are none of a desk's."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self) -> bytes:
        """The text that Prometheus reads. Raises DBAPIError where the database does not answer."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing is asked of the database before somebody asks for it."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each metric with its samples."""
        records = CounterMetricFamily(
            "shipsentry_desk_records",
            "Records read, by topic and by what became of them: written, unreadable, lost.",
            labels=["topic", "outcome"],
        )
        for (topic, outcome), n in sorted(self._intake.counts.items()):
            records.add_metric([topic, outcome], n)
        yield records
        lag = GaugeMetricFamily(
            "shipsentry_desk_lag_records",
            "Records of this desk's partitions that it has not read yet, by topic.",
            labels=["topic"],
        )
        for topic, behind in sorted(self._intake.lag.items()):
            lag.add_metric([topic], behind)
        yield lag
        kept = GaugeMetricFamily(
            "shipsentry_desk_warnings",
            "Warnings in the database, by state: open and breached ones stand.",
            labels=["state"],
        )
        with self._database.reading() as connection:
            query = select(shop_sums.c.state, func.sum(shop_sums.c.n))
            query = query.group_by(shop_sums.c.state)
            for state, n in connection.execute(query):
                kept.add_metric([state], int(n))
            wait = waiting(connection)
        yield kept
        yield GaugeMetricFamily(
            "shipsentry_desk_actions_waiting",
            "Actions that are written down and not published yet.",
            value=wait,
        )
        yield GaugeMetricFamily(
            "shipsentry_desk_ready", "1 where /readyz says so.", value=self._intake.problem is None
        )
