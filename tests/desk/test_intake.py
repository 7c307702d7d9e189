"""From the topics into the database, exactly once, whatever ends a desk."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from psycopg.errors import ProgramLimitExceeded
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from support.desk import NOON, an_id, put, warned
from support.ports import free_port

from schemas.warning_action import WarningAction
from streams.demo.broker import EmbeddedCluster
from streams.desk.actions.perform import Act, perform
from streams.desk.actions.relay import Relay
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.keep import clear
from streams.desk.database.tables import (
    actions,
    cells,
    offsets,
    outbox,
    revisions,
    unreadable,
    warnings,
    work,
)
from streams.desk.database.wanted import DIMENSIONS
from streams.desk.intake import consumer as consuming
from streams.desk.intake.anew import forget
from streams.desk.intake.consumer import REFUSED, Intake, Source
from streams.desk.intake.ownership import Seen, claim
from streams.engine.kafka.topics import Topics

TOPICS = Topics()
PATIENCE = 60.0


def wait_for(what: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Return once it is so."""
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def count(database: Database, table: Any) -> int:
    """Rows of a table."""
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def cluster() -> Iterator[EmbeddedCluster]:
    """A cluster with the topics of an application."""
    names = (TOPICS.orders, TOPICS.tracking, *TOPICS.outputs, TOPICS.actions)
    with EmbeddedCluster(topics=dict.fromkeys(names, 4)) as found:
        yield found


