"""Two workers: who owns what, and that nobody writes what is not his."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from echo_worker import (
    committed,
    config_of,
    ends,
    make_app,
    produce,
    read_all,
    running,
    start_process,
    topics,
    until,
    wait_for_tables,
)
from kafka_server import KafkaServer
from prometheus_client import REGISTRY

from streams.engine.store.restore import RestoreStopped
from streams.engine.worker import Effects, EngineApp
from streams.telemetry import metrics


@pytest.fixture
def options(kafka: KafkaServer, app_id: str, tmp_path: Path) -> dict[str, Any]:
    """Options of an echo worker on the real broker, whose topics exist; give each a data_dir."""
    for topic, config in topics(app_id).items():
        kafka.create_topic(topic, 4, config)
    return {"bootstrap": kafka.bootstrap, "app_id": app_id}


@pytest.fixture
def start(options: dict[str, Any], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts worker number n; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(number: int, **more: Any) -> subprocess.Popen[bytes]:
        process = start_process(
            tmp_path / f"log{number}", data_dir=tmp_path / f"w{number}", **options, **more
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], Any], timeout: float = 40.0) -> None:
    """Return once the condition holds; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


def watermarks(options: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """(partition, what its ticks agent said) of every tick so far."""
    found = read_all(options["bootstrap"], f"{options['app_id']}-gate")
    return [(partition, json.loads(value)) for partition, _, _, value in found]


def test_co_partitioned(options: dict[str, Any], tmp_path: Path) -> None:
    """Each of two workers owns the same partitions of every topic, and has their stores open."""

    async def run() -> None:
        apps = [
            make_app(config_of({**options, "data_dir": tmp_path / str(number)}))
            for number in range(2)
        ]
        async with running(apps[0]):
            await until(lambda: apps[0].engine.owned == {0, 1, 2, 3})
            async with running(apps[1]):
                await until(lambda: all(len(app.engine.owned) == 2 for app in apps))
                for app in apps:
                    by_topic: dict[str, set[int]] = {}
                    for tp in app.consumer.offsets:
                        by_topic.setdefault(tp.topic, set()).add(tp.partition)
                    assert len(by_topic) == 3
                    assert all(owned == app.engine.owned for owned in by_topic.values())
                    for table in app.engine.tables.values():
                        assert set(table.partitions()) == app.engine.owned
                assert apps[0].engine.owned | apps[1].engine.owned == {0, 1, 2, 3}
            await until(lambda: apps[0].engine.owned == {0, 1, 2, 3})

    asyncio.run(run())


def slow_first_restore(app: EngineApp) -> threading.Event:
    """Let the app's first restore take until it is stopped; the event says that it has begun."""
    restorer = app.engine.restorer
    run, begun = restorer.run, threading.Event()

    def slow(partitions: set[int], committed: Any) -> None:
        if begun.is_set():
            run(partitions, committed)
            return
        begun.set()
        assert restorer._stop.wait(30)
        raise RestoreStopped

    restorer.run = slow  # type: ignore[method-assign]
    return begun


def test_a_rebalance_in_the_middle_of_a_restore(options: dict[str, Any], tmp_path: Path) -> None:
    """The restore is given up, and the next assignment is restored and read."""

    async def run() -> None:
        apps = [
            make_app(config_of({**options, "data_dir": tmp_path / str(number)}))
            for number in range(2)
        ]
        begun = slow_first_restore(apps[0])
        async with running(apps[0]):
            await until(begun.is_set)
            async with running(apps[1]):
                await until(lambda: all(len(app.engine.owned) == 2 for app in apps))

        assert [app.engine.failure for app in apps] == [None, None]

    asyncio.run(run())


def test_stopped_in_the_middle_of_a_restore(options: dict[str, Any], tmp_path: Path) -> None:
    """SIGTERM does not wait for a restore, and is no failure."""

    async def run() -> int:
        app = make_app(config_of({**options, "data_dir": tmp_path / "w"}))
        begun = slow_first_restore(app)
        async with running(app) as task:
            await until(begun.is_set)
        return task.result()

    assert asyncio.run(run()) == 0


def test_changelogs_that_are_not_co_partitioned_end_it(
    kafka: KafkaServer, app_id: str, tmp_path: Path
) -> None:
    """Partitions added to one of them only: refused with its name, nothing that is read is lost."""
    for topic, config in topics(app_id).items():
        kafka.create_topic(topic, 6 if topic.endswith("sets-changelog") else 4, config)
    log = tmp_path / "log"
    process = start_process(
        log, bootstrap=kafka.bootstrap, app_id=app_id, data_dir=tmp_path / "data"
    )
    assert process.wait(60) == 1
    assert f"worker failed: PartitionsDiffer: {app_id}-" in log.read_text()


def test_workers_come_and_go_under_load(options: dict[str, Any], start: Callable[..., Any]) -> None:
    """Joins, leaves and a kill while records come in: nothing lost, all committed."""
    bootstrap, app_id = options["bootstrap"], options["app_id"]
    first, second = start(0), start(1)
    produce(bootstrap, app_id, range(10_000))
    wait_for(lambda: watermarks(options))
    produce(bootstrap, app_id, range(10_000, 20_000))
    first.send_signal(signal.SIGTERM)
    produce(bootstrap, app_id, range(20_000, 30_000))
    assert first.wait(30) == 0
    third = start(2)
    produce(bootstrap, app_id, range(30_000, 40_000))
    second.kill()
    second.wait()
    produce(bootstrap, app_id, range(40_000, 50_000))
    wait_for_tables(bootstrap, app_id, range(50_000))
    third.send_signal(signal.SIGTERM)
    assert third.wait(30) == 0
    for topic in (f"{app_id}-in", f"{app_id}-hop"):
        assert committed(bootstrap, app_id, topic) == ends(bootstrap, topic)


def test_frozen_past_its_session(
    options: dict[str, Any], start: Callable[..., Any], tmp_path: Path
) -> None:
    """A worker that sleeps while another takes over spoils nothing when it wakes."""
    bootstrap, app_id = options["bootstrap"], options["app_id"]
    frozen = start(0)
    start(1)
    wait_for(lambda: len({said["worker"] for _, said in watermarks(options)}) == 2)
    produce(bootstrap, app_id, range(20_000))
    frozen.send_signal(signal.SIGSTOP)
    produce(bootstrap, app_id, range(20_000, 30_000))
    wait_for_tables(bootstrap, app_id, range(30_000))
    frozen.send_signal(signal.SIGCONT)
    produce(bootstrap, app_id, range(30_000, 40_000))
    wait_for_tables(bootstrap, app_id, range(40_000))
    frozen.send_signal(signal.SIGTERM)
    status, log = frozen.wait(30), (tmp_path / "log0").read_text()
    # What was on its way when it froze could not be delivered in time: then it ends, and says so.
    assert status == 0 or log.splitlines()[-1].startswith("worker failed: DeliveryFailed"), log


def test_the_gate_waits_for_both_workers(
    options: dict[str, Any], start: Callable[..., Any]
) -> None:
    """With a backlog, no gate of any partition is open before the backlog is through both hops."""
    bootstrap, app_id = options["bootstrap"], options["app_id"]
    numbers = range(30_000)
    produce(bootstrap, app_id, numbers)
    start(0)
    start(1)
    wait_for(
        lambda: (
            {partition for partition, said in watermarks(options) if said["gate"]} == {0, 1, 2, 3}
        )
    )
    opened = min(said["now"] for _, said in watermarks(options) if said["gate"])
    wait_for_tables(bootstrap, app_id, numbers, timeout=1.0)
    last = 0
    for _, said in watermarks(options):
        if said["gate"]:
            assert opened <= said["now"]
            last = max(last, said["now"] - said["gate"])
    assert last < 2_000_000, "idle partitions: the gate is less than 2 s behind the clock"


def test_idle_ticks_keep_the_gate_close(options: dict[str, Any], start: Callable[..., Any]) -> None:
    """Deadlines fire within 2 s: gate and tick together lag by less on idle partitions."""
    start(0)
    wait_for(lambda: sum(1 for _, said in watermarks(options) if said["gate"]) >= 40)
    by_partition: dict[int, list[dict[str, Any]]] = {}
    for partition, said in watermarks(options):
        if said["gate"]:
            by_partition.setdefault(partition, []).append(said)
    for said in by_partition.values():
        for before, after in itertools.pairwise(said):
            assert after["gate"] >= before["gate"]
            # A deadline just after `before`'s gate fires at `after`.
            assert after["now"] - before["gate"] < 2_000_000


def test_nothing_is_written_after_a_revocation(options: dict[str, Any], tmp_path: Path) -> None:
    """A chunk in hand when its partition goes: dropped, unacknowledged, its effects with it; what
    it would have counted is not counted."""

    async def run() -> None:
        app = make_app(config_of({**options, "data_dir": tmp_path / "w"}))
        kept: list[Any] = []

        @app.agent(app.chunks(f"{options['app_id']}-out"))
        async def keeper(stream: Any) -> None:
            async for chunk in stream:
                kept.append(chunk)

        engine = app.engine
        async with running(app):
            await until(lambda: engine.assigned)
            await asyncio.to_thread(produce, options["bootstrap"], options["app_id"], range(100))
            await until(lambda: kept)
            chunk = kept[0]
            assert engine.may_write(chunk.topic, chunk.partition)
            await engine.on_revoked()
            assert not engine.may_write(chunk.topic, chunk.partition)
            dropped = engine.chunks_dropped
            effects = Effects()
            effects.counts.add(metrics.RULE_FAILURES, "of-a-dropped-chunk")
            await engine.submit(chunk, effects)
            assert engine.chunks_dropped == dropped + 1
            name, labels = "shipsentry_rule_failures_total", {"rule": "of-a-dropped-chunk"}
            assert REGISTRY.get_sample_value(name, labels) is None
            assert all(not table.partitions() for table in engine.tables.values())

    asyncio.run(run())


def test_writing_waits_for_a_heartbeat(options: dict[str, Any], tmp_path: Path) -> None:
    """While none is accepted nothing is produced or acknowledged; then it goes on."""

    async def run() -> None:
        bootstrap, app_id = options["bootstrap"], options["app_id"]
        # Heartbeats are too old after 2 s, the session itself lasts for the whole test.
        times = {"session_timeout": 30.0, "delivery_timeout": 28.0}
        app = make_app(config_of({**options, **times, "data_dir": tmp_path / "w"}))
        engine = app.engine
        async with running(app):
            await until(lambda: engine.assigned)
            thread = app.consumer.thread
            coordinator = thread._ensure_consumer()._coordinator
            heartbeat = coordinator._do_heartbeat

            async def unanswered() -> bool:
                return False

            coordinator._do_heartbeat = unanswered
            await until(lambda: not engine.session.fresh)
            inputs = [o for tp, o in app.consumer.offsets.items() if tp[0] == f"{app_id}-in"]
            await asyncio.to_thread(produce, bootstrap, app_id, range(500))
            await until(lambda: sum(offsets.processed for offsets in inputs) == 500)
            assert await asyncio.to_thread(read_all, bootstrap, f"{app_id}-out") == []
            assert sum(offsets.durable for offsets in inputs) == 0
            coordinator._do_heartbeat = heartbeat
            await until(lambda: engine.session.fresh)
            await asyncio.to_thread(wait_for_tables, bootstrap, app_id, range(500))
        assert engine.failure is None

    asyncio.run(run())


def test_thrown_out_while_writing_waits(options: dict[str, Any], tmp_path: Path) -> None:
    """The group gave the partitions to somebody else: what waited is dropped and read again."""

    async def run() -> None:
        bootstrap, app_id = options["bootstrap"], options["app_id"]
        app = make_app(config_of({**options, "data_dir": tmp_path / "w"}))
        engine = app.engine
        async with running(app):
            await until(lambda: engine.assigned)
            thread = app.consumer.thread
            thread.session_from = -1_000.0
            inputs = [o for tp, o in app.consumer.offsets.items() if tp[0] == f"{app_id}-in"]
            await asyncio.to_thread(produce, bootstrap, app_id, range(500))
            await until(lambda: sum(offsets.processed for offsets in inputs) > 0)
            coordinator = thread._ensure_consumer()._coordinator
            thread.thread_loop.call_soon_threadsafe(coordinator.reset_generation)
            await until(lambda: engine.assignments == 2)
            await asyncio.to_thread(wait_for_tables, bootstrap, app_id, range(500))
        assert engine.failure is None

    asyncio.run(run())
