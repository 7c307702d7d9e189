"""Effects become durable in order, and only those of partitions that are still ours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.fake_broker import CHANGELOGS, FakeProducer

from streams.engine.kafka.producer import DeliveryFailed
from streams.engine.kafka.types import Effects, Output, Put
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.store import PartitionStore, TableStore, store_memory
from streams.engine.worker.commit import ChangelogMadeAnew, Committer, CommitterFailed


class Bench:
    """A committer on two real tables and a producer whose deliveries the test releases."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        memory = store_memory(1024 * 1024)
        self.tables = {name: TableStore(name, directory, memory) for name in CHANGELOGS}
        for table in self.tables.values():
            for number in (0, 1):
                table.assign(number)
        self.producer = FakeProducer()
        self.acked: list[str] = []
        self.failures: list[BaseException] = []
        self.damaged: list[StoreUnusable] = []
        self.forbidden: set[int] = set()
        self.committer = Committer(
            self.producer,
            self.tables,
            CHANGELOGS,
            may_write=lambda _topic, number: number not in self.forbidden,
            on_damaged=self.damaged.append,
            on_failure=self.failures.append,
            **settings,
        )

    async def submit(self, name: str, work: Effects) -> None:
        """Submit, remembering the acknowledgement under a name."""
        await self.committer.submit(work, partial(self.acked.append, name))

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop run until a condition holds."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - any condition, no event
                await asyncio.sleep(0.001)

    async def deliver(self) -> None:
        """Wait for the committer's next flush and let it succeed."""
        await self.until(lambda: self.producer.flushing)
        self.producer.deliver()
        await self.until(lambda: not self.producer.flushing or self.producer.buffer)


@asynccontextmanager
async def bench(directory: Path, **settings: Any) -> AsyncIterator[Bench]:
    """A started bench, stopped and closed afterwards."""
    made = Bench(directory, **settings)
    await made.committer.start()
    try:
        yield made
    finally:
        await made.committer.stop()
        for table in made.tables.values():
            table.close()


def work(*writes: Put, outputs: int = 1, partition: int = 0, table: str = "orders") -> Effects:
    """A chunk's effects: some outputs and the writes to one table."""
    return Effects(
        [Output("warnings", b"w", b"%d" % number) for number in range(outputs)],
        {table: list(writes)} if writes else {},
        "in",
        partition,
    )


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an async test body."""
    asyncio.run(test())  # type: ignore[arg-type]


def test_the_order_of_durability(tmp_path: Path) -> None:
    """Outputs, then changelog, then store, then acknowledgement; nothing runs ahead."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            store = made.tables["orders"][0]
            await made.submit("one", work(Put(b"a", b"1", 5, 0)))
            assert made.tables["orders"].get_many(0, [b"a"]) == [b"1"]
            await made.until(lambda: made.producer.flushing)
            assert [topic for topic, *_ in made.producer.buffer] == ["warnings"]
            assert (store.get_many([b"a"]), made.acked) == ([None], [])
            await made.deliver()
            await made.until(lambda: made.producer.flushing)
            assert [topic for topic, *_ in made.producer.buffer] == ["orders-changelog"]
            assert (store.get_many([b"a"]), made.acked) == ([None], [])
            made.producer.deliver()
            await made.until(lambda: made.acked)
            assert store.get_many([b"a"]) == [b"1"]
            assert (store.changelog_offset(), store.due(5, 1)) == (0, [(5, b"a")])
            assert made.tables["orders"].pending(0) == 0

    run(body)


