"""The transport driver: Faust's aiokafka transport, delivering one message per fetched chunk.

Faust's cost is per message, not per byte. So its consumer is told that what one fetch brought for a
partition is one message, and everything that Faust does per message is paid once per chunk. Offsets
follow: see `offsets.py`. The producer half of the transport does nothing; `producer.py` produces.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import aiokafka
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import ConsumerStoppedError, OffsetOutOfRangeError
from aiokafka.helpers import create_ssl_context
from aiokafka.protocol.fetch import FetchRequest
from faust.serializers.schemas import Schema
from faust.transport import producer as faust_producer
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from msgspec import UNSET

from streams.engine.kafka.coordinator import find_patiently
from streams.engine.kafka.membership import keep_name
from streams.engine.kafka.offset_metadata import Witness, decode, encode
from streams.engine.kafka.offsets import PartitionOffsets
from streams.engine.kafka.topic_ids import NO_ID
from streams.engine.kafka.types import Chunk, Committed, Record
from streams.telemetry.events import event
from streams.telemetry.metrics import UNREAD_LOST

if TYPE_CHECKING:
    from streams.engine.kafka.config import EngineConfig

log = logging.getLogger(__name__)

_IDLE = 1.0
_SUSPICION = 5.0
"""Seconds for which nothing is taken of a topic that was gone, where nobody can look."""
_UNKNOWN_TOPIC = 3
"""Kafka's code for a topic or partition that the broker does not know."""
_BLOCK = 256
_new_tuple = tuple.__new__


def _record(_tp: Any, raw: Any) -> Record:
    """A parsed log record as our tuple: a third of the cost of aiokafka's dataclass."""
    return _new_tuple(Record, (raw.offset, raw.timestamp, raw.key, raw.value, tuple(raw.headers)))


class Fetched(NamedTuple):
    """What was taken for one partition; `next_offset` is where its log goes on."""

    tp: TP
    records: list[Record]
    next_offset: int


class LogState(NamedTuple):
    """What the last fetch response said of a partition; `end` None before the first one."""

    end: int | None
    at: float
    """Unix time of that response in seconds."""


class Start(NamedTuple):
    """Where reading of the assigned partitions starts, and where their logs ended just now.

    `committed` is -1 where reading does not start there. `ids` are those of the topics.
    """

    positions: dict[TP, int]
    committed: dict[TP, int]
    ends: dict[TP, int]
    ids: Mapping[str, str]


