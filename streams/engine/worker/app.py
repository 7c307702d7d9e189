"""The Faust app of a worker, with the engine's parts in place of Faust's slow or lossy ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import faust
from yarl import URL

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.transport import ChunkConsumer, ChunkSchema, ChunkTransport
from streams.engine.pages.access import Access
from streams.engine.pages.serving import Measure, Route
from streams.engine.worker.clock import Clock
from streams.engine.worker.engine import Engine
from streams.engine.worker.tables import EngineTable, EngineTableManager

log = logging.getLogger(__name__)

_DAY_S = 86_400.0


class EngineApp(faust.App):
    """A Faust app whose topics deliver chunks."""

    engine: Engine
    consumer: ChunkConsumer
    routes: list[Route]
    """Web pages beside the probes; whoever composes the app adds them before it starts."""
    measure: Measure | None
    """Called before `/metrics` is answered; whoever composes the app sets it before it starts."""
    access: Access

    def __init__(self, engine: Engine, **settings: Any) -> None:
        self.engine = engine
        self.routes = []
        self.measure = None
        self.admit(Access())
        super().__init__(engine.config.app_id, **settings)
        engine.attach(self)

    def admit(self, access: Access) -> None:
        """Who may ask for the pages, and how other workers are asked; before the app starts."""
        self.access = self.engine.peers.access = access

    def chunks(self, topic: str) -> Any:
        """A topic whose messages are chunks; give it to `@app.agent(...)`.

        Faust's own acknowledgement is off: `Engine.submit` acknowledges.
        """
        return self.topic(topic, schema=ChunkSchema(), acks=False)

    def _new_transport(self) -> ChunkTransport:
        return ChunkTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> ChunkTransport:
        return ChunkTransport(self.conf.broker_producer, self)

    def _create_directories(self) -> None:
        # Faust's own are not used; ours must be creatable with its parents.
        self.engine.config.data_dir.mkdir(parents=True, exist_ok=True)

    async def _on_agent_error(self, agent: Any, exc: BaseException) -> None:
        # Upstream commits here and restarts the agent (faust/app/base.py, _on_agent_error), and the
        # stream has acknowledged the event by then (faust/streams.py, _py_aiter): it would be lost.
        self.engine.fail(exc)

    def _on_rebalance_when_stopped(self) -> None:
        # Upstream closes the client here, on a loop that is not its own, and takes the consumer for
        # stopped from then on (faust/transport/drivers/aiokafka.py, close): what is in flight is
        # not committed, the group is not left, so that the partitions wait for the session to
        # end, and connections stay open. The consumer is stopped soon, in good order.
        return

    async def on_start(self) -> None:
        await super().on_start()
        await self.engine.start()

    async def on_stop(self) -> None:
        # Before Faust stops its services: what is in flight is finished and committed while the
        # worker is still a member of its group.
        consumer = self._consumer
        if consumer is not None:
            consumer.stop_flow()
        self.flow_control.suspend()
        self.flow_control.clear()
        try:
            await self.engine.stop()
        except Exception as error:
            # Raised on, it would leave Faust's services as they are: the process could not end.
            self.engine.fail(error)
        await super().on_stop()


def create_app(
    config: EngineConfig,
    *,
    due_of: Mapping[str, Callable[[bytes], int]],
    clock: Callable[[], int] | Clock | None = None,
    stored_form: Callable[[Any], bytes] = bytes,
) -> EngineApp:
    """A worker's Faust app; `app.engine` is the engine, `app.chunks(topic)` gives topics to agents.

    `due_of` maps each table's name to a function that reads the due time (µs, 0 none) from a
    stored value; `stored_form` makes bytes of what puts hold; `clock` (µs since the epoch) defaults
    to the wall clock, which is looked at with doubt. Nothing connects before the app is started.
    """
    engine = Engine(config, due_of, clock, stored_form)
    app = EngineApp(
        engine,
        broker=[URL(f"kafka://{address}") for address in config.bootstrap.split(",")],
        datadir=str(config.data_dir),
        store="memory://",
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=config.partitions,
        table_standby_replicas=config.standby_replicas,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=config.group_instance_id,
        broker_session_timeout=config.session_timeout,
        broker_heartbeat_interval=config.heartbeat_interval,
        broker_rebalance_timeout=config.rebalance_timeout,
        broker_request_timeout=config.request_timeout,
        broker_commit_interval=config.commit_interval,
        # Never left for taking no records: a long restore, or state that is refused, is no stall,
        # and partitions that went round would stop one worker after another.
        broker_max_poll_interval=_DAY_S,
        # Never full: chunks in flight are bounded by the consumer, and a full queue would make
        # Faust's fetcher sleep (faust/transport/consumer.py, _wait_next_records).
        stream_buffer_maxsize=1 << 20,
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        web_enabled=False,
        web_tables_enabled=False,
        worker_redirect_stdouts=False,
        TableManager=EngineTableManager,
    )
    for name in config.tables:
        table = EngineTable(
            app, name=name, partitions=config.partitions, key_type=bytes, value_type=bytes
        )
        app.tables.add(table)
    return app