def test_a_round_writes_its_stores_without_waiting_for_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that works on chunks between two stores would make warnings wait for them."""
    begun, held, over = (threading.Event() for _ in range(3))
    written: list[int] = []
    write = PartitionStore.write

    def note(store: PartitionStore, rows: Sequence[Put], offset: int) -> None:
        write(store, rows, offset)
        written.append(offset)
        begun.set()
        held.wait(10)
        if len(written) == 2:
            over.set()

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("one", work(Put(b"a", b"1", 0, 0), outputs=0))
            await made.submit("two", work(Put(b"b", b"1", 0, 0), outputs=0, partition=1))
            await made.until(lambda: made.producer.flushing)
            monkeypatch.setattr(PartitionStore, "write", note)
            made.producer.deliver()
            await made.until(begun.is_set)
            held.set()
            assert over.wait(10), "the second is written while the loop is held"
            await made.until(lambda: made.acked == ["one", "two"])

    run(body)


def test_a_changelog_that_begins_again(tmp_path: Path) -> None:
    """It was deleted and made again: what it held is gone, so no offset is committed on it."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            store = made.tables["orders"][0]
            store.write([Put(b"a", b"0", 0, 0)], 7)
            await made.submit("one", work(Put(b"a", b"1", 0, 0), outputs=0))
            await made.deliver()
            await made.until(lambda: made.failures)
            assert made.acked == []
            assert (store.get_many([b"a"]), store.changelog_offset()) == ([b"0"], 7)
            (failure,) = made.failures
            assert isinstance(failure, ChangelogMadeAnew)
            assert "orders-changelog-0 took a state at offset 0, after one at 7" in str(failure)

    run(body)


def test_a_group_keeps_the_last_state_and_the_first_old_due(tmp_path: Path) -> None:
    """Three writes of one key are one changelog record, and leave one deadline."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            store = made.tables["orders"][0]
            store.write([Put(b"a", b"0", 3, 0)])
            await made.submit("lead", work(outputs=1))
            await made.until(lambda: made.producer.flushing)
            await made.submit("one", work(Put(b"a", b"1", 5, 3), outputs=0))
            await made.submit("two", work(Put(b"a", b"2", 7, 5), Put(b"b", b"x", 0, 0), outputs=0))
            await made.submit("three", work(Put(b"a", b"3", 9, 7), outputs=0))
            made.producer.deliver()
            await made.until(lambda: made.acked == ["lead"] and made.producer.flushing)
            assert [(key, value) for _, _, key, value in made.producer.buffer] == [
                (b"a", b"3"),
                (b"b", b"x"),
            ]
            made.producer.deliver()
            await made.until(lambda: len(made.acked) == 4)
            assert made.acked == ["lead", "one", "two", "three"]
            assert store.due(100, 9) == [(9, b"a")]

    run(body)


def test_a_state_is_written_as_it_was_when_its_round_began(tmp_path: Path) -> None:
    """Readers are given the state itself. What a later chunk does to it while outputs of the first
    are on their way belongs to the later chunk, and is written with that one's."""

    async def body() -> None:
        async with bench(tmp_path, stored_form=_joined) as made:
            table = made.tables["orders"]
            await made.submit("one", work(Put(b"a", ["1"], 5, 0)))
            await made.until(lambda: made.producer.flushing)
            (state,) = table.get_many(0, [b"a"])
            state.append("2")
            await made.submit("two", work(Put(b"a", state, 7, 5)))
            await made.deliver()
            await made.until(lambda: made.producer.flushing)
            assert made.producer.buffer == [("orders-changelog", 0, b"a", b"1")]
            made.producer.deliver()
            await made.until(lambda: made.acked == ["one"])
            assert table[0].get_many([b"a"]) == [b"1"]
            assert table.get_many(0, [b"a"]) == [["1", "2"]]
            await made.deliver()
            await made.deliver()
            await made.until(lambda: len(made.acked) == 2)
            assert table.get_many(0, [b"a"]) == [b"12"]
            assert table[0].due(9, 9) == [(7, b"a")]

    run(body)


def _joined(state: list[str]) -> bytes:
    return "".join(state).encode()


def test_work_gathers_while_more_is_coming(tmp_path: Path) -> None:
    """One round for several chunks; of words with one name the last is sent, others all."""
    coming = True

    def words(text: bytes) -> Effects:
        outputs = [
            Output("facts", b"k", text, word="w"),
            Output("facts", b"k", text, word=text.decode()),
            Output("facts", b"k", text),
        ]
        return Effects(outputs, {"orders": [Put(b"a", text, 0, 0)]}, "in", 0)

    async def body() -> None:
        nonlocal coming
        async with bench(tmp_path, more_is_coming=lambda: coming) as made:
            await made.submit("one", words(b"1"))
            await made.submit("two", words(b"2"))
            await asyncio.sleep(0)
            assert not made.producer.flushing
            coming = False
            await made.until(lambda: made.producer.flushing)
            sent = [value for *_, value in made.producer.buffer]
            assert sent == [b"1", b"1", b"2", b"2", b"2"]
            await made.deliver()
            await made.until(lambda: made.producer.flushing)
            assert made.producer.buffer == [("orders-changelog", 0, b"a", b"2")]
            made.producer.deliver()
            await made.until(lambda: made.acked == ["one", "two"])

    run(body)


