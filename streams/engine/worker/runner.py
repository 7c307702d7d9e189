"""Start a worker in this process, watch it, and end it cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.engine.kafka.membership import NameTaken
from streams.engine.pages import serving
from streams.engine.pages.serving import CannotServe
from streams.engine.worker.app import EngineApp
from streams.engine.worker.engine import Engine
from streams.engine.worker.failure import Stalled, describe
from streams.engine.worker.loopwatch import LoopWatch
from streams.telemetry.counted import counted
from streams.telemetry.events import Limited, event

if TYPE_CHECKING:
    from streams.engine.kafka.transport import ChunkConsumer

__all__ = ["BrokerUnreachable", "CannotServe", "Stalled", "Watch", "run_worker", "worker"]

log = logging.getLogger(__name__)

_GC_THRESHOLDS = (500_000, 50, 100)

_SAID_AGAIN = 10.0
"""Seconds after which it is said again that no broker answers."""

_LOOKED = 1.0
"""Looks that are further apart than this were no watching: the process was frozen, say."""


class BrokerUnreachable(RuntimeError):
    """No broker answered within the connect timeout."""


def run_worker(
    app: EngineApp,
    *,
    http_host: str = "127.0.0.1",
    http_port: int = 0,
    listener: socket.socket | None = None,
    on_ready: Callable[[], None] | None = None,
) -> int:
    """Run the worker until SIGTERM or SIGINT; returns the process's exit status.

    0 after a signal, with everything in flight finished and committed; 1 after a failure, with one
    line on stderr that says why, 2 where that is a wrong setting. `listener` serves the pages in
    place of host and port. `on_ready` is called once, when the first assignment is read. An event
    loop that does not answer for the stall timeout ends the process, see `loopwatch.py`. Raises
    CannotServe, before anything else is done.
    """
    with LoopWatch(app.engine.config.stall_timeout) as loop_watch:
        return asyncio.run(
            worker(
                app,
                http_host=http_host,
                http_port=http_port,
                listener=listener,
                on_ready=on_ready,
                signals=True,
                loop_watch=loop_watch,
            )
        )


async def worker(
    app: EngineApp,
    *,
    http_host: str = "127.0.0.1",
    http_port: int = 0,
    listener: socket.socket | None = None,
    on_ready: Callable[[], None] | None = None,
    stop: asyncio.Event | None = None,
    signals: bool = False,
    loop_watch: LoopWatch | None = None,
) -> int:
    """`run_worker` inside a running loop; `stop` ends it as a signal does. Raises CannotServe."""
    engine = app.engine
    watch = Watch(engine)
    server = await serving.serve(
        http_host,
        http_port,
        alive=watch.alive,
        ready=watch.ready,
        routes=app.routes,
        measure=app.measure,
        access=app.access,
        is_peer=engine.peers.is_peer,
        listener=listener,
    )
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    if signals:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _asked_to_stop, stop, signal.Signals(number))
    if loop_watch is not None:
        loop_watch.follow(loop, watch.doing)
    try:
        await _connect(engine, stop)
        if not stop.is_set():
            await _run(app, watch, stop, on_ready)
    except Exception as error:
        engine.fail(error)
    finally:
        if server is not None:
            await server.cleanup()
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        if loop_watch is not None:
            loop_watch.leave(_status(engine))
    if engine.failure is None:
        return 0
    print(f"worker failed: {describe(engine.failure)}", file=sys.stderr)
    return _status(engine)


def _status(engine: Engine) -> int:
    """The process's exit status: 2 for wrong settings."""
    if isinstance(engine.failure, NameTaken):
        return 2
    return 0 if engine.failure is None else 1


def _asked_to_stop(stop: asyncio.Event, number: signal.Signals) -> None:
    if not stop.is_set():
        log.info(
            "%(reason)s: the worker stops when what it has begun is done",
            event("worker_stopping", reason=number.name, signal=int(number)),
        )
    stop.set()


async def _run(
    app: EngineApp, watch: Watch, stop: asyncio.Event, on_ready: Callable[[], None] | None
) -> None:
    engine = app.engine
    starting = asyncio.ensure_future(app.start())
    stopping = asyncio.ensure_future(stop.wait())
    failing = asyncio.ensure_future(engine.failed.wait())
    crashing = asyncio.ensure_future(app._crashed.wait())
    waiting = {starting, stopping, failing, crashing}
    frozen = False
    thresholds = gc.get_threshold()
    try:
        ends = {stopping, failing, crashing}
        # A crash in the consumer's thread sets the flag without waking this loop.
        while waiting & ends == ends and not app.crashed:
            done, waiting = await asyncio.wait(
                waiting, timeout=0.2, return_when=asyncio.FIRST_COMPLETED
            )
            if starting in done:
                starting.result()
            watch.look()
            if engine.assigned and not frozen:
                frozen = True
                gc.collect()
                gc.freeze()
                gc.set_threshold(*_GC_THRESHOLDS)
                if on_ready is not None:
                    on_ready()
        if app.crashed and engine.failure is None and not stop.is_set():
            engine.fail(app.crash_reason or RuntimeError("the app crashed"))
    finally:
        for future in (starting, stopping, failing, crashing):
            future.cancel()
        watch.stopping = True
        await _stop(app)
        if frozen:
            gc.unfreeze()
            gc.set_threshold(*thresholds)


