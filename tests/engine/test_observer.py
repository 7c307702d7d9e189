"""Stored states are counted in the background, as they were when the partition was assigned."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from echo_worker import config_of, make_app, produce, running, topics, until, wait_for_tables

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.types import Effects, Put
from streams.engine.store.errors import StoreLocked
from streams.engine.store.observer import Census
from streams.engine.store.store import TableStore, store_memory
from streams.engine.store.sweep import BATCH, States, Sweeps, SweepStopped

KEYS = 3 * BATCH + 7


class Counting:
    """An observer that notes what it is given; it waits at the first batch while `held`."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], dict[bytes, bytes]] = {}
        self.done: list[int] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def assigned(self, partitions: frozenset[int]) -> None:
        """Nothing."""

    def accepted(self, effects: Effects) -> None:
        """Nothing."""

    def count(self, table: str, states: Iterator[States]) -> Callable[[int], None]:
        """Notes all states."""
        found: dict[bytes, bytes] = {}
        for batch in states:
            self.began.set()
            assert self.go_on.wait(20)
            found.update(batch)
        return lambda partition: self.seen.update({(table, partition): found})

    def counted(self, partition: int) -> None:
        """Notes it."""
        self.done.append(partition)

    def word(self) -> bytes:
        """Nothing."""
        return b""

    def heard(self, worker: str, word: bytes) -> None:
        """Nothing."""


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[dict[str, TableStore]]:
    """Two tables with partitions 0 and 1; of `a` more states than one batch holds."""
    memory = store_memory()
    stores = {name: TableStore(name, tmp_path, memory) for name in ("a", "b")}
    for name, table in stores.items():
        for partition in (0, 1):
            number = KEYS + partition if name == "a" else 2
            table.assign(partition).write(rows(range(number), b"old"), 1)
    yield stores
    for table in stores.values():
        table.close()


def rows(numbers: range, value: bytes | None, old_due: int = 0) -> list[Put]:
    """One write for each number."""
    due = 0 if value is None else 5
    return [Put(f"{number:05}".encode(), value, due, old_due) for number in numbers]


def test_every_state_is_counted_as_it_was_at_the_assignment(tables: dict[str, TableStore]) -> None:
    """What is changed, added or deleted while counting goes on is not seen: it is told besides."""
    observer = Counting()
    observer.go_on.clear()

    async def run() -> None:
        census = Census(tables, observer, [].append)
        census.begin(frozenset((0, 1)))
        assert census.left == {0, 1}
        await until(observer.began.is_set)
        tables["a"][0].write(rows(range(10), b"new", 5), 2)
        tables["a"][0].write(rows(range(10, 20), None, 5), 3)
        tables["a"][0].write(rows(range(90_000, 90_009), b"new"), 4)
        observer.go_on.set()
        await until(lambda: not census.left)
        await census.stop()

    asyncio.run(run())
    assert observer.done == [0, 1]
    for partition in (0, 1):
        wanted = {key: b"old" for key, *_ in rows(range(KEYS + partition), b"old")}
        assert observer.seen["a", partition] == wanted
        assert len(observer.seen["b", partition]) == 2


def test_a_count_that_is_stopped_lets_go_of_the_stores(tables: dict[str, TableStore]) -> None:
    """A rebalance in the middle: nothing is taken over, and the stores can be opened again."""
    observer = Counting()
    observer.go_on.clear()

    async def run() -> Census:
        census = Census(tables, observer, [].append)
        census.begin(frozenset((0, 1)))
        await until(observer.began.is_set)
        stopping = asyncio.create_task(census.stop())
        await asyncio.sleep(0)
        observer.go_on.set()
        await stopping
        return census

    census = asyncio.run(run())
    assert census.left == {0, 1}
    assert observer.done == []
    assert observer.seen == {}
    for table in tables.values():
        for partition in (0, 1):
            table.revoke(partition)
            assert table.assign(partition).get_many([b"00001"]) == [b"old"]


def test_an_open_scan_keeps_the_store_locked(tables: dict[str, TableStore]) -> None:
    """Why a scan must be closed before its store: RocksDB lives on behind it."""
    scan = tables["a"][0].scan()
    assert scan.take(1)
    tables["a"].revoke(0)
    with pytest.raises(StoreLocked):
        tables["a"].assign(0)
    scan.close()
    assert scan.take(1) == []
    tables["a"].assign(0)


def test_an_observer_that_fails_costs_its_numbers_only(
    tables: dict[str, TableStore], caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged, the partitions stay uncounted, and stopping works as ever."""

    class Failing(Counting):
        def count(self, table: str, states: Iterator[States]) -> Callable[[int], None]:
            """Fails."""
            raise ValueError("as the test wants it")

    async def run() -> Census:
        census = Census(tables, Failing(), [].append)
        census.begin(frozenset((0,)))
        await until(lambda: "could not be counted" in caplog.text)
        await census.stop()
        return census

    assert asyncio.run(run()).left == {0}
    assert "as the test wants it" in caplog.text


def test_a_sweep_gives_what_each_partition_gives(tables: dict[str, TableStore]) -> None:
    """Tables in the order asked for, partitions in theirs."""

    async def run() -> list[tuple[str, int]]:
        sweeps = Sweeps(tables, [].append)
        return await sweeps.over(
            ("b", "a"), lambda name, states: (name, sum(map(len, states))), pause=0.0
        )

    assert asyncio.run(run()) == [("b", 2), ("b", 2), ("a", KEYS), ("a", KEYS + 1)]


def test_a_sweep_ends_when_the_partitions_are_taken_away(tables: dict[str, TableStore]) -> None:
    """Who asked is told, and the stores can be closed and opened again."""
    began, go_on = threading.Event(), threading.Event()

    def visit(_: str, states: Iterator[States]) -> int:
        for _batch in states:
            began.set()
            assert go_on.wait(20)
        return 0

    async def run() -> None:
        sweeps = Sweeps(tables, [].append)
        asking = asyncio.create_task(sweeps.over(("a",), visit, pause=0.0))
        await until(began.is_set)
        stopping = asyncio.create_task(sweeps.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        with pytest.raises(SweepStopped):
            await asking

    asyncio.run(run())
    tables["a"].revoke(0)
    assert tables["a"].assign(0).get_many([b"00001"]) == [b"old"]


def test_an_observer_that_fails_stops_no_work(
    app_id: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Numbers that may be wrong are none: it is told nothing more, and every record is processed
    and committed as ever."""

    class Failing(Counting):
        told = 0

        def accepted(self, effects: Effects) -> None:
            """Fails."""
            self.told += 1
            raise ValueError("as the test wants it")

    observer = Failing()

    async def run(bootstrap: str) -> int:
        config = {"bootstrap": bootstrap, "app_id": app_id, "data_dir": tmp_path}
        app = make_app(config_of(config))
        app.engine.observer = observer
        async with running(app):
            await until(lambda: app.engine.assigned)
            await asyncio.to_thread(produce, bootstrap, app_id, range(3_000))
            await until(lambda: app.engine.observer is None)
            await asyncio.to_thread(wait_for_tables, bootstrap, app_id, range(3_000))
            return app.engine.status().uncounted

    with EmbeddedCluster(topics=dict.fromkeys(topics(app_id), 4)) as cluster:
        assert asyncio.run(run(cluster.bootstrap)) == 4
    assert observer.told == 1
    assert "none are kept any more" in caplog.text
