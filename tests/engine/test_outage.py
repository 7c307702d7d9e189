"""The brokers go away and come back: the worker waits, loses nothing, and does nothing twice that
a crash would not do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from echo_worker import (
    config_of,
    make_app,
    produce,
    read_all,
    running,
    topics,
    until,
    wait_for_tables,
)
from kafka_server import KafkaServer
from prometheus_client import REGISTRY

from streams.cli.logs import configure
from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.readback import ReadBackFailed
from streams.engine.worker import EngineApp
from streams.engine.worker.outage import passes
from streams.engine.worker.runner import Watch, worker
from streams.settings import Settings


@pytest.fixture
def broker(app_id: str) -> Iterator[KafkaServer]:
    """A Kafka of its own, that a test may end, with the echo app's topics."""
    with KafkaServer() as kafka:
        for topic, config in topics(app_id).items():
            kafka.create_topic(topic, 4, config)
        yield kafka


def options(bootstrap: str, app_id: str, tmp_path: Path) -> dict[str, Any]:
    """Of a worker whose deliveries are given up soon, and long before an outage's end."""
    return {
        "bootstrap": bootstrap,
        "app_id": app_id,
        "data_dir": tmp_path / "w",
        "delivery_timeout": 3.0,
    }


def once(do: Callable[[], None]) -> Callable[[Any], None]:
    """What is done before the first chunk is handed over: its effects meet no broker."""
    left = [do]

    def before_submit(_chunk: Any) -> None:
        if left:
            left.pop()()

    return before_submit


def deliver_in_any_case(app: EngineApp) -> None:
    """Let writing not wait for heartbeats: as where the coordinator lives and other brokers do not.
    Else it depends on the moment whether a delivery is given up or never begun."""
    app.engine._session_age = lambda: 0.0  # type: ignore[method-assign]


def test_an_outage_longer_than_any_timeout(
    broker: KafkaServer, app_id: str, tmp_path: Path
) -> None:
    """With work in hand: held, not ready, nothing acknowledged; then everything, and the same
    process; each addition is published, and what the tables are does not depend on the outage."""

    produce(broker.bootstrap, app_id, range(20_000))

    async def run() -> None:
        app = make_app(
            config_of(options(broker.bootstrap, app_id, tmp_path)),
            before_submit=once(lambda: broker.kill_node(1)),
        )
        engine, watch = app.engine, Watch(app.engine)
        deliver_in_any_case(app)
        async with running(app):
            await until(lambda: engine.outage.holding and not engine.assigned)
            said = watch.ready()
            assert said is not None
            assert said.startswith("the brokers have taken nothing for ")
            assert engine.status().outage_s >= 3
            await asyncio.sleep(6)  # longer than the session, too
            assert engine.outage.holding
            assert engine.status().outage_s > 6
            await asyncio.to_thread(broker.restart_node, 1)
            await until(lambda: engine.assigned, 60)
            await asyncio.to_thread(wait_for_tables, broker.bootstrap, app_id, range(20_000))
            await asyncio.to_thread(produce, broker.bootstrap, app_id, range(20_000, 22_000))
            await asyncio.to_thread(wait_for_tables, broker.bootstrap, app_id, range(22_000))
            await until(lambda: watch.ready() is None)
        assert engine.failure is None
        published = {int(value) for *_, value in read_all(broker.bootstrap, f"{app_id}-out")}
        assert published == set(range(22_000))
        counted = REGISTRY.get_sample_value(
            "shipsentry_chunk_records_sum", {"topic": f"{app_id}-in"}
        )
        assert counted == 22_000  # what was dropped and done again once

    asyncio.run(run())