class ChunkSchema(Schema):  # type: ignore[type-arg]
    """Passes a chunk through undecoded."""

    async def decode(self, app: Any, message: Any, *, propagate: bool = False) -> Any:
        return app.create_event(None, message.value, message.headers, message)

    def compile(self, app: Any, **_options: Any) -> Any:
        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, message.headers, message)

        return decode


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that talks to the broker: heartbeats, fetches, commits."""

    app: Any

    witnesses: Mapping[int, Mapping[str, Witness]] = {}
    """By partition, the changelogs that its offsets are committed on."""

    known_ms: Mapping[int, int] = {}
    """By partition, before when all that was published is known; said with the clock's offset."""

    _suspected: dict[str, float]
    """Topics of which nothing is taken, and until when at the latest (monotonic)."""

    session_from: float = 0.0
    """When the last heartbeat that the group's coordinator accepted was sent (CLOCK_BOOTTIME)."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        # Upstream fixes fetch_max_wait_ms to 1500 and the isolation level to read_uncommitted
        # (faust/transport/drivers/aiokafka.py, _create_worker_consumer).
        config: EngineConfig = self.app.engine.config
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            client_id=self.app.conf.broker_client_id,
            group_id=config.app_id,
            group_instance_id=config.group_instance_id,
            bootstrap_servers=config.bootstrap.split(","),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            # Never anywhere by itself: a position that is none is looked into, see `_take`.
            auto_offset_reset="none",
            max_poll_records=None,
            max_poll_interval_ms=int(self.app.conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=config.fetch_max_partition_bytes,
            fetch_max_wait_ms=config.fetch_max_wait_ms,
            request_timeout_ms=int(config.request_timeout * 1000),
            check_crcs=True,
            session_timeout_ms=int(config.session_timeout * 1000),
            rebalance_timeout_ms=int(config.rebalance_timeout * 1000),
            heartbeat_interval_ms=int(config.heartbeat_interval * 1000),
            isolation_level=config.isolation_level,
            **aiokafka_security(config.security),
        )

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Nothing: upstream prints a traceback (mode/threads.py, _serve); the engine has a line."""

    def _start_thread(self) -> None:
        # What goes up from here has crashed the app, which says it; Python would show it once more.
        with contextlib.suppress(Exception, asyncio.CancelledError):
            super()._start_thread()

    async def on_start(self) -> None:
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        find_patiently(coordinator)
        engine, loop = self.app.engine, self.app.loop
        keep_name(coordinator, engine.config, partial(loop.call_soon_threadsafe, engine.fail))
        accepted = coordinator._do_heartbeat

        async def heartbeat() -> bool:
            sent = boot_time()
            ok = bool(await accepted())
            if ok:
                self.session_from = sent
            return ok

        coordinator._do_heartbeat = heartbeat
        self._suspected = {}
        self._watch_answers(self._ensure_consumer())

    def _watch_answers(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        """See what brokers refuse, and say with each offset that is committed of which topic it is,
        on which changelogs, and how far back what was published is known.

        Upstream asks for new metadata where a topic is unknown, and nothing more
        (aiokafka/consumer/fetcher.py, _proc_fetch_request); its offsets have no metadata
        (faust/transport/drivers/aiokafka.py, _commit).
        """
        parent = cast(ChunkConsumer, self.consumer)
        send, commit = consumer._client.send, consumer.commit
        clock_topic = self.app.engine.config.ticks_topic

        async def send_and_look(node_id: Any, request: Any, **options: Any) -> Any:
            response = await send(node_id, request, **options)
            if isinstance(request, FetchRequest):
                for topic, partitions in response.topics:
                    if any(answer[1] == _UNKNOWN_TOPIC for answer in partitions):
                        self._suspect(topic)
            return response

        async def commit_with_metadata(offsets: Any) -> None:
            await commit(
                {
                    tp: mark._replace(
                        metadata=encode(
                            parent.ids.get(tp.topic, NO_ID),
                            self.witnesses.get(tp.partition, {}),
                            self.known_ms.get(tp.partition, UNSET)
                            if tp.topic == clock_topic
                            else UNSET,
                        )
                    )
                    for tp, mark in offsets.items()
                }
            )

        consumer._client.send = send_and_look
        consumer.commit = commit_with_metadata

    def _suspect(self, topic: str) -> None:
        """A topic was gone a moment ago: nothing is taken of it before somebody has looked."""
        self._suspected[topic] = time.monotonic() + _SUSPICION
        self.parent_loop.call_soon_threadsafe(self.app.engine.topic_suspected)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._suspected = {}
        self.session_from = boot_time()
        # Nothing is fetched before recovery has said where to start; changelogs never are.
        self._ensure_consumer().pause(*map(driver.ensure_aiokafka_TP, assigned))
        await super().on_partitions_assigned(assigned, generation_id)

    def generation(self) -> int:
        """The group's generation as this member knows it; -1 once the group has thrown it out."""
        return int(self._ensure_consumer()._coordinator.generation)

    def rejoin(self) -> None:
        """Give up all partitions, and have them assigned anew."""
        coordinator = self._ensure_consumer()._coordinator
        self.thread_loop.call_soon_threadsafe(coordinator.request_rejoin)

    async def check_errors(self) -> None:
        """Raise what the group's coordinator has refused for good (authorisation and the like).

        aiokafka keeps such an error until somebody asks, and does nothing more until then.
        """
        if self._consumer is not None and self._consumer._coordinator is not None:
            await self.call_thread(self._check_errors)

    async def _check_errors(self) -> None:
        self._ensure_consumer()._coordinator.check_errors()

    # -- fetching

    async def fetch(self, epoch: int) -> list[Fetched]:
        """Take what was fetched for the partitions that want records; wait a while for some.

        Returns nothing once the consumer's epoch is another one: what is taken moves the
        position, so it must not be taken for an assignment that has ended.
        """
        future = asyncio.run_coroutine_threadsafe(self._fetch(epoch), self.thread_loop)
        return await asyncio.wrap_future(future)

    async def _fetch(self, epoch: int) -> list[Fetched]:
        parent = cast(ChunkConsumer, self.consumer)
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        give_up = time.monotonic() + _IDLE
        with fetcher._subscriptions.fetch_context():
            while parent.epoch == epoch and parent.flow_active:
                if consumer._closed or fetcher._closed:
                    raise ConsumerStoppedError
                if not fetcher._subscriptions.reassignment_in_progress:
                    taken = self._take(fetcher, parent)
                    if taken:
                        return taken
                left = give_up - time.monotonic()
                if left <= 0:
                    break
                waiter = fetcher._create_fetch_waiter()
                done, _ = await asyncio.wait([waiter], timeout=min(left, 0.25))
                if done:
                    waiter.result()  # authorisation errors
                else:
                    waiter.cancel()
        return []

    def _take(self, fetcher: Any, parent: ChunkConsumer) -> list[Fetched]:
        # In place of Fetcher.fetched_records(): that one builds a dataclass per record, and
        # bounds the records of all partitions together, so that one partition starves others.
        wanted = parent.wanted
        taken: list[Fetched] = []
        for tp in list(fetcher._records):
            if tp not in wanted or self._suspected.get(tp.topic, 0.0) > time.monotonic():
                continue
            result = fetcher._records[tp]
            if type(result) is not FetchResult:
                if taken:
                    break
                del fetcher._records[tp]
                fetcher._notify(fetcher._wait_consume_future)
                result.check_raise()
            if not result.has_more() or not result.check_assignment(tp):
                del fetcher._records[tp]
                fetcher._notify(fetcher._wait_consume_future)
                continue
            records, exhausted = _read(
                result._partition_records, parent.config, parent.most.get(ensure_TP(tp))
            )
            result._update_position()
            next_offset = result._partition_records.next_fetch_offset
            if exhausted:
                del fetcher._records[tp]
                fetcher._notify(fetcher._wait_consume_future)
            taken.append(Fetched(ensure_TP(tp), records, next_offset))
        return taken

    def wake(self) -> None:
        """Let a waiting `fetch` look again: there is room for records that were not wanted."""
        self.thread_loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        fetcher = self._ensure_consumer()._fetcher
        for waiter in list(fetcher._fetch_waiters):
            fetcher._notify(waiter)

    # -- positions

    async def committed(self, inputs: set[TP]) -> list[Committed]:
        """The committed offsets of `inputs`, those that there are."""
        return cast(list[Committed], await self.call_thread(self._committed, inputs))

    async def _committed(self, inputs: set[TP]) -> list[Committed]:
        coordinator = self._ensure_consumer()._coordinator
        wanted = [driver.ensure_aiokafka_TP(tp) for tp in inputs]
        known = await coordinator.fetch_committed_offsets(wanted)
        return [
            Committed(tp.topic, tp.partition, mark.offset, mark.metadata or "")
            for tp, mark in known.items()
        ]

    async def subscribed(self) -> frozenset[str]:
        """The topics that are to be read, changelogs among them."""
        return cast(frozenset[str], await self.call_thread(self._subscribed))

    async def _subscribed(self) -> frozenset[str]:
        return frozenset(self._ensure_consumer().subscription())

    def trust(self) -> None:
        """Somebody has looked: take records again of topics that were suspected."""
        self._suspected = {}

    async def join_anew(self) -> None:
        """Have partitions given out again, by what the cluster has of topics now."""
        await self.call_thread(self._join_anew)

    async def _join_anew(self) -> None:
        consumer = self._ensure_consumer()
        await consumer._client.force_metadata_update()
        consumer._coordinator.request_rejoin()

    async def start_at(self, inputs: set[TP], from_end: set[TP], ids: Mapping[str, str]) -> Start:
        """Seek `inputs` to their committed offsets, `from_end` to their ends; resume fetching.

        `ids` are those of the topics. An offset that is of a former topic, or outside of its log,
        is said, and its log read from the start.
        """
        return cast(Start, await self.call_thread(self._start_at, inputs, from_end, ids))

    async def _start_at(self, inputs: set[TP], from_end: set[TP], ids: Mapping[str, str]) -> Start:
        consumer = self._ensure_consumer()
        coordinator = consumer._coordinator
        every = [driver.ensure_aiokafka_TP(tp) for tp in inputs | from_end]
        begins = await consumer.beginning_offsets(every)
        ends = await consumer.end_offsets(every)
        known = await coordinator.fetch_committed_offsets(every)
        positions: dict[TP, int] = {}
        committed: dict[TP, int] = {}
        for raw in every:
            tp = ensure_TP(raw)
            mark = known.get(raw)
            if tp in from_end:
                start = ends[raw]
            elif mark is None or mark.offset < 0:
                start = begins[raw]
            else:
                former = decode(mark.metadata or "").topic
                is_former = NO_ID not in (former, ids[tp.topic]) and former != ids[tp.topic]
                start = _start_of(tp, mark.offset, is_former, begins[raw], ends[raw])
            positions[tp] = start
            committed[tp] = start if mark is not None and mark.offset == start else -1
            consumer.seek(raw, start)
        consumer.resume(*every)
        return Start(positions, committed, {ensure_TP(tp): end for tp, end in ends.items()}, ids)

    def log_state(self, tp: TP) -> LogState:
        """End of a partition's log as last heard from the broker (of what may be read)."""
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = subscription.assignment if subscription else None
        state = assignment.state_value(driver.ensure_aiokafka_TP(tp)) if assignment else None
        if state is None or state.timestamp is None:
            return LogState(None, 0.0)
        end = state.highwater
        if self.app.engine.config.isolation_level == "read_committed" and state.lso is not None:
            end = state.lso if state.lso >= 0 else end
        return LogState(end, state.timestamp / 1000)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: it judges by events of single messages. The runner's watchdog looks instead."""

    def verify_recovery_event_path(self, now: float, tp: TP) -> None:
        """Nothing, as above."""


def _start_of(tp: TP, mark: int, is_former: bool, first: int, end: int) -> int:
    """Where to read on, of a partition with a committed offset; what is lost is said and counted.

    `is_former`: the offset is of a topic that was deleted, and made anew under its name.
    """
    if is_former:
        log.error(
            "committed offset %(offset)d of %(topic)s-%(partition)d is of a former topic of this "
            "name; reading the one that is there from its start",
            event("offset_of_former_topic", topic=tp.topic, partition=tp.partition, offset=mark),
        )
        return first
    if mark < first:
        UNREAD_LOST.labels(tp.topic, tp.partition).inc(first - mark)
        log.error(
            "%(lost)d records of %(topic)s-%(partition)d are gone unread: the committed offset is "
            "%(offset)d, and the log begins at %(first)d; reading it from there",
            event(
                "records_gone_unread",
                topic=tp.topic,
                partition=tp.partition,
                offset=mark,
                first=first,
                lost=first - mark,
            ),
        )
        return first
    if mark > end:
        log.error(
            "committed offset %(offset)d of %(topic)s-%(partition)d is outside of its log "
            "(%(first)d..%(end)d); reading it from its start",
            event(
                "offset_out_of_log",
                topic=tp.topic,
                partition=tp.partition,
                offset=mark,
                first=first,
                end=end,
            ),
        )
        return first
    return mark


def _read(source: Any, config: EngineConfig, most: int | None = None) -> tuple[list[Record], bool]:
    """Up to one chunk of records (of `most` where given), and whether the data is used up."""
    source._consumer_record = _record
    records: list[Record] = []
    size = 0
    most = config.chunk_max_records if most is None else min(most, config.chunk_max_records)
    while len(records) < most and size < config.chunk_max_bytes:
        want = min(_BLOCK, most - len(records))
        block = list(islice(source, want))
        records += block
        if len(block) < want:
            return records, True
        size += sum([len(record.value) for record in block if record.value is not None])
    return records, False


class ChunkConsumer(driver.Consumer):
    """Faust's consumer, handing over chunks and keeping offsets by chunk."""

    app: Any

    _thread: ChunkConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.offsets: dict[TP, PartitionOffsets] = {}
        self.wanted: frozenset[TP] = frozenset()
        self.stopped: dict[TP, bool] = {}
        """Partitions that are not read, and whether a few records are wanted to try them."""
        self.most: dict[TP, int] = {}
        """Records of one chunk of a partition, where that is less than the configured number."""
        self.ids: Mapping[str, str] = {}
        """Ids of the topics that are read."""
        self.epoch = 0
        self.in_flight_records = 0
        self.committed_at = 0.0
        """When nothing durable waited for its offsets last (monotonic)."""
        super().__init__(*args, **kwargs)
        self.config: EngineConfig = self.app.engine.config

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def thread(self) -> ChunkConsumerThread:
        return self._thread

    # -- assignment

    def open(self, start: Start) -> None:
        """Begin to read the partitions of an assignment (synchronously: no record may slip by)."""
        self.offsets = {
            tp: PartitionOffsets(position, start.committed[tp])
            for tp, position in start.positions.items()
        }
        self.ids = start.ids
        self.in_flight_records = 0
        self.stopped = {}
        self._update_wanted()
        self.resume_partitions(start.positions)
        self.resume_flow()

    def stop_flow(self) -> None:
        self.epoch += 1
        self.wanted = frozenset()
        super().stop_flow()

    def resume_flow(self) -> None:
        self.epoch += 1
        super().resume_flow()

    def hold(self) -> None:
        """Deliver nothing any more, and let the streams forget what was delivered."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()

    def forget(self) -> None:
        """The assignment has ended: acks of its chunks mean nothing any more."""
        self.offsets = {}
        self.in_flight_records = 0
        self.wanted = frozenset()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        # Upstream forgets the offsets of revoked partitions before it lets streams finish
        # (faust/transport/consumer.py, on_partitions_revoked): acked work would be done again.
        self.hold()
        try:
            await self.app.engine.on_revoked()
        except Exception as error:
            self.app.engine.fail(error)
        self.forget()
        await super().on_partitions_revoked(revoked)

    # -- chunks

    async def _drain_messages(self, fetcher: Any) -> None:
        """Run by Faust's fetcher service: deliver chunks until it or the consumer stops."""
        stopped = (self._stopped.is_set, fetcher._stopped.is_set)
        try:
            while not any(check() for check in stopped):
                if not self.flow_active or self.app.flow_control._suspend.is_set():
                    await self.wait_first(self.can_resume_flow.wait(), timeout=_IDLE)
                    await asyncio.sleep(0.01)
                    continue
                epoch = self.epoch
                try:
                    fetched = await self._thread.fetch(epoch)
                except OffsetOutOfRangeError as error:
                    # It is expired, or another topic's: whoever begins to read says which.
                    self.app.engine.place_lost(error.args[0])
                    await asyncio.sleep(_IDLE)
                    continue
                for taken in fetched:
                    if epoch != self.epoch:
                        break
                    await self._deliver(taken)
                await asyncio.sleep(0)
        except (ConsumerStoppedError, asyncio.CancelledError):
            if self.app.should_stop or any(check() for check in stopped):
                return
            raise
        except Exception as error:
            # Not raised: a crash of Faust's fetcher tears down the services in no good order.
            self.app.engine.fail(error)

    async def _deliver(self, taken: Fetched) -> None:
        tp, records, next_offset = taken
        offsets = self.offsets.get(tp)
        if offsets is None:
            return
        if not records:
            offsets.skip_to(next_offset)
            return
        first, last = records[0].offset, records[-1].offset
        chunk = Chunk(tp.topic, tp.partition, first, last, records, self.ids.get(tp.topic, NO_ID))
        offsets.deliver(chunk, next_offset)
        self.in_flight_records += len(records)
        if self.stopped.get(tp):
            self.stopped[tp] = False  # one chunk is enough to judge by
            self._update_wanted()
        if len(offsets) >= self.config.chunks_per_partition or self._full:
            self._update_wanted()
        message: Any = ConsumerMessage(
            tp.topic,
            tp.partition,
            chunk.first_offset,
            records[0].timestamp_ms / 1000,
            0,
            headers=None,
            key=None,
            value=chunk,  # type: ignore[arg-type]
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )
        await self.callback(message)

    def finished(self, offsets: PartitionOffsets, chunk: Chunk) -> None:
        """A chunk's effects are durable."""
        before = offsets.records_in_flight
        offsets.ack(chunk)
        self.in_flight_records -= before - offsets.records_in_flight
        waiting = len(self.wanted) < len(self.offsets)
        if waiting and self.flow_active:
            self._update_wanted()
            self._thread.wake()

    def stop_reading(self, tp: TP) -> None:
        """Read no more of a partition; chunks that were delivered are worked on."""
        self.stopped[tp] = False
        self._update_wanted()

    def try_reading(self, tp: TP, most: int) -> None:
        """Read one chunk of at most `most` records of a partition that is stopped."""
        self.stopped[tp] = True
        self.most[tp] = most
        self._update_wanted()
        self._thread.wake()

    def go_on_reading(self, tp: TP, most: int | None) -> None:
        """Read a partition again as before, in chunks of at most `most` records."""
        self.stopped.pop(tp, None)
        self.limit_chunks(tp, most)
        self._update_wanted()
        self._thread.wake()

    def limit_chunks(self, tp: TP, most: int | None) -> None:
        """From now on a chunk of a partition holds at most `most` records (None: the usual)."""
        if most is None:
            self.most.pop(tp, None)
        else:
            self.most[tp] = most

    @property
    def reads(self) -> bool:
        """Chunks are on their way to agents, or there are records that are wanted; ticks, of which
        there are always some, do not count."""
        clock = self.config.ticks_topic
        return any(
            offsets.processed < offsets.position
            or (tp in self.wanted and offsets.position < (self.thread.log_state(tp).end or 0))
            for tp, offsets in self.offsets.items()
            if tp.topic != clock
        )

    @property
    def _full(self) -> bool:
        return self.in_flight_records >= self.config.max_in_flight_records

    def _update_wanted(self) -> None:
        if self._full:
            self.wanted = frozenset()
            return
        limit = self.config.chunks_per_partition
        wanted = {tp for tp, offsets in self.offsets.items() if len(offsets) < limit}
        if self.stopped:
            wanted -= {tp for tp, is_tried in self.stopped.items() if not is_tried}
        self.wanted = frozenset(wanted)

    # -- commits: by chunk, in place of Faust's lists of acked offsets and gaps

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        marks = {tp: offsets.durable for tp, offsets in self.offsets.items()}
        marks = {tp: mark for tp, mark in marks.items() if mark > self.offsets[tp].committed}
        if not marks:
            self.committed_at = time.monotonic()
            return False
        opened = self.offsets
        # Younger than the marks, so everything before these is in the changelogs up to there.
        witnesses = self.app.engine.witnesses
        numbers = {tp.partition for tp in marks}
        self._thread.witnesses = {number: witnesses(number) for number in numbers}
        self._thread.known_ms = self.app.engine.known_ms(numbers)
        if not await self._commit(marks):
            return False
        self.committed_at = time.monotonic()
        if self.offsets is opened:
            for tp, mark in marks.items():
                opened[tp].committed = max(opened[tp].committed, mark)
        return True

    async def on_task_error(self, exc: BaseException) -> None:
        """Nothing is committed because something failed."""

    async def perform_seek(self) -> None:
        """Nothing: recovery seeks. Upstream seeks again whenever a fetch meets a stopped flow."""

    async def create_topic(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: topics are made by the operator's command."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing; see the thread."""


class NoProducer(faust_producer.Producer):
    """Faust's producer, which must exist and produces nothing."""

    async def create_topic(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: topics are made by the operator's command."""

    async def send(self, topic: str, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{topic}: the engine's producer produces, not Faust's")

    async def send_and_wait(self, topic: str, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{topic}: the engine's producer produces, not Faust's")

    async def flush(self) -> None:
        """Nothing is buffered here."""


class ChunkTransport(driver.Transport):
    """Faust's aiokafka transport with a consumer of chunks and no producer."""

    Consumer = ChunkConsumer
    Producer = NoProducer


def boot_time() -> float:
    """Seconds since the machine started, those of a suspended machine too."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def aiokafka_security(security: Mapping[str, str]) -> dict[str, Any]:
    """librdkafka's security settings in aiokafka's words."""
    options: dict[str, Any] = {}
    protocol = security.get("security.protocol", "PLAINTEXT").upper()
    options["security_protocol"] = protocol
    if protocol.startswith("SASL"):
        options["sasl_mechanism"] = security.get("sasl.mechanism", "PLAIN")
        options["sasl_plain_username"] = security.get("sasl.username")
        options["sasl_plain_password"] = security.get("sasl.password")
    if protocol.endswith("SSL"):
        options["ssl_context"] = create_ssl_context(
            cafile=security.get("ssl.ca.location"),
            certfile=security.get("ssl.certificate.location"),
            keyfile=security.get("ssl.key.location"),
            password=security.get("ssl.key.password"),
        )
    return options
