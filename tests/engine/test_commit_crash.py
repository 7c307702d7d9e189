"""Whatever crashes when: the store is what the changelog says, and nothing is ever lost.

A state machine plays chunks of two partitions and two tables through a real committer and real
stores against a broker whose deliveries it releases, cuts short or fails. At every step it compares
store, changelog, outputs and acknowledgements with what the order of durability promises.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.fake_broker import CHANGELOGS, Entry, FakeProducer, changelog
from support.memory import IN_MEMORY

from streams.engine.kafka.producer import DeliveryFailed
from streams.engine.kafka.types import Effects, Output, Put
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.store import TableStore, store_memory
from streams.engine.worker.commit import Committer

KEYS = [b"a", b"b"]
PARTITIONS = (0, 1)
EVER = 2**62
MEMORY = store_memory(1024 * 1024)
PLACES = [(table, number) for table in CHANGELOGS for number in PARTITIONS]


class Change(NamedTuple):
    """One write of a chunk as drawn: `due` None deletes."""

    table: str
    key: bytes
    due: int | None


CHANGES = st.lists(
    st.builds(
        Change,
        table=st.sampled_from(sorted(CHANGELOGS)),
        key=st.sampled_from(KEYS),
        due=st.none() | st.integers(0, 5),
    ),
    max_size=5,
)


def due_of(value: bytes | None) -> int:
    """The due time in a state `due:chunk`."""
    return 0 if value is None else int(value.partition(b":")[0])


def state(change: Change, chunk: int) -> bytes | None:
    """The state that a chunk writes for a change."""
    return None if change.due is None else b"%d:%d" % (change.due, chunk)


def replay(records: list[tuple[bytes, bytes | None]]) -> dict[bytes, bytes]:
    """What a compacted changelog comes to."""
    return {key: value for key, value in dict(records).items() if value is not None}


class Crashes(RuleBasedStateMachine):
    """One worker over many lives; `log` is the broker's and outlives them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = Path(tempfile.mkdtemp(dir=IN_MEMORY))
        self.log: list[Entry] = []
        self.inputs: dict[int, list[list[Change]]] = {number: [] for number in PARTITIONS}
        self.done = dict.fromkeys(PARTITIONS, 0)
        self.begin()

    # -- the worker

    def begin(self) -> None:
        """Start the worker, restore its stores and read again what was not acknowledged."""
        self.tables = {name: TableStore(name, self.directory, MEMORY) for name in CHANGELOGS}
        self.producer = FakeProducer(self.log)
        self.failures: list[BaseException] = []
        self.damaged: list[StoreUnusable] = []
        self.seen: dict[tuple[str, int], dict[bytes, bytes]] = {}
        self.waiting = dict.fromkeys(PARTITIONS, 0)
        for number in PARTITIONS:
            self.restore(number)
        self.loop.run_until_complete(self.start())
        for number in PARTITIONS:
            self.resume(number)

    async def start(self) -> None:
        """Make and start the committer."""
        self.committer = Committer(
            self.producer,
            self.tables,
            CHANGELOGS,
            may_write=lambda _topic, _number: True,
            on_damaged=self.damaged.append,
            on_failure=self.failures.append,
        )
        await self.committer.start()

    def restore(self, number: int) -> None:
        """Open a partition's stores and bring them up to the end of the changelog."""
        for name, topic in CHANGELOGS.items():
            store = self.tables[name].assign(number)
            records = changelog(self.log, topic, number)
            start = store.changelog_offset() + 1
            for offset in range(start, len(records), 2):
                batch = records[offset : offset + 2]
                store.restore(batch, offset + len(batch) - 1, due_of)
            store.restored(due_of)
            self.seen[name, number] = replay(records)

    def resume(self, number: int) -> None:
        """Submit what was read but not acknowledged, in order."""
        self.waiting[number] = 0
        for chunk in range(self.done[number], len(self.inputs[number])):
            self.submit(number, chunk)

    def submit(self, number: int, chunk: int) -> None:
        """What an agent does: read the states, write new ones, submit."""
        puts: dict[str, list[Put]] = {}
        mine: dict[tuple[str, bytes], bytes | None] = {}
        for change in self.inputs[number][chunk]:
            place = (change.table, change.key)
            if place not in mine:
                mine[place] = self.tables[change.table].get_many(number, [change.key])[0]
            old, new = mine[place], state(change, chunk)
            mine[place] = new
            puts.setdefault(change.table, []).append(Put(change.key, new, due_of(new), due_of(old)))
            seen = self.seen[change.table, number]
            if new is None:
                seen.pop(change.key, None)
            else:
                seen[change.key] = new
        effects = Effects([Output("out", b"%d" % number, b"%d" % chunk)], puts, "in", number)
        self.waiting[number] += 1
        ack = partial(self.acknowledge, number, chunk, self.committer)
        self.loop.run_until_complete(self.committer.submit(effects, ack))

    def acknowledge(self, number: int, chunk: int, by: Committer) -> None:
        """Check that an acknowledged chunk is durable in every respect, and in turn."""
        assert by is self.committer
        assert chunk == self.done[number]
        assert ("out", -1, b"%d" % number, b"%d" % chunk) in self.log
        for change in self.inputs[number][chunk]:
            possible = {
                state(other, later)
                for later in range(chunk, len(self.inputs[number]))
                for other in self.inputs[number][later]
                if (other.table, other.key) == (change.table, change.key)
            }
            stored = self.tables[change.table][number].get_many([change.key])[0]
            assert stored in possible
        self.done[number] = chunk + 1
        self.waiting[number] -= 1

    def waits(self) -> bool:
        """Whether the committer waits for the broker, has failed or has nothing to do."""
        busy = any(self.waiting.values())
        return self.producer.flushing or bool(self.failures) or not busy

    async def settle(self) -> None:
        """Let the committer work until it waits."""
        async with asyncio.timeout(10):
            while not self.waits():  # noqa: ASYNC110 - its thread sets no event
                await asyncio.sleep(0.0005)

    def finish(self) -> None:
        """Deliver until nothing waits."""
        self.loop.run_until_complete(self.settle())
        while any(self.waiting.values()):
            self.producer.deliver()
            self.loop.run_until_complete(self.settle())

    def end(self) -> None:
        """The process is gone; only the disk and the broker remain."""
        self.loop.run_until_complete(self.committer.stop())
        for table in self.tables.values():
            table.close()

    # -- what happens

    @rule(number=st.sampled_from(PARTITIONS), changes=CHANGES)
    def chunk(self, number: int, changes: list[Change]) -> None:
        """A chunk is read and processed."""
        self.inputs[number].append(changes)
        self.submit(number, len(self.inputs[number]) - 1)

    @rule()
    def run(self) -> None:
        """The committer works until it needs the broker."""
        self.loop.run_until_complete(self.settle())

    @precondition(lambda self: self.producer.flushing)
    @rule(turns=st.none() | st.integers(0, 4))
    def deliver(self, turns: int | None) -> None:
        """The broker acknowledges; the committer goes on, perhaps only a few turns of the loop."""
        self.producer.deliver()
        if turns is None:
            self.loop.run_until_complete(self.settle())
        for _ in range(turns or 0):
            self.loop.run_until_complete(asyncio.sleep(0))

    @rule(number=st.sampled_from(PARTITIONS), chunks=st.lists(CHANGES, max_size=3))
    def flow(self, number: int, chunks: list[list[Change]]) -> None:
        """Some chunks go all the way, together with what was waiting."""
        for changes in chunks:
            self.chunk(number, changes)
        self.finish()

    @rule(delivered=st.integers(0, 6))
    def crash(self, delivered: int) -> None:
        """The process dies; the broker got some of what was on its way."""
        self.producer.append(delivered)
        self.end()
        self.begin()

    @precondition(lambda self: self.producer.flushing)
    @rule(delivered=st.integers(0, 6))
    def fail(self, delivered: int) -> None:
        """A delivery fails: the committer stops by itself and the worker starts again."""
        self.producer.append(delivered)
        before = list(self.log), dict(self.done)
        self.producer.fail(DeliveryFailed("out", 0, "refused"))
        self.loop.run_until_complete(self.settle())
        assert len(self.failures) == 1
        assert (self.log, self.done) == before
        self.end()
        self.begin()

    @rule(number=st.sampled_from(PARTITIONS), delivered=st.integers(0, 6))
    def rebalance(self, number: int, delivered: int) -> None:
        """A partition is revoked in the middle of things and comes back later."""
        done = self.done[number]
        self.committer.drop([number])
        for table in self.tables.values():
            table.revoke(number)
        self.waiting[number] = 0
        self.producer.append(delivered)
        if self.producer.flushing:
            self.producer.deliver()
        self.loop.run_until_complete(self.settle())
        assert self.done[number] == done
        if self.producer.flushing:
            self.producer.deliver()
            self.loop.run_until_complete(self.settle())
        self.restore(number)
        self.resume(number)

    # -- what always holds

    @invariant()
    def the_store_is_the_changelog_up_to_its_offset(self) -> None:
        """States and due index equal the changelog, replayed up to the stored offset."""
        for name, number in PLACES:
            store = self.tables[name][number]
            offset = store.changelog_offset()
            records = changelog(self.log, CHANGELOGS[name], number)
            assert offset < len(records)
            expected = replay(records[: offset + 1])
            found = dict(zip(KEYS, store.get_many(KEYS), strict=True))
            assert found == {key: expected.get(key) for key in KEYS}
            due = sorted((due_of(value), key) for key, value in expected.items() if due_of(value))
            assert store.due(EVER, 100) == due

    @invariant()
    def the_changelog_follows_the_outputs(self) -> None:
        """A state in the changelog has its chunk's outputs before it."""
        published: set[tuple[bytes | None, bytes | None]] = set()
        for topic, number, key, value in self.log:
            if topic == "out":
                published.add((key, value))
            elif value is not None:
                assert (b"%d" % number, value.partition(b":")[2]) in published

    @invariant()
    def readers_see_what_was_submitted(self) -> None:
        """get_many tells the newest state submitted, stored or not."""
        for name, number in PLACES:
            seen = self.seen[name, number]
            assert self.tables[name].get_many(number, KEYS) == [seen.get(key) for key in KEYS]

    def teardown(self) -> None:
        """Left alone, all chunks are acknowledged and the states are theirs, in turn."""
        try:
            self.finish()
            assert self.done == {number: len(chunks) for number, chunks in self.inputs.items()}
            for name, number in PLACES:
                final = replay(
                    [
                        (change.key, state(change, chunk))
                        for chunk, changes in enumerate(self.inputs[number])
                        for change in changes
                        if change.table == name
                    ]
                )
                stored = self.tables[name][number].get_many(KEYS)
                assert stored == [final.get(key) for key in KEYS]
        finally:
            self.end()
            self.loop.close()
            shutil.rmtree(self.directory)


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
