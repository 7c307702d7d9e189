"""Group commit: makes the effects of chunks durable in the one order that loses nothing.

A round takes all work submitted since the last one and (1) delivers its outputs, (2) delivers the
changelog records, (3) writes the local stores, (4) acknowledges the chunks. So the store never
holds what the changelog does not, the changelog never knows of a warning that was not delivered,
and no offset passes a state that was not stored. A crash anywhere repeats work and loses none.

Chunks go on being processed meanwhile: they see submitted states before those are stored, and may
change them. So a round makes bytes of its states before it awaits anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from streams.engine.kafka.types import Effects, Output, Put
from streams.engine.store.errors import StoreClosed, StoreUnusable
from streams.engine.store.store import PartitionStore, TableStore
from streams.telemetry.events import event
from streams.telemetry.metrics import COMMIT_ROUND

log = logging.getLogger(__name__)

_new_tuple = tuple.__new__

DEFAULT_MAX_PENDING_RECORDS = 200_000
DEFAULT_MAX_PENDING_BYTES = 96 * 1024 * 1024

GATHERED_S = 10.0
"""The longest that work waits for more of a backlog to become durable with."""

QUIET_S = 1.0
"""After so long without any it is no longer believed that more is coming: brokers may be gone."""

_LOOK_S = 0.05

STATE_BYTES = 4_096
"""What a state takes that is in memory as it is, more or less."""


class CommitterFailed(RuntimeError):
    """Nothing is committed any more: a round failed (`__cause__`) or the committer was stopped."""


class ChangelogMadeAnew(RuntimeError):
    """A changelog began again at 0 while it was written: no offset is committed on it."""


class OutputProducer(Protocol):
    """What the committer needs of `producer.Producer`."""

    def produce(self, output: Output) -> None: ...
    def produce_states(self, topic: str, partition: int, puts: Iterable[Put]) -> None: ...
    def delivered(self, topic: str, partition: int) -> int: ...
    async def flush(self) -> None: ...


class _Item:
    """One submitted work on its way."""

    __slots__ = ("ack", "bytes", "dropped", "effects", "records")

    def __init__(
        self, effects: Effects, ack: Callable[[], None], tables: Mapping[str, TableStore]
    ) -> None:
        self.effects = effects
        self.ack = ack
        self.dropped = False
        self.records = len(effects.outputs)
        self.bytes = sum(len(row.key or b"") + len(row.value or b"") for row in effects.outputs)
        for name, puts in effects.puts.items():
            waiting = tables[name].waiting(effects.partition)
            self.records += len(puts)
            self.bytes += sum(_size(put, waiting) for put in puts)


def _last_words(works: Iterable[Sequence[Output]]) -> list[Output]:
    """The outputs of several chunks without the words that a later one takes the place of."""
    found = [output for outputs in works for output in outputs]
    last = {
        (output.topic, output.key, output.word): place
        for place, output in enumerate(found)
        if output.word is not None
    }
    if len(last) == len(found):
        return found
    return [
        output
        for place, output in enumerate(found)
        if output.word is None or last[output.topic, output.key, output.word] == place
    ]


def _size(put: Put, waiting: Collection[bytes]) -> int:
    """About how much memory a put takes; a state that waits already is there once."""
    value = put.value
    if type(value) is bytes:
        return len(put.key) + len(value)
    return len(put.key) if value is None or put.key in waiting else STATE_BYTES


class _States:
    """The states that a round writes to one partition of one table, the last of each key."""

    __slots__ = ("first_due", "last", "partition", "rows", "store", "table")

    def __init__(self, table: TableStore, partition: int) -> None:
        self.table = table
        self.partition = partition
        self.store: PartitionStore = table[partition]
        self.last: dict[bytes, Put] = {}
        self.first_due: dict[bytes, int] = {}
        self.rows: list[Put] = []

    def add(self, puts: Iterable[Put]) -> None:
        last, first_due = self.last, self.first_due
        for put in puts:
            key = put.key
            if key in last:
                # What the index holds is the due time from before the group's first write.
                first_due.setdefault(key, last[key].old_due)
            last[key] = put

    def freeze(self, stored_form: Callable[[Any], bytes]) -> None:
        """Make the rows that are written, as the states are now."""
        first_due = self.first_due
        for key, (_, value, due, old_due) in self.last.items():
            if key in first_due:
                old_due = first_due[key]
            stored = None if value is None else stored_form(value)
            self.rows.append(_new_tuple(Put, (key, stored, due, old_due)))


def _write(
    writes: Iterable[tuple[_States, int]],
) -> list[tuple[int, StoreClosed | StoreUnusable]]:
    """Write to the stores what each is given, up to its changelog's offset; what failed, by
    partition."""
    failed: list[tuple[int, StoreClosed | StoreUnusable]] = []
    for changed, offset in writes:
        try:
            changed.store.write(changed.rows, offset)
        except (StoreClosed, StoreUnusable) as error:
            failed.append((changed.partition, error))
    return failed


class Committer:
    """Takes the work of chunks and acknowledges each once all of its effects are durable.

    `changelogs` names the changelog topic of each table; a state goes to the partition number of
    its work. `stored_form` makes bytes of what puts hold. While `more_is_coming` a round waits for
    it, as long as nobody waits for the round and there is room. `may_write(topic, partition)` is
    asked with a work's input partition before anything of it is produced and again before its
    states are; work that may not write any more is dropped. `on_damaged` is told of a store that
    turns out to be damaged, whose partition's work is dropped. `on_failure` is called once, with
    the first failure; nothing is committed after it. All methods belong to one event loop.
    """

    def __init__(
        self,
        producer: OutputProducer,
        tables: Mapping[str, TableStore],
        changelogs: Mapping[str, str],
        *,
        may_write: Callable[[str, int], bool],
        on_damaged: Callable[[StoreUnusable], None],
        on_failure: Callable[[BaseException], None],
        stored_form: Callable[[Any], bytes] = bytes,
        more_is_coming: Callable[[], bool] = lambda: False,
        max_pending_records: int = DEFAULT_MAX_PENDING_RECORDS,
        max_pending_bytes: int = DEFAULT_MAX_PENDING_BYTES,
    ) -> None:
        self._producer = producer
        self._tables = tables
        self._changelogs = changelogs
        self._may_write = may_write
        self._on_damaged = on_damaged
        self._on_failure = on_failure
        self._stored_form = stored_form
        self._more_is_coming = more_is_coming
        self._draining = 0
        self._max_records = max_pending_records
        self._max_bytes = max_pending_bytes
        self._queue: list[_Item] = []
        self._group: list[_Item] = []
        self._records = 0
        self._bytes = 0
        self._wake = asyncio.Event()
        self._progress = asyncio.Event()
        self._failure: BaseException | None = None
        self._stopped = False
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-write")

    @property
    def failure(self) -> BaseException | None:
        """What stopped the committer, if anything did."""
        return self._failure

    @property
    def pending_records(self) -> int:
        """Outputs and states submitted and not durable yet."""
        return self._records

    async def start(self) -> None:
        """Begin to commit in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """End at once: what is not durable is forgotten, unacknowledged. Drain to finish it."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        # A store write under way is whole or not there; its chunk stays unacknowledged either way.
        await asyncio.to_thread(self._thread.shutdown)
        for item in (*self._queue, *self._group):
            item.dropped = True
        self._queue.clear()
        self._group = []
        self._notify()

    async def submit(self, effects: Effects, ack: Callable[[], None]) -> None:
        """Take a chunk's effects; `ack` is called on the loop once they are durable.

        Readers of the tables see the states before this first yields. Awaits only while too much is
        pending. Raises CommitterFailed after a failure, KeyError for a partition not assigned.
        """
        self._check()
        for name in effects.puts:
            if effects.partition not in self._tables[name]:
                raise KeyError(f"{name}-{effects.partition} is not assigned")
        item = _Item(effects, ack, self._tables)
        for name, puts in effects.puts.items():
            self._tables[name].add_pending(effects.partition, puts)
        self._records += item.records
        self._bytes += item.bytes
        self._queue.append(item)
        self._wake.set()
        while self._records > self._max_records or self._bytes > self._max_bytes:
            await self._progress.wait()
            if item.dropped:
                return
            self._check()

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget the work of revoked partitions: nothing of it is written or acknowledged any more.

        What is in the producer's hands already can still be delivered within its time-out.
        """
        gone = set(partitions)
        for item in (*self._queue, *self._group):
            if item.effects.partition in gone and not item.dropped:
                item.dropped = True
                self._leave(item)
        self._queue = [item for item in self._queue if not item.dropped]
        for table in self._tables.values():
            for partition in gone:
                table.forget(partition)
        self._notify()

    async def drain(self, partitions: Iterable[int], timeout: float) -> bool:  # noqa: ASYNC109 - the seam
        """Wait until the work of these partitions is durable and acknowledged.

        False when that takes longer than `timeout` seconds, or the committer failed or stopped.
        """
        wanted = set(partitions)
        self._draining += 1
        self._wake.set()
        try:
            async with asyncio.timeout(timeout):
                while self._has_work(wanted):
                    if self._failure is not None or self._stopped:
                        return False
                    await self._progress.wait()
        except TimeoutError:
            return False
        finally:
            self._draining -= 1
        return self._failure is None

    async def _run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._gather()
                    self._group, self._queue = self._queue, []
                    began = time.monotonic()
                    await self._round(self._group)
                    COMMIT_ROUND.observe((time.monotonic() - began,))
                    self._group = []
                    self._notify()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._failure = error
            self._notify()
            self._on_failure(error)

    async def _gather(self) -> None:
        """Let work gather while more of a backlog is coming: the states that are written, and the
        words that are sent, are the last of each key."""
        began = newest = time.monotonic()
        works = len(self._queue)
        while self._draining == 0 and self._has_room and self._more_is_coming():
            now = time.monotonic()
            if len(self._queue) > works:
                works, newest = len(self._queue), now
            if now - began >= GATHERED_S or now - newest >= QUIET_S:
                return
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _LOOK_S)

    @property
    def _has_room(self) -> bool:
        """Work may gather, and as much again be submitted while it is written."""
        return self._records < self._max_records // 2 and self._bytes < self._max_bytes // 2

    async def _round(self, group: list[_Item]) -> None:
        producer = self._producer
        self._drop_forbidden(group)
        frozen = self._states_of(group)
        outputs = _last_words(item.effects.outputs for item in group if not item.dropped)
        for output in outputs:
            producer.produce(output)
        if outputs:
            await producer.flush()

        self._drop_forbidden(group)
        states = [each for each in frozen if not self._gone(group, each.partition)]
        if states:
            for changed in states:
                topic = self._changelogs[changed.table.name]
                producer.produce_states(topic, changed.partition, changed.rows)
            await producer.flush()
            await self._store(group, states)

        for item in group:
            if not item.dropped:
                self._leave(item)
                item.ack()
        for changed in states:
            changed.table.settle(changed.partition, changed.last.values())

    async def _store(self, group: list[_Item], states: list[_States]) -> None:
        writes: list[tuple[_States, int]] = []
        for changed in states:
            if self._gone(group, changed.partition):
                continue
            topic = self._changelogs[changed.table.name]
            offset = self._producer.delivered(topic, changed.partition)
            last = changed.store.changelog_offset()
            if 0 <= offset <= last:
                raise ChangelogMadeAnew(
                    f"{topic}-{changed.partition} took a state at offset {offset}, after one at "
                    f"{last}: the topic was deleted and made again, and what it held is gone"
                )
            writes.append((changed, offset))
        # In one go: between two of them the loop would work on whatever chunks are there.
        loop = asyncio.get_running_loop()
        for partition, error in await loop.run_in_executor(self._thread, _write, writes):
            if isinstance(error, StoreUnusable):
                self.drop({partition})
                self._on_damaged(error)
            elif not self._gone(group, partition):
                raise error

    def _states_of(self, group: list[_Item]) -> list[_States]:
        """What a group stores, as it is now."""
        found: dict[tuple[str, int], _States] = {}
        for item in group:
            if item.dropped:
                continue
            partition = item.effects.partition
            for name, puts in item.effects.puts.items():
                if not puts:
                    continue
                changed = found.get((name, partition))
                if changed is None:
                    changed = found[name, partition] = _States(self._tables[name], partition)
                changed.add(puts)
        for changed in found.values():
            changed.freeze(self._stored_form)
        return list(found.values())

    def _drop_forbidden(self, group: list[_Item]) -> None:
        forbidden = {
            item.effects.partition
            for item in group
            if not item.dropped and not self._may_write(item.effects.topic, item.effects.partition)
        }
        if forbidden:
            log.warning(
                "work of partitions %(partitions)s is dropped: not ours any more",
                event("work_dropped", partitions=sorted(forbidden)),
            )
            self.drop(forbidden)

    @staticmethod
    def _gone(group: Collection[_Item], partition: int) -> bool:
        return any(item.dropped and item.effects.partition == partition for item in group)

    def _has_work(self, partitions: set[int]) -> bool:
        return any(
            item.effects.partition in partitions and not item.dropped
            for item in (*self._queue, *self._group)
        )

    def _leave(self, item: _Item) -> None:
        self._records -= item.records
        self._bytes -= item.bytes

    def _check(self) -> None:
        if self._failure is not None:
            raise CommitterFailed(f"nothing is committed: {self._failure}") from self._failure
        if self._stopped:
            raise CommitterFailed("the committer is stopped")

    def _notify(self) -> None:
        """Wake everybody who waits for progress; who comes later waits for the next."""
        self._progress.set()
        self._progress = asyncio.Event()
