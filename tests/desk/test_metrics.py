"""What Prometheus is told of a desk: all that is declared, and as it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from confluent_kafka import KafkaError
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from support.catalogue import KNOWN
from support.desk import NOON, an_id, put, warned
from support.notifying import plan_of
from support.ports import free_port

from streams.desk.access import secrets, users
from streams.desk.access.who import Role
from streams.desk.actions.perform import Act, perform
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.database.database import Database
from streams.desk.intake.consumer import Intake, Source
from streams.desk.service.metrics import DeskMetrics
from streams.engine.kafka.topics import Topics
from streams.facts.times import DAY, SECOND
from streams.profiles.loader import load
from streams.telemetry import metrics

OF_SQLITE = "shipsentry_desk_disk_free_ratio"
Key = tuple[str, frozenset[tuple[str, str]]]


class Time:
    """What a test says that it is."""

    now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Time:
    """Noon, until moved."""
    return Time()


@pytest.fixture
def intake(database: Database, clock: Time) -> Intake:
    """One that reads nothing by itself."""
    return Intake(database, Source("127.0.0.1:1", "g", Topics()), clock)


@pytest.fixture
def shown(database: Database, intake: Intake, clock: Time, tmp_path: Path) -> DeskMetrics:
    """What is told, of a desk to which three listen."""
    plan = plan_of(tmp_path, '[routes.all]\nchannels = ["ops"]\n')
    return DeskMetrics(database, intake, clock, lambda: 3, plan)


def samples(shown: DeskMetrics) -> dict[Key, float]:
    """What /metrics says, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(shown.render().decode())
        for sample in family.samples
    }


def key(name: str, **labels: str) -> Key:
    """One of them."""
    return f"shipsentry_desk_{name}", frozenset(labels.items())


class Brokers:
    """A consumer that knows how far partitions reach."""

    def __init__(self, **ends: int) -> None:
        self._ends = ends

    def get_watermark_offsets(self, place: Any, cached: bool) -> tuple[int, int]:
        """From the first record to behind the last one."""
        return 0, self._ends[place.topic]


def behind(intake: Intake) -> None:
    """Two topics, of the first of which three records wait."""
    places = {("warnings", 0): 7, ("orders", 0): 5}
    intake._positions, intake._dates = places, dict.fromkeys(places, NOON - 90 * SECOND)
    intake.counts["warnings", "written"] = 7
    intake._measure(Brokers(warnings=10, orders=5))  # type: ignore[arg-type]
    intake.problem = None


def test_all_that_is_declared_is_told_with_its_labels(
    database: Database, shown: DeskMetrics, intake: Intake
) -> None:
    """Nothing stands in the manual, on dashboards or in alerts that no desk says."""
    put(database, [warned("a"), warned("b", 2, "breached")])
    behind(intake)
    metrics.DESK_REQUESTS.labels("/x", "200")
    metrics.DESK_SECONDS.observe((1.0,), "/x")
    metrics.DESK_PRUNED.labels("links")
    metrics.DESK_NOTIFICATIONS.labels("ops", "sent")
    shown.ask()
    told: dict[str, set[str]] = {}
    for name, labels in samples(shown):
        told.setdefault(name, set()).update(dict(labels))
    ours = {name: set(labels) for name, labels in KNOWN.items() if "shipsentry_desk_" in name}
    if not database.is_sqlite:
        del ours[OF_SQLITE]
    assert {name: told.get(name) for name in ours} == ours
    assert {name for name in told if name.startswith("shipsentry_")} == set(ours)
    assert "process_resident_memory_bytes" in told


def test_how_far_a_desk_is_behind(shown: DeskMetrics, intake: Intake, clock: Time) -> None:
    """In records, and by the age of the last one that it took."""
    behind(intake)
    clock.now += 10 * SECOND
    found = samples(shown)
    assert found[key("lag_records", topic="warnings")] == 3
    assert found[key("lag_seconds", topic="warnings")] == 100
    assert found[key("lag_records", topic="orders")] == 0
    assert found[key("lag_seconds", topic="orders")] == 0
    assert found[key("ready")] == 1
    intake.problem = "disk"
    assert samples(shown)[key("ready")] == 0


class End:
    """What librdkafka says where a partition has no more for now."""

    def __init__(self, topic: str, offset: int) -> None:
        self.topic, self.partition, self.offset = (lambda: topic), (lambda: 0), (lambda: offset)

    def error(self) -> KafkaError:
        """That it is the end."""
        return KafkaError(KafkaError._PARTITION_EOF)


def test_the_mark_of_a_transaction_is_nothing_to_wait_for(intake: Intake) -> None:
    """A partition may end behind its last record; what comes after that waits again."""
    behind(intake)
    brokers: Any = Brokers(warnings=10, orders=5)
    ends: Any = [End("warnings", 10)]
    intake._take(brokers, ends, threading.Event())
    intake._measure(brokers)
    assert (intake.lag["warnings"], intake.behind_since) == (0, {})
    brokers = Brokers(warnings=12, orders=5)
    intake._measure(brokers)
    assert intake.lag["warnings"] == 2
    assert intake.behind_since == {"warnings": NOON - 90 * SECOND}