async def _stop(app: EngineApp) -> None:
    """Stop the app, with a bound, and say how far its work is committed."""
    engine = app.engine
    began = time.monotonic()
    consumer = cast("ChunkConsumer | None", app._consumer)
    read = consumer.offsets if consumer else {}
    partitions = sorted({tp.partition for tp in read})
    patience = engine.config.drain_timeout * 2
    if engine.failure is None:
        # Leaving the group may have to wait for it; after a failure there is nothing to commit.
        patience += engine.config.session_timeout
    try:
        await asyncio.wait_for(app.stop(), patience)
    except TimeoutError:
        engine.fail(Stalled(f"stopping took longer than {patience:.0f} s"))
    again = sum(offsets.position - max(0, offsets.committed) for offsets in read.values())
    log.info(
        "stopped in %(seconds).1f s: %(records)d records done since the start, %(again)d will be "
        "read again",
        event(
            "worker_stopped",
            seconds=round(time.monotonic() - began, 3),
            partitions=partitions,
            records=engine.records_submitted,
            again=max(0, again),
            failed=engine.failure is not None,
        ),
    )


async def _connect(engine: Engine, stop: asyncio.Event) -> None:
    """Wait for a broker that answers; says so meanwhile."""
    config = engine.config
    lines = Limited(_SAID_AGAIN)
    give_up = time.monotonic() + config.connect_timeout
    admin = AdminClient({**config.client_config(), "log_level": 0})
    problem = ""
    while not stop.is_set():
        try:
            await asyncio.to_thread(admin.list_topics, timeout=min(5.0, config.connect_timeout))
        except KafkaException as error:
            problem = error.args[0].str()
        else:
            return
        if lines.admit("broker") is not None:
            log.warning(
                "no broker at %(brokers)s answers yet (%(problem)s)",
                event("broker_awaited", brokers=config.bootstrap, problem=problem),
            )
        if time.monotonic() > give_up:
            raise BrokerUnreachable(
                f"no broker at {config.bootstrap} answered for {config.connect_timeout:.0f} s "
                f"({problem})"
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)


class Watch:
    """Judges whether a worker is alive, ready, or stuck; `look` often."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._looked_at = clock()
        self._idle = 0.0
        self._seen: tuple[int, ...] = ()
        self.stopping = False

    def look(self) -> None:
        """Note progress; fail the worker when there was none for the stall timeout."""
        engine = self._engine
        seen = self._signs()
        now = self._clock()
        # Added up from look to look, and not from the last progress on: while the process was
        # frozen, nothing could move.
        self._idle += min(now - self._looked_at, _LOOKED)
        self._looked_at = now
        waits_for_nothing = engine.assigned and not self._work_waits()
        # An outage has a limit of its own.
        waits = waits_for_nothing or engine.outage.holding or engine.refused is not None
        if seen != self._seen or waits:
            self._seen = seen
            self._idle = 0.0
        if self._idle > engine.config.stall_timeout:
            engine.fail(Stalled(f"no progress for {self._idle:.0f} s while {self.doing()}"))

    def alive(self) -> str | None:
        """For /healthz: the event loop answers, and nothing has failed."""
        failure = self._engine.failure
        return None if failure is None else describe(failure)

    def ready(self) -> str | None:
        """For /readyz: partitions assigned, restored, read, and no sign of a stall."""
        engine = self._engine
        if engine.failure is not None:
            return describe(engine.failure)
        if engine.outage.holding:
            return f"the brokers have taken nothing for {engine.outage.seconds:.0f} s"
        if engine.refused is not None:
            return f"no record is taken: {engine.refused}"
        for topic, why in engine.topics.unread.items():
            return f"{topic} is not read: {why}"
        if not engine.assigned:
            stats = engine.restorer.stats
            return (
                f"restoring, {counted(stats.remaining, 'record')} left"
                if stats.running
                else "not assigned"
            )
        unheard = self._unheard(engine.config.heartbeat_limit)
        if unheard is not None:
            return f"no broker has accepted a heartbeat for {unheard:.0f} s"
        if self._idle > min(30.0, engine.config.stall_timeout / 2):
            return f"no progress for {self._idle:.0f} s"
        return engine.clock.problem()

    def _unheard(self, limit: float) -> float | None:
        """For how many seconds no heartbeat was accepted, where they are more than `limit`."""
        age = self._engine.heartbeat_age()
        return age if age is not None and age > limit else None

    def doing(self) -> str:
        """What the worker is at; from any thread."""
        if self.stopping:
            return "stopping"
        return "reading" if self._engine.assigned else "waiting for an assignment or restoring"

    def _signs(self) -> tuple[int, ...]:
        engine = self._engine
        consumer = cast("ChunkConsumer | None", engine.app._consumer)
        durable = sum(o.durable for o in consumer.offsets.values()) if consumer else 0
        restored = engine.restorer.stats.records
        return (engine.assignments, durable, restored, engine.records_submitted)

    def _work_waits(self) -> bool:
        """Records are in flight or unread, or the broker has not been heard of lately."""
        engine = self._engine
        if self._unheard(engine.config.session_timeout) is not None:
            return True
        consumer = engine.app.consumer
        late = time.time() - engine.config.stall_timeout
        for tp, offsets in consumer.offsets.items():
            if len(offsets):
                return True
            state = consumer.thread.log_state(tp)
            if state.end is not None and (offsets.position < state.end or state.at < late):
                return True
        return False