def test_it_is_ridden_out_for_a_time(
    app_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """After the stall time-out the worker ends, with one line."""

    async def run(cluster: EmbeddedCluster) -> int:
        app = make_app(
            config_of({**options(cluster.bootstrap, app_id, tmp_path), "stall_timeout": 5.0}),
            before_submit=once(lambda: cluster.set_broker_down(True)),
        )
        deliver_in_any_case(app)
        return await asyncio.wait_for(worker(app), 100)

    with EmbeddedCluster(topics=dict.fromkeys(topics(app_id), 4)) as cluster:
        produce(cluster.bootstrap, app_id, range(5_000))
        assert asyncio.run(run(cluster)) == 1
    assert "worker failed: DeliveryFailed: " in capfd.readouterr().err


def test_a_name_in_the_group_is_one_workers(
    kafka: KafkaServer, app_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The former one ends with one line and the status of wrong settings; the newcomer goes on."""
    for topic, config in topics(app_id).items():
        kafka.create_topic(topic, 4, config)

    async def run() -> int:
        same = {"group_instance_id": "the-same"}
        former, newcomer = (
            make_app(config_of({**options(kafka.bootstrap, app_id, tmp_path / name), **same}))
            for name in ("former", "newcomer")
        )
        task = asyncio.create_task(worker(former))
        await until(lambda: former.engine.assigned)
        async with running(newcomer):
            status = await asyncio.wait_for(task, 60)
            await until(lambda: newcomer.engine.owned == {0, 1, 2, 3}, 60)
        assert newcomer.engine.failure is None
        return status

    assert asyncio.run(run()) == 2
    (line,) = [
        line for line in capfd.readouterr().err.splitlines() if line.startswith("worker failed")
    ]
    assert line.startswith(
        "worker failed: NameTaken: SHIPSENTRY_GROUP_INSTANCE_ID=the-same: another worker has "
        f"joined the group {app_id} under this name (member the-same-"
    )
    assert line.endswith(" at 127.0.0.1): each worker needs a name of its own")


def test_taken_away_and_given_anew_in_one_generation(app_id: str, tmp_path: Path) -> None:
    """As it happens to static members: what was restored for the former assignment is not read."""

    async def run(cluster: EmbeddedCluster) -> None:
        app = make_app(config_of(options(cluster.bootstrap, app_id, tmp_path)))
        engine = app.engine
        start_at = app.consumer.thread.start_at

        async def revoked_meanwhile(*tps: Any) -> Any:
            app.consumer.thread.start_at = start_at  # type: ignore[method-assign]
            found = await start_at(*tps)
            await engine.on_revoked()
            app.consumer.thread.rejoin()
            return found

        app.consumer.thread.start_at = revoked_meanwhile  # type: ignore[method-assign]
        async with running(app):
            await until(lambda: engine.assigned)
            assert engine.owned == {0, 1, 2, 3}
        assert engine.failure is None
        assert engine.assignments == 1

    with EmbeddedCluster(topics=dict.fromkeys(topics(app_id), 4)) as cluster:
        asyncio.run(run(cluster))


def test_a_failed_start_is_one_line(
    app_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever fails: no traceback of a service that ends with it, and it ends."""
    configure(Settings())

    async def run(cluster: EmbeddedCluster, broken: str) -> int:
        app = make_app(config_of(options(cluster.bootstrap, app_id, tmp_path)))

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("as the test wants it")

        if broken == "restore":
            app.engine.restorer.run = fail  # type: ignore[method-assign]
        else:
            app.consumer.thread._create_consumer = fail
        return await asyncio.wait_for(worker(app), 30)

    with EmbeddedCluster(topics=dict.fromkeys(topics(app_id), 4)) as cluster:
        for broken in ("restore", "consumer"):
            assert asyncio.run(run(cluster, broken)) == 1
            said = capfd.readouterr().err
            assert "worker failed: RuntimeError: as the test wants it" in said
            assert "Traceback" not in said
            assert "Crashed" not in said
            assert "CancelledError" not in said


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.KAFKA_STORAGE_ERROR,
    ],
)
def test_a_leader_that_changes_is_waited_for(code: int) -> None:
    """A partition without a leader, or whose new leader takes over, is no fault of the worker."""
    assert passes(KafkaException(KafkaError(code)))


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_CONFIG,
    ],
)
def test_what_no_waiting_mends_ends_the_worker(code: int) -> None:
    """Neither rights nor sizes come back with a broker."""
    assert not passes(KafkaException(KafkaError(code)))


def test_a_program_error_is_no_outage() -> None:
    """Nor is anything that is not Kafka's; a read that stood still for half a minute is."""
    assert not passes(ValueError("chunk"))
    assert passes(ReadBackFailed("nothing came"))