def test_what_the_database_has(database: Database, shown: DeskMetrics, clock: Time) -> None:
    """Warnings by state, what waits for publication and for how long, size, connections."""
    put(database, [warned("a"), warned("b"), warned("c", 2, "breached")])
    shown.ask()
    found = samples(shown)
    assert found[key("warnings", state="open")] == 2
    assert found[key("actions_waiting")] == found[key("actions_waiting_seconds")] == 0
    perform(database, [an_id("a")], Act("known_to_platform", "li"), NOON)
    perform(database, [an_id("b")], Act("known_to_platform", "li"), NOON + SECOND)
    shown.ask()
    clock.now += 60 * SECOND
    found = samples(shown)
    assert found[key("actions_waiting")] == 2
    assert found[key("actions_waiting_seconds")] == 60
    assert 100_000 < found[key("database_bytes")] < 100_000_000
    assert found[key("event_streams")] == 3
    assert found[key("database_connections", state="most")] == 16
    assert found[key("database_connections", state="in_use")] == 0
    with database.reading():
        assert samples(shown)[key("database_connections", state="in_use")] == 1
    assert (key("disk_free_ratio") in found) is database.is_sqlite


def test_a_database_that_is_away_takes_no_other_figure_away(
    clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prometheus still learns that the desk runs, and is not ready."""
    away = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    intake = Intake(away, Source("127.0.0.1:1", "g", Topics()), clock)
    shown = DeskMetrics(away, intake, clock, lambda: 0)
    before = samples(shown)[key("database_errors_total", kind="connection")]
    shown.ask()
    found = samples(shown)
    assert found[key("database_errors_total", kind="connection")] == before + 1
    assert found[key("ready")] == 0
    assert key("actions_waiting") not in found
    away.close()


def errors(kind: str) -> float:
    """How many of a kind were counted."""
    found: float = metrics.DESK_DATABASE_ERRORS.labels(kind)._value.get()
    return found


def test_errors_are_counted_by_kind(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an operator would act on them."""
    before = {kind: errors(kind) for kind in metrics.DESK_DATABASE_ERROR_KINDS}
    with pytest.raises(DBAPIError), database.reading() as connection:
        connection.execute(text("SELECT no_such_thing"))
    assert errors("other") == before["other"] + 1
    if database.is_sqlite:
        kind, limit = "full", "PRAGMA max_page_count = 1"
        fails = "CREATE TABLE large AS SELECT zeroblob(10000000) AS x"
    else:
        kind, limit = "busy", "SELECT set_config('statement_timeout', '1', false)"
        fails = "SELECT pg_sleep(5)"
    with database.writing() as connection:
        connection.execute(text(limit))
    with pytest.raises(DBAPIError), database.writing() as connection:
        connection.execute(text(fails))
    assert errors(kind) == before[kind] + 1


def test_a_pool_without_a_connection_left_is_counted(sqlite: Database) -> None:
    """It is no error of the driver, and none the less one of the database's."""
    before = errors("pool")
    sqlite.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    held = [sqlite.engine.connect() for _ in range(16)]
    with pytest.raises(PoolTimeout), sqlite.reading():
        pass
    for each in held:
        each.close()
    assert errors("pool") == before + 1


@pytest.fixture
def client(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Nobody in particular, before a desk with its console."""
    monkeypatch.setattr(secrets, "HASHER", PasswordHasher(1, 8, 1))
    console = Console(load())
    app = make_app(Desk(sqlite, lambda: NOON + DAY), [lambda each: install(each, console)])
    with TestClient(app, "http://localhost", follow_redirects=False) as found:
        yield found


def test_requests_are_counted_by_the_pattern_of_their_path(client: TestClient) -> None:
    """No id of an order or parcel becomes a label, and no address that somebody makes up."""

    def count(route: str, status: int) -> float:
        found: float = metrics.DESK_REQUESTS.labels(route, str(status))._value.get()
        return found

    asked = {
        "/api/v1/orders/o-1": ("/api/v1/orders/{order_id:path}", 401),
        "/nothing/o-2": ("(none)", 404),
        "/healthz": ("/healthz", 200),
    }
    before = {which: count(*which) for which in asked.values()}
    for path, (route, status) in asked.items():
        timed = metrics.DESK_SECONDS.count(route)
        assert client.get(path).status_code == status
        assert count(route, status) == before[route, status] + 1
        assert metrics.DESK_SECONDS.count(route) == timed + 1


def test_sign_ins_are_counted_by_outcome(client: TestClient, sqlite: Database) -> None:
    """Whoever tries passwords out is seen."""
    users.add(sqlite, "li", "correct horse battery", Role.viewer, None, NOON)
    outcomes = metrics.DESK_SIGN_IN_OUTCOMES
    counters = {each: metrics.DESK_SIGN_INS.labels(each)._value for each in outcomes}
    before = {each: counter.get() for each, counter in counters.items()}
    client.post("/sign-in", data={"name": "li", "password": "correct horse battery"})
    for _ in range(7):
        client.post("/sign-in", data={"name": "li", "password": "wrong"})
    found = {each: counter.get() - before[each] for each, counter in counters.items()}
    assert found == {"accepted": 1, "refused": 5, "throttled": 2}
