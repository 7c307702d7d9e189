"""A cluster whose first group we are: no error is logged while it makes its first coordinator."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaConnectionError,
)
from echo_worker import config_of, make_app, running, topics, until
from kafka_server import KafkaServer

from streams.engine.kafka import coordinator
from streams.engine.kafka.coordinator import PatientLookup
from streams.telemetry.events import Event


@pytest.fixture
def fresh() -> Iterator[KafkaServer]:
    """A Kafka that no group has ever joined: the shared one has had many."""
    with KafkaServer() as server:
        yield server


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and name of each event of the lookup."""
    return [
        (record.levelname, record.args.name)
        for record in caplog.records
        if record.name == coordinator.__name__ and isinstance(record.args, Event)
    ]


def test_the_first_worker_of_a_new_cluster_logs_no_error(
    fresh: KafkaServer, app_id: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The cluster has no coordinator at first, which is news; then all is well."""
    for name, config in topics(app_id).items():
        fresh.create_topic(name, 4, config)
    caplog.set_level(logging.INFO, "streams")

    async def run() -> None:
        app = make_app(
            config_of({"bootstrap": fresh.bootstrap, "app_id": app_id, "data_dir": tmp_path})
        )
        async with running(app):
            await until(lambda: app.engine.assigned)

    asyncio.run(run())
    assert events(caplog) == [("INFO", "coordinator_awaited")]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


class Client:
    """Answers one of `answers` a question: a node, or an error; a second passes between two."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.now = 0.0

    async def coordinator_lookup(self, kind: int, key: str) -> int:
        """As AIOKafkaClient.coordinator_lookup."""
        assert (kind, key) == (0, "group")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def force_metadata_update(self) -> bool:
        """As AIOKafkaClient.force_metadata_update."""
        self.now += 1.0
        return True

    def lookup(self, monkeypatch: pytest.MonkeyPatch, closing: Any = lambda: False) -> int:
        """What the patient lookup says, without waiting between questions."""
        monkeypatch.setattr(coordinator, "_ASK_AGAIN", 0.0)
        patient = PatientLookup(self, closing, lambda: self.now)
        return asyncio.run(patient(0, "group"))


AWAY = GroupCoordinatorNotAvailableError
LOADING = GroupLoadInProgressError


def test_it_waits_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Ten seconds are no reason to worry."""
    caplog.set_level(logging.INFO, "streams")
    client = Client(*[AWAY()] * 5, *[LOADING()] * 5, 7)
    assert client.lookup(monkeypatch) == 7
    assert events(caplog) == [("INFO", "coordinator_awaited")]


def test_a_coordinator_that_stays_away_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """From ten seconds on a warning, every ten seconds, with how long and why."""
    caplog.set_level(logging.INFO, "streams")
    client = Client(*[AWAY()] * 31, 7)
    assert client.lookup(monkeypatch) == 7
    assert events(caplog) == [
        ("INFO", "coordinator_awaited"),
        *[("WARNING", "coordinator_missing")] * 3,
    ]
    assert caplog.messages[-1] == (
        "the cluster has had no coordinator for group group for 30 s (COORDINATOR_NOT_AVAILABLE)"
    )


def test_a_consumer_that_closes_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the last answer, as aiokafka would have had it."""
    client = Client(*[AWAY()] * 9)
    with pytest.raises(AWAY):
        client.lookup(monkeypatch, lambda: len(client.answers) < 6)
    assert len(client.answers) == 5


@pytest.mark.parametrize("error", [GroupAuthorizationFailedError("group"), KafkaConnectionError()])
def test_other_errors_pass(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """aiokafka says and handles them as ever."""
    caplog.set_level(logging.INFO, "streams")
    with pytest.raises(type(error)):
        Client(error, 7).lookup(monkeypatch)
    assert caplog.records == []