@pytest.mark.parametrize("limits", [{"max_pending_records": 4}, {"max_pending_bytes": 10}, {}])
def test_nobody_waits_for_more_to_come(tmp_path: Path, limits: dict[str, int]) -> None:
    """Where there is no room, or somebody drains, the round begins."""

    async def body() -> None:
        async with bench(tmp_path, more_is_coming=lambda: True, **limits) as made:
            await made.submit("one", work(Put(b"a", b"12345", 0, 0), outputs=1))
            draining = None if limits else asyncio.ensure_future(made.committer.drain([0], 9))
            await made.until(lambda: made.producer.flushing)
            await made.deliver()
            await made.deliver()
            await made.until(lambda: made.acked)
            assert draining is None or await draining

    run(body)


def test_a_newer_state_stays_visible_while_an_older_is_stored(tmp_path: Path) -> None:
    """Storing a group does not uncover the store under a write of the next group."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("one", work(Put(b"a", b"1", 5, 0), outputs=0))
            await made.until(lambda: made.producer.flushing)
            await made.submit("two", work(Put(b"a", None, 0, 5), outputs=0))
            made.producer.deliver()
            await made.until(lambda: made.acked == ["one"])
            assert made.tables["orders"].get_many(0, [b"a"]) == [None]
            assert made.tables["orders"].due(0, 100, 9) == []
            await made.deliver()
            await made.until(lambda: len(made.acked) == 2)
            assert made.tables["orders"][0].due(100, 9) == []

    run(body)


def test_work_without_effects_is_acknowledged(tmp_path: Path) -> None:
    """A chunk that changes nothing needs no delivery."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("empty", work(outputs=0))
            await made.until(lambda: made.acked == ["empty"])

    run(body)


@pytest.mark.parametrize("stage", ["outputs", "changelog"])
def test_a_failed_delivery_stops_everything(tmp_path: Path, stage: str) -> None:
    """Nothing is stored or acknowledged; the failure is reported once and later submits raise."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("one", work(Put(b"a", b"1", 5, 0)))
            if stage == "changelog":
                await made.deliver()
            await made.until(lambda: made.producer.flushing)
            failure = DeliveryFailed("warnings", 0, "refused")
            made.producer.fail(failure)
            await made.until(lambda: made.failures)
            assert made.failures == [failure]
            assert made.committer.failure is failure
            assert made.tables["orders"][0].get_many([b"a"]) == [None]
            with pytest.raises(CommitterFailed, match="refused") as caught:
                await made.submit("two", work())
            assert caught.value.__cause__ is failure
            assert not await made.committer.drain([0], 5)
            assert made.acked == []

    run(body)


def test_a_failed_store_write_stops_everything(tmp_path: Path) -> None:
    """A store that is closed under an owned partition is a failure, not a silent loss."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("one", work(Put(b"a", b"1", 5, 0), outputs=0))
            await made.until(lambda: made.producer.flushing)
            made.tables["orders"][0].close()
            made.producer.deliver()
            await made.until(lambda: made.failures)
            assert made.acked == []

    run(body)


