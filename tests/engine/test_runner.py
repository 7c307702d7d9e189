"""The process: how it starts, how it ends, what it says when it fails."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.web import TCPSite
from aiokafka.errors import CorruptRecordException, GroupAuthorizationFailedError
from echo_worker import (
    committed,
    config_of,
    ends,
    make_app,
    produce,
    running,
    start_process,
    topics,
    until,
    wait_for_tables,
)
from support.ports import free_port

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.offsets import PartitionOffsets
from streams.engine.store.restore import StateRefused
from streams.engine.worker.outage import Outage
from streams.engine.worker.runner import CannotServe, Stalled, Watch, worker


@pytest.fixture
def cluster(app_id: str) -> Iterator[EmbeddedCluster]:
    """An in-process cluster with the echo app's topics."""
    with EmbeddedCluster(topics=dict.fromkeys(topics(app_id), 4)) as cluster:
        yield cluster


def wait_for(condition: Callable[[], Any], timeout: float = 30.0) -> None:
    """Return once the condition holds; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def last_line(log: Path) -> str:
    """What the process said last."""
    return log.read_text().strip().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_everything_committed(
    cluster: EmbeddedCluster, app_id: str, tmp_path: Path, number: int
) -> None:
    """Status 0; the offsets committed are those whose effects are durable: all."""
    produce(cluster.bootstrap, app_id, range(5_000))
    log = tmp_path / "log"
    process = start_process(
        log, bootstrap=cluster.bootstrap, app_id=app_id, data_dir=tmp_path / "data"
    )
    try:
        wait_for_tables(cluster.bootstrap, app_id, range(5_000))
        process.send_signal(number)
        assert process.wait(20) == 0, log.read_text()[-2_000:]
    finally:
        process.kill()
        process.wait()
    for topic in (f"{app_id}-in", f"{app_id}-hop"):
        assert committed(cluster.bootstrap, app_id, topic) == ends(cluster.bootstrap, topic)


def test_no_broker_is_said_and_bounded(app_id: str, tmp_path: Path) -> None:
    """It waits for a broker, says so, and gives up with status 1 and one line."""
    log = tmp_path / "log"
    process = start_process(
        log,
        bootstrap=f"127.0.0.1:{free_port()}",
        app_id=app_id,
        data_dir=tmp_path / "data",
        connect_timeout=2.0,
    )
    assert process.wait(30) == 1
    text = log.read_text()
    assert "answers yet" in text
    assert last_line(log).startswith("worker failed: BrokerUnreachable: no broker at 127.0.0.1:")
    assert "Traceback" not in text


def test_an_exception_in_an_agent_ends_it_unacknowledged(
    cluster: EmbeddedCluster, app_id: str, tmp_path: Path
) -> None:
    """Status 1 and one line; the next start reads the same chunk again."""
    produce(cluster.bootstrap, app_id, range(2_000))
    log = tmp_path / "log"
    options: dict[str, Any] = {
        "bootstrap": cluster.bootstrap,
        "app_id": app_id,
        "data_dir": tmp_path / "data",
    }
    process = start_process(log, raise_at=700, **options)
    assert process.wait(30) == 1
    assert last_line(log) == "worker failed: ValueError: as the test wants it"
    assert (
        sum(max(0, offset) for offset in committed(cluster.bootstrap, app_id, f"{app_id}-in"))
        <= 700
    )
    process = start_process(log, **options)
    try:
        wait_for_tables(cluster.bootstrap, app_id, range(2_000))
    finally:
        process.kill()
        process.wait()


def test_a_blocked_event_loop_ends_it(
    cluster: EmbeddedCluster, app_id: str, tmp_path: Path
) -> None:
    """Status 1, and a line that says where it was stuck; the next start reads the chunk again."""
    produce(cluster.bootstrap, app_id, range(2_000))
    log = tmp_path / "log"
    options: dict[str, Any] = {
        "bootstrap": cluster.bootstrap,
        "app_id": app_id,
        "data_dir": tmp_path / "data",
    }
    process = start_process(log, block_at=700, stall_timeout=5.0, **options)
    assert process.wait(60) == 1
    said = log.read_text()
    failed = "worker failed: Stalled: the event loop did not answer for 5 s while reading\n"
    assert failed in said
    assert " in before_submit\n" in said
    assert "the worker ends: Stalled: the event loop did not answer for 5 s" in last_line(log)
    process = start_process(log, **options)
    try:
        wait_for_tables(cluster.bootstrap, app_id, range(2_000))
    finally:
        process.kill()
        process.wait()


def test_frozen_or_idle_for_longer_than_the_stall_timeout_it_goes_on(
    cluster: EmbeddedCluster, app_id: str, tmp_path: Path
) -> None:
    """A stopped process is no stalled one, and a worker without work is none either."""
    produce(cluster.bootstrap, app_id, range(1_000))
    log = tmp_path / "log"
    process = start_process(
        log,
        bootstrap=cluster.bootstrap,
        app_id=app_id,
        data_dir=tmp_path / "data",
        session_timeout=30.0,
        stall_timeout=5.0,
    )
    try:
        wait_for_tables(cluster.bootstrap, app_id, range(1_000))
        process.send_signal(signal.SIGSTOP)
        time.sleep(7)
        process.send_signal(signal.SIGCONT)
        produce(cluster.bootstrap, app_id, range(1_000, 2_000))
        wait_for_tables(cluster.bootstrap, app_id, range(2_000))
        time.sleep(7)
        assert process.poll() is None, log.read_text()[-2_000:]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert "SIGTERM: the worker stops when what it has begun is done" in log.read_text()
        assert " 0 will be read again" in last_line(log)
    finally:
        process.kill()
        process.wait()


def test_a_failed_delivery_ends_it(
    cluster: EmbeddedCluster, app_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What can't be delivered is not passed over: no offset after it is committed."""

    async def run() -> int:
        app = make_app(
            config_of(
                {
                    "bootstrap": cluster.bootstrap,
                    "app_id": app_id,
                    "data_dir": tmp_path,
                    "message_max_bytes": 2_000,
                }
            ),
            oversize=True,
        )
        task = asyncio.create_task(worker(app))
        await until(lambda: app.engine.assigned)
        await asyncio.to_thread(produce, cluster.bootstrap, app_id, range(100))
        return await asyncio.wait_for(task, 30)

    assert asyncio.run(run()) == 1
    assert "worker failed: DeliveryFailed" in capfd.readouterr().err
    assert sum(max(0, n) for n in committed(cluster.bootstrap, app_id, f"{app_id}-in")) == 0