def history(many: int) -> list[dict[str, Any]]:
    """Revisions of a third as many warnings, of each in order."""
    states = ("open", "breached", "resolved")
    return [
        warned(number // 3, 1 + number % 3, states[number % 3], shop_id=f"s-{number % 5}")
        for number in range(many)
    ]


def produce(cluster: EmbeddedCluster, topic: str, values: list[tuple[str, bytes | None]]) -> None:
    """Write records, by key."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "linger.ms": 5})
    for key, value in values:
        producer.produce(topic, value, key)
    assert producer.flush(PATIENCE) == 0


def send(cluster: EmbeddedCluster, values: list[dict[str, Any]]) -> None:
    """Publish warnings."""
    produce(cluster, TOPICS.warnings, [(v["warning_id"], json.dumps(v).encode()) for v in values])


def source(cluster: EmbeddedCluster, **more: Any) -> Source:
    """Where a desk of these tests reads."""
    return Source(cluster.bootstrap, "shipsentry-desk", TOPICS, session_timeout_s=6.0, **more)


@contextmanager
def reading(database: Database, found: Source) -> Iterator[Intake]:
    """An intake that runs in a thread."""
    intake = Intake(database, found, lambda: NOON)
    stop = threading.Event()
    thread = threading.Thread(target=intake.run, args=(stop,))
    thread.start()
    try:
        yield intake
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def agrees(database: Database, values: list[dict[str, Any]]) -> None:
    """Every newest revision and every revision once; counts and offsets as they should be."""
    newest = {value["warning_id"]: value["revision"] for value in values}
    with database.reading() as connection:
        found = connection.execute(select(warnings)).mappings().all()
        kept = connection.execute(select(revisions.c.warning_id, revisions.c.revision)).all()
        ends = connection.execute(
            select(func.sum(offsets.c.next_offset)).where(offsets.c.topic == TOPICS.warnings)
        ).scalar_one()
        counted = {
            tuple(row[name] for name in DIMENSIONS): row["n"]
            for row in connection.execute(select(cells).where(cells.c.n != 0)).mappings()
        }
    assert {row["warning_id"]: row["revision"] for row in found} == newest
    assert sorted(map(tuple, kept)) == sorted((v["warning_id"], v["revision"]) for v in values)
    assert ends == len(values)
    assert counted == Counter(tuple(row[name] for name in DIMENSIONS) for row in found)


def test_what_is_read_is_kept_and_what_is_no_message_is_told(
    database: Database, cluster: EmbeddedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    """A second desk goes on where the first one ended, by the database's word alone."""
    values = history(300)
    send(cluster, values[:150])
    produce(cluster, TOPICS.warnings, [("k", b"no json, zhang@example.com")])
    produce(cluster, TOPICS.tracking, [("k", b"{}")])
    with reading(database, source(cluster)) as intake:
        wait_for(lambda: count(database, revisions) == 150 and count(database, unreadable) == 2)
        wait_for(lambda: sum(intake.lag.values()) == 0)
        assert intake.problem is None
    send(cluster, values[150:])
    with reading(database, source(cluster)) as intake:
        wait_for(lambda: count(database, revisions) == 300)
        wait_for(lambda: intake.counts[TOPICS.warnings, "written"] == 150)
    with database.reading() as connection:
        found = {(row.topic, row.reason) for row in connection.execute(select(unreadable))}
    assert found == {(TOPICS.warnings, "not_json"), (TOPICS.tracking, "missing_field")}
    assert "not_json" in caplog.text
    assert "zhang" not in caplog.text


def test_a_database_that_is_away_is_waited_for(
    sqlite: Database, cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost or read twice; readiness says what it waits for."""
    values = history(60)
    away = threading.Event()
    away.set()
    real = consuming.write

    def write(*arguments: Any) -> Any:
        if away.is_set():
            raise OperationalError("INSERT", {}, Exception("the server is away"))
        return real(*arguments)

    monkeypatch.setattr(consuming, "write", write)
    send(cluster, values)
    with reading(sqlite, source(cluster)) as intake:
        wait_for(lambda: intake.problem == "the server is away")
        away.clear()
        wait_for(lambda: count(sqlite, revisions) == 60)
        wait_for(lambda: intake.problem is None)
    agrees(sqlite, values)


def test_a_record_that_the_database_refuses_stops_nobody(
    sqlite: Database, cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told and kept by its place; all others are written."""
    values = history(60)
    bad = values[10]["warning_id"]
    real = consuming.write

    def write(connection: Any, reads: Any, *rest: Any) -> Any:
        if any(getattr(read.message, "warning_id", None) == bad for read in reads):
            raise OperationalError("INSERT", {}, ProgramLimitExceeded("index row too large"))
        return real(connection, reads, *rest)

    monkeypatch.setattr(consuming, "write", write)
    send(cluster, values)
    with reading(sqlite, source(cluster)):
        wait_for(lambda: count(sqlite, revisions) == 57)
    with sqlite.reading() as connection:
        reasons = list(connection.execute(select(unreadable.c.reason)).scalars())
    assert reasons == [REFUSED] * 3


def test_a_topic_made_anew_is_read_from_its_beginning(database: Database) -> None:
    """By its id, or by an end before what was read: all partitions, once; lost records are told."""
    forgotten: list[str] = []

    def take(seen: Seen, partition: int = 0) -> Any:
        with database.writing() as connection:
            return claim(
                connection, "t", partition, "me", seen, lambda _, topic: forgotten.append(topic)
            )

    def read_up_to(offset: int) -> None:
        with database.writing() as connection:
            connection.execute(offsets.update().values(next_offset=offset))

    first = take(Seen("A", 5, 100))
    take(Seen("A", 5, 100), 1)
    assert (first.begin, first.made_anew, first.lost) == (5, False, 0)
    read_up_to(50)
    again = take(Seen("A", 5, 100))
    assert (again.begin, again.made_anew) == (50, False)
    assert again.taken.epoch > first.taken.epoch
    expired = take(Seen("A", 70, 100))
    assert (expired.begin, expired.made_anew, expired.lost) == (70, False, 20)
    assert forgotten == []
    other = take(Seen("B", 0, 100))
    neighbour = take(Seen("B", 0, 100), 1)
    assert (other.begin, other.made_anew, other.lost) == (0, True, 0)
    assert (neighbour.begin, neighbour.made_anew, neighbour.lost) == (0, False, 0)
    assert forgotten == ["t"]
    read_up_to(50)
    shorter = take(Seen("", 0, 10))
    assert (shorter.begin, shorter.made_anew) == (0, True)
    assert forgotten == ["t", "t"]


def test_a_new_topic_s_revisions_are_not_kept_out_by_the_old_one_s(database: Database) -> None:
    """Nor hidden by an acknowledgement of then; assignments and comments stay."""
    put(database, [warned("a", 900, "breached")])
    for act in (Act("acknowledge", "li"), Act("assign", "li", assignee="wang")):
        perform(database, [an_id("a")], act, NOON)
    with database.writing() as connection:
        forget(connection, TOPICS, TOPICS.warnings, "B", NOON)
    put(database, [warned("a", 1, "breached")])
    with database.reading() as connection:
        (row,) = connection.execute(select(warnings)).all()
        (done,) = connection.execute(select(work)).all()
    assert (row.revision, done.acknowledged_at, done.assignee) == (1, None, "wang")


def test_a_rebuild_while_a_desk_runs(sqlite: Database, cluster: EmbeddedCluster) -> None:
    """It notices that its partitions are gone, and reads again; what was done stays."""
    values = history(90)
    send(cluster, values[:60])
    with reading(sqlite, source(cluster)):
        wait_for(lambda: count(sqlite, revisions) == 60)
        perform(sqlite, [an_id(3)], Act("comment", "li", comment="called"), NOON)
        clear(sqlite)
        send(cluster, values[60:])
        wait_for(lambda: count(sqlite, revisions) == 90)
    agrees(sqlite, values)
    assert count(sqlite, actions) == 1


def test_actions_reach_the_topic_in_order(sqlite: Database, cluster: EmbeddedCluster) -> None:
    """At least once, by id; brokers that fail for a while make them late and no more."""
    send(cluster, [warned("a"), warned("b")])
    with reading(sqlite, source(cluster)):
        wait_for(lambda: count(sqlite, warnings) == 2)
    for number in range(5):
        act = Act("comment", "li", comment=str(number))
        perform(sqlite, [an_id("a"), an_id("b")], act, NOON)
    cluster.push_produce_errors(6, 7)  # not the leader, timed out
    relay = Relay(sqlite, cluster.bootstrap, {}, TOPICS.actions)
    while relay.publish():
        pass
    assert count(sqlite, outbox) == 0
    reader = Consumer(
        {"bootstrap.servers": cluster.bootstrap, "group.id": "x", "auto.offset.reset": "earliest"}
    )
    reader.subscribe([TOPICS.actions])
    found: list[Any] = []
    wait_for(lambda: found.extend(reader.consume(10, 0.2)) or len(found) >= 10)
    reader.close()
    messages = [WarningAction.model_validate_json(record.value()) for record in found]
    assert {record.key().decode() for record in found} == {an_id("a"), an_id("b")}
    for name in ("a", "b"):
        mine = [each for each in messages if each.warning_id == an_id(name)]
        assert [each.action.comment for each in mine] == ["0", "1", "2", "3", "4"]
        assert [each.work.comments for each in mine] == [1, 2, 3, 4, 5]
        assert [each.sequence for each in mine] == sorted(each.sequence for each in mine)


@contextmanager
def desk(cluster: EmbeddedCluster, url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`shipsentry desk serve` as a process, ended with the block whatever happens."""
    environment = {
        **os.environ,
        "SHIPSENTRY_BOOTSTRAP_SERVERS": cluster.bootstrap,
        "SHIPSENTRY_DATA_DIR": str(folder),
        "SHIPSENTRY_DESK_DATABASE": url,
        "SHIPSENTRY_DESK_PORT": str(free_port()),
        "SHIPSENTRY_DESK_BATCH_RECORDS": "50",
        "SHIPSENTRY_SESSION_TIMEOUT_S": "6",
        "SHIPSENTRY_DELIVERY_TIMEOUT_S": "5",
        "SHIPSENTRY_HEARTBEAT_S": "1",
    }
    with (folder / f"desk-{time.monotonic_ns()}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "desk", "serve"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.timeout(240)
def test_killed_in_the_midst_the_database_equals_the_topic(
    sqlite: Database, cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """kill -9 twice; two desks on one PostgreSQL are in `tests/desk/test_equals_topic.py`."""
    url = sqlite_url(tmp_path / "desk.sqlite")
    values = history(3_000)
    dice = random.Random(14)
    send(cluster, values[:1_500])
    for round_ in range(2):
        with desk(cluster, url, tmp_path) as process:
            target = count(sqlite, revisions) + dice.randrange(100, 400)
            wait_for(lambda goal=target: count(sqlite, revisions) >= goal)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert count(sqlite, revisions) < 1_500, f"round {round_} ended too late to be killed"
    with desk(cluster, url, tmp_path) as last:
        send(cluster, values[1_500:])
        wait_for(lambda: count(sqlite, revisions) == 3_000)
        last.send_signal(signal.SIGTERM)
        assert last.wait(PATIENCE) == 0
    agrees(sqlite, values)