@pytest.mark.parametrize("stage", ["queued", "outputs", "changelog"])
def test_dropped_work_is_neither_written_nor_acknowledged(tmp_path: Path, stage: str) -> None:
    """Whatever stage it reached, a revoked partition's work ends there; the other's goes on."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            if stage == "queued":
                await made.submit("lead", work(partition=1))
                await made.until(lambda: made.producer.flushing)
            await made.submit("gone", work(Put(b"a", b"1", 5, 0), partition=0))
            await made.submit("kept", work(Put(b"b", b"1", 5, 0), partition=1))
            if stage != "queued":
                await made.until(lambda: made.producer.flushing)
            if stage == "changelog":
                await made.deliver()
                await made.until(lambda: made.producer.flushing)
            store = made.tables["orders"][0]
            made.committer.drop([0])
            assert made.tables["orders"].get_many(0, [b"a"]) == [None]
            for table in made.tables.values():
                table.revoke(0)
            while "kept" not in made.acked:
                if made.producer.flushing:
                    made.producer.deliver()
                await asyncio.sleep(0.001)
            assert store.closed
            reopened = made.tables["orders"].assign(0)
            assert reopened.get_many([b"a"]) == [None]
            assert made.tables["orders"][1].get_many([b"b"]) == [b"1"]
            assert "gone" not in made.acked
            assert made.failures == []
            written = {(topic, number) for topic, number, *_ in made.producer.log}
            assert (("orders-changelog", 0) in written) == (stage == "changelog")
            assert made.committer.pending_records == 0

    run(body)


def test_work_that_may_not_write_is_dropped_before_producing(tmp_path: Path) -> None:
    """An outdated generation produces nothing, and its states are forgotten."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            made.forbidden.add(0)
            await made.submit("gone", work(Put(b"a", b"1", 5, 0)))
            await made.submit("kept", work(outputs=1, partition=1))
            await made.deliver()
            await made.until(lambda: made.acked == ["kept"])
            assert len(made.producer.log) == 1
            assert made.tables["orders"].get_many(0, [b"a"]) == [None]

    run(body)


def test_work_that_may_not_write_any_more_keeps_its_states_out(tmp_path: Path) -> None:
    """Losing the generation while outputs are in flight leaves changelog and store alone."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("gone", work(Put(b"a", b"1", 5, 0)))
            await made.until(lambda: made.producer.flushing)
            made.forbidden.add(0)
            made.producer.deliver()
            await made.until(lambda: made.committer.pending_records == 0)
            assert [topic for topic, *_ in made.producer.log] == ["warnings"]
            assert made.acked == []

    run(body)


@pytest.mark.parametrize("limits", [{"max_pending_records": 3}, {"max_pending_bytes": 10}])
def test_too_much_pending_work_holds_the_submitter(tmp_path: Path, limits: dict[str, int]) -> None:
    """submit waits above the bound, with its states visible, and goes on when there is room."""

    async def body() -> None:
        async with bench(tmp_path, **limits) as made:
            writes = [Put(b"%d" % number, b"four", 0, 0) for number in range(4)]
            held = asyncio.ensure_future(made.submit("one", work(*writes, outputs=0)))
            await made.until(lambda: made.producer.flushing)
            assert not held.done()
            assert made.tables["orders"].get_many(0, [b"3"]) == [b"four"]
            made.producer.deliver()
            await made.until(held.done)
            assert made.acked == ["one"]

    run(body)


def test_a_held_submitter_hears_of_a_failure(tmp_path: Path) -> None:
    """Back-pressure ends with the failure, it does not hang."""

    async def body() -> None:
        async with bench(tmp_path, max_pending_records=0) as made:
            held = asyncio.ensure_future(made.submit("one", work()))
            await made.until(lambda: made.producer.flushing)
            made.producer.fail(DeliveryFailed("warnings", 0, "refused"))
            with pytest.raises(CommitterFailed, match="refused"):
                await held

    run(body)


def test_drain_waits_for_its_partitions_only(tmp_path: Path) -> None:
    """True at once for idle partitions, False after the time-out, True once all is acknowledged."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("one", work(Put(b"a", b"1", 0, 0), outputs=0))
            assert await made.committer.drain([1], 5)
            assert not await made.committer.drain([0, 1], 0.01)
            draining = asyncio.ensure_future(made.committer.drain([0], 5))
            await made.deliver()
            assert await draining
            assert made.acked == ["one"]

    run(body)


def test_an_unassigned_partition_is_refused(tmp_path: Path) -> None:
    """A put whose table is not assigned raises and leaves nothing behind."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            with pytest.raises(KeyError, match="orders-7"):
                await made.submit("lost", work(Put(b"a", b"1", 0, 0), partition=7))
            assert made.committer.pending_records == 0

    run(body)


def test_stop_acknowledges_nothing_more(tmp_path: Path) -> None:
    """What is not durable at stop stays unacknowledged, and submit raises."""

    async def body() -> None:
        async with bench(tmp_path) as made:
            await made.submit("one", work(Put(b"a", b"1", 0, 0)))
            await made.until(lambda: made.producer.flushing)
            await made.committer.stop()
            with pytest.raises(CommitterFailed):
                await made.submit("two", work())
            assert made.acked == []

    run(body)