def test_a_consumer_that_cannot_go_on_ends_it(
    cluster: EmbeddedCluster, app_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A record that can't be parsed, a topic that may not be read any more."""

    async def run() -> int:
        app = make_app(
            config_of({"bootstrap": cluster.bootstrap, "app_id": app_id, "data_dir": tmp_path})
        )
        task = asyncio.create_task(worker(app))
        await until(lambda: app.engine.assigned)

        def refuse(*_: Any) -> None:
            raise CorruptRecordException("bad checksum")

        app.consumer.thread._take = refuse  # type: ignore[method-assign]
        await asyncio.to_thread(produce, cluster.bootstrap, app_id, range(100))
        return await asyncio.wait_for(task, 30)

    assert asyncio.run(run()) == 1
    assert "worker failed: CorruptRecordException" in capfd.readouterr().err


def test_a_coordinator_that_refuses_ends_it(
    cluster: EmbeddedCluster, app_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """aiokafka waits for ever with such an error until it is asked for it."""

    async def run() -> int:
        app = make_app(
            config_of({"bootstrap": cluster.bootstrap, "app_id": app_id, "data_dir": tmp_path})
        )
        task = asyncio.create_task(worker(app))
        await until(lambda: app.engine.assigned)
        coordinator = app.consumer.thread._ensure_consumer()._coordinator
        coordinator._pending_exception = GroupAuthorizationFailedError(app_id)
        return await asyncio.wait_for(task, 30)

    assert asyncio.run(run()) == 1
    assert "worker failed: GroupAuthorizationFailedError" in capfd.readouterr().err


def test_probes_and_metrics(cluster: EmbeddedCluster, app_id: str, tmp_path: Path) -> None:
    """/readyz says what it waits for, then ok; /metrics is Prometheus text."""
    port = free_port()

    async def get(path: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}{path}") as answer,
        ):
            return answer.status, await answer.text()

    async def run() -> None:
        app = make_app(
            config_of({"bootstrap": cluster.bootstrap, "app_id": app_id, "data_dir": tmp_path})
        )
        cluster.set_broker_down(True)
        async with running(app, http_port=port):
            await until(lambda: is_listening(port))
            assert await get("/readyz") == (503, "not assigned\n")
            assert await get("/healthz") == (200, "ok\n")
            cluster.set_broker_down(False)
            await until(lambda: app.engine.assigned)
            assert await get("/readyz") == (200, "ok\n")
            await until(lambda: app.engine.status().held == 0)
            said = await asyncio.to_thread(app.engine.status)
            assert (said.partitions, said.assignments, said.lag[f"{app_id}-in"]) == (4, 1, 0)
            assert said.watermark_lag_s is not None
            assert said.watermark_lag_s < 5
            assert said.heartbeat_age_s is not None
            status, text = await get("/metrics")
            assert status == 200
            assert "# TYPE python_info gauge" in text
        assert not is_listening(port)

    asyncio.run(run())


def is_listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refused(tmp_path: Path, app_id: str, **where: Any) -> CannotServe:
    """Why a worker does not start at an address; no broker is asked before it is known."""
    app = make_app(config_of({"bootstrap": "127.0.0.1:1", "app_id": app_id, "data_dir": tmp_path}))
    with pytest.raises(CannotServe) as caught:
        asyncio.run(worker(app, **where))
    assert app.engine.failure is None
    return caught.value


def test_a_port_that_is_taken(app_id: str, tmp_path: Path) -> None:
    """Address, reason and what is allowed, before anything is read."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = refused(tmp_path, app_id, http_port=port)
    assert error.parameter == "port"
    assert str(error) == (
        f"cannot listen on 127.0.0.1, port {port} (Address already in use): allowed is a port "
        "where nobody listens yet, or 0: no pages"
    )


def test_a_port_that_is_not_for_everybody(
    app_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel answers who is not root and asks for port 80."""

    async def refuse(_site: TCPSite) -> None:
        raise PermissionError(errno.EACCES, "error while attempting to bind on address (…)")

    monkeypatch.setattr(TCPSite, "start", refuse)
    error = refused(tmp_path, app_id, http_port=80)
    assert error.parameter == "port"
    assert str(error) == (
        "cannot listen on 127.0.0.1, port 80 (Permission denied): allowed is a port that this "
        "process may use, 1024 or above say"
    )


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1", "a..b", "x" * 64 + ".test"])
def test_a_host_that_is_not_ours(app_id: str, tmp_path: Path, host: str) -> None:
    """A name that is not found or cannot be one, an address of another machine."""
    error = refused(tmp_path, app_id, http_host=host, http_port=free_port())
    assert error.parameter == "host"
    assert str(error).startswith(f"cannot listen on {host}, port ")
    assert str(error).endswith(
        "): allowed is an address or name of this machine, or 0.0.0.0: all of them"
    )
    assert "Errno" not in str(error)


class FakeEngine:
    """What the watchdog looks at."""

    def __init__(self, timeout: float) -> None:
        self.config = SimpleNamespace(
            stall_timeout=timeout, session_timeout=10.0, heartbeat_limit=10.0
        )
        self.outage = Outage(timeout)
        self.heartbeat: float | None = 1.0
        self.restorer = SimpleNamespace(
            stats=SimpleNamespace(records=0, running=False, remaining=0)
        )
        self.assigned = True
        self.assignments = 1
        self.records_submitted = 0
        self.failure: BaseException | None = None
        self.doubt: str | None = None
        self.clock = SimpleNamespace(problem=lambda: self.doubt)
        self.refused: BaseException | None = None
        self.topics = SimpleNamespace(unread={})
        self.end, self.heard = 10, time.time()
        self.offsets = PartitionOffsets(0)
        thread = SimpleNamespace(log_state=lambda _tp: SimpleNamespace(end=self.end, at=self.heard))
        consumer = SimpleNamespace(offsets={("in", 0): self.offsets}, thread=thread)
        self.app = SimpleNamespace(_consumer=consumer, consumer=consumer)

    def fail(self, error: BaseException) -> None:
        self.failure = error

    def heartbeat_age(self) -> float | None:
        """Seconds since the last accepted heartbeat."""
        return self.heartbeat


def watched(timeout: float = 60.0) -> tuple[FakeEngine, Watch, Callable[[float], None]]:
    """An engine, its watchdog, and a function that lets seconds pass and looks at each of them."""
    now = [1_000.0]
    engine = FakeEngine(timeout)
    watch = Watch(engine, clock=lambda: now[0])  # type: ignore[arg-type]

    def later(seconds: float) -> None:
        watch.look()
        for _ in range(int(seconds)):
            now[0] += 1
            watch.look()

    later(0)
    return engine, watch, later


def test_lagging_without_progress_is_a_stall() -> None:
    """Records lie there unread, and nothing moves."""
    engine, watch, later = watched()
    later(59)
    assert engine.failure is None
    assert "no progress for 59 s" in (watch.ready() or "")
    later(2)
    assert isinstance(engine.failure, Stalled)
    assert "while reading" in str(engine.failure)


def test_progress_is_no_stall() -> None:
    """However slow."""
    engine, watch, later = watched()
    for _ in range(5):
        engine.offsets.position += 1
        later(50)
    assert engine.failure is None
    engine.offsets.position += 1
    later(0)
    assert watch.ready() is None


def test_nothing_to_do_is_no_stall() -> None:
    """An idle topic, read to its end, with a broker that answers."""
    engine, _watch, later = watched()
    engine.offsets.position = 10
    later(600)
    assert engine.failure is None


def test_a_broker_that_is_silent_is_a_stall() -> None:
    """Read to the end as last heard of, and nothing heard for too long."""
    engine, _watch, later = watched()
    engine.offsets.position = 10
    later(0)
    engine.heard = time.time() - 61
    later(61)
    assert isinstance(engine.failure, Stalled)


def test_a_broker_that_takes_no_heartbeat_is_neither_ready_nor_well() -> None:
    """The session is over at the broker: not ready at once, though there is nothing to do; and
    where it lasts, a stall. At the session's end to the second all is still well."""
    engine, watch, later = watched()
    engine.offsets.position = 10
    engine.heartbeat = 10.0
    later(1)
    assert watch.ready() is None
    engine.heartbeat = 11.0
    later(1)
    assert watch.ready() == "no broker has accepted a heartbeat for 11 s"
    later(58)
    assert engine.failure is None
    later(2)
    assert isinstance(engine.failure, Stalled)


def test_a_clock_that_is_doubted_is_not_ready() -> None:
    """No deadline fires: whoever asks is told, and nothing ends."""
    engine, watch, later = watched()
    engine.offsets.position = engine.end
    later(5)
    assert watch.ready() is None
    engine.doubt = "the machine's clock is 86400 s ahead of the brokers': deadlines are held"
    later(5)
    assert watch.ready() == engine.doubt
    assert watch.alive() is None


def test_an_outage_is_no_stall_and_not_ready() -> None:
    """All work is held: the outage's own limit ends it."""
    engine, watch, later = watched()
    engine.outage.begin(30.0)
    later(120)
    assert engine.failure is None
    assert (watch.ready() or "").startswith("the brokers have taken nothing for 30 s")
    engine.outage.holding = False
    engine.offsets.position = 10
    later(1)
    assert watch.ready() is None


def test_time_in_which_nobody_looked_is_no_stall() -> None:
    """The process was stopped, or its machine suspended: nothing could move."""
    now = [1_000.0]
    engine = FakeEngine(60.0)
    watch = Watch(engine, clock=lambda: now[0])  # type: ignore[arg-type]
    for _ in range(10):
        watch.look()
        now[0] += 3_600
    assert engine.failure is None


def test_refused_state_is_no_stall_and_not_ready() -> None:
    """Somebody has to decide: the worker waits for that, however long."""
    engine, watch, wait = watched(timeout=60.0)
    engine.assigned = False
    reasons = {("orders", n): f"app-orders-changelog-{n} ends at 4" for n in (0, 1)}
    engine.refused = StateRefused({**reasons, ("tracks", 1): "app-tracks-changelog-1 ends at 0"})
    wait(600)
    assert engine.failure is None
    assert watch.alive() is None
    assert watch.ready() == (
        "no record is taken: app-orders-changelog-0 ends at 4; app-tracks-changelog-1 ends at 0; "
        "and 1 more"
    )


def test_never_assigned_is_a_stall() -> None:
    """A coordinator that hangs; but a restore that reads on is progress."""
    engine, watch, later = watched()
    engine.assigned = False
    engine.restorer.stats.running = True
    for _ in range(5):
        engine.restorer.stats.records += 1_000
        later(50)
    assert engine.failure is None
    assert (watch.ready() or "").startswith("restoring")
    later(61)
    assert "waiting for an assignment" in str(engine.failure)


def test_importing_the_engine_connects_to_nothing() -> None:
    """No client, thread or file is made by an import."""
    code = "import threading, streams.engine.worker; assert threading.active_count() == 1"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
