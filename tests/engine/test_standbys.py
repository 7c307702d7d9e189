"""Copies of others' partitions: as their changelogs are, and taken over within seconds."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from echo_worker import (
    config_of,
    make_app,
    produce,
    running,
    start_process,
    topics,
    until,
    wait_for_tables,
)
from kafka_server import KafkaServer
from support.changelogs import Local, delete_before, due_of, make_anew, make_changelog, write
from support.running import wait_for

from streams.engine.store.standbys import Standbys
from streams.engine.store.store import PartitionStore, store_memory
from streams.engine.worker import EngineConfig


class Copy:
    """The copy that another worker than `Local` keeps of partition 0 of table `t`."""

    def __init__(self, bootstrap: str, app_id: str, data_dir: Path) -> None:
        config = EngineConfig(
            app_id=app_id, bootstrap=bootstrap, data_dir=data_dir, partitions=2, tables=("t",)
        )
        self.path = data_dir / "tables" / "t" / "0"
        self.standbys = Standbys(
            config, store_memory(), {"t": due_of}, lambda: time.time_ns() // 1_000
        )

    def reaches(self, offset: int) -> None:
        """Wait until it has read a changelog record."""
        table = self.standbys._tables["t"]
        wait_for(lambda: 0 in table and table[0].changelog_offset() >= offset, 30, "the copy")

    @contextmanager
    def looked_at(self) -> Iterator[PartitionStore]:
        """What it left on the disk."""
        assert self.standbys.partitions == frozenset()
        store = PartitionStore.open(self.path, store_memory(), read_only=True)
        yield store
        store.close()


@pytest.fixture
def changelog(kafka: KafkaServer, app_id: str) -> str:
    """The changelog of table `t`."""
    return make_changelog(kafka, app_id)


@pytest.fixture
def copy(kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path) -> Iterator[Copy]:
    """A copy whose changelog exists; it is kept no more at the end."""
    made = Copy(kafka.bootstrap, app_id, tmp_path)
    yield made
    made.standbys.end()


def test_a_copy_is_what_its_changelog_says(
    kafka: KafkaServer, app_id: str, changelog: str, copy: Copy, tmp_path: Path
) -> None:
    """Of what was there and of what comes: states, deletions and due times. Whoever takes it over
    reads the rest alone."""
    write(kafka, changelog, [(b"a", b"5"), (b"b", b"7")])
    copy.standbys.begin({0}, [])
    copy.reaches(1)
    write(kafka, changelog, [(b"a", b"9"), (b"b", None), (b"c", b"3")])
    copy.reaches(4)
    wait_for(lambda: copy.standbys.behind == 0, 10, "that nothing is behind")
    copy.standbys.end()
    with copy.looked_at() as store:
        assert store.get_many([b"a", b"b", b"c"]) == [b"9", None, b"3"]
        assert store.due(100, 10) == [(3, b"c"), (9, b"a")]
    write(kafka, changelog, [(b"d", b"4")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 1
    assert local.store.due(0, 100, 10) == [(3, b"c"), (4, b"d"), (9, b"a")]
    local.close()


def test_a_copy_of_nothing_grows(kafka: KafkaServer, changelog: str, copy: Copy) -> None:
    """The first record comes when the copy is kept already."""
    copy.standbys.begin({0}, [])
    assert copy.standbys.partitions == {0}
    table = copy.standbys._tables["t"]
    wait_for(lambda: 0 in table, 30, "an open store")
    write(kafka, changelog, [(b"a", b"5")])
    copy.reaches(0)
    write(kafka, changelog, [(b"a", b"6"), (b"b", b"2")])
    copy.reaches(2)
    copy.standbys.end()
    with copy.looked_at() as store:
        assert store.due(100, 10) == [(2, b"b"), (6, b"a")]
        assert not store.unindexed


def test_a_copy_is_up_to_date_as_long_as_it_is_kept(
    kafka: KafkaServer, app_id: str, changelog: str, copy: Copy, tmp_path: Path
) -> None:
    """Its age is that of the last look, not of the last record."""
    write(kafka, changelog, [(b"a", b"5")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    local.close()
    stamp = tmp_path / "tables" / "t" / "0.kept-up-to-date"
    old = time.time() - 3_600
    os.utime(stamp, (old, old))
    copy.standbys.begin({0}, [])
    wait_for(lambda: stamp.stat().st_mtime > old + 3_000, 30, "a new stamp")


def test_a_changelog_that_was_cut_is_not_skipped(
    kafka: KafkaServer,
    changelog: str,
    copy: Copy,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the copy has not read is gone: it says so and is kept no more; a takeover rebuilds."""
    caplog.set_level(logging.INFO, "streams.engine.store.standbys")
    caught_up, cut = threading.Event(), threading.Event()
    restorer = copy.standbys._restorer
    follow = restorer.follow

    def later(partitions: set[int]) -> None:
        caught_up.set()
        assert cut.wait(30)
        follow(partitions)

    restorer.follow = later  # type: ignore[method-assign]
    write(kafka, changelog, [(b"a", b"5")])
    copy.standbys.begin({0}, [])
    assert caught_up.wait(30)
    write(kafka, changelog, [(b"b", b"6"), (b"c", b"7")])
    delete_before(kafka, changelog, 3)
    cut.set()
    wait_for(lambda: "are kept for now" in caplog.text, 60, "that it says so")
    copy.standbys.end()
    with copy.looked_at() as store:
        assert store.changelog_offset() == 0


def test_a_copy_outlives_a_changelog_that_is_not_believed(
    kafka: KafkaServer,
    app_id: str,
    changelog: str,
    copy: Copy,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Offsets were committed on more than there is: the copy may be the last one, and stays."""
    caplog.set_level(logging.INFO, "streams.engine.store.standbys")
    write(kafka, changelog, [(b"a", b"5")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    said = local.commit()
    local.close()
    make_anew(kafka, changelog)
    copy.standbys.begin({0}, [said])
    wait_for(lambda: "are kept for now" in caplog.text, 30, "that it says so")
    copy.standbys.end()
    with copy.looked_at() as store:
        assert store.get_many([b"a"]) == [b"5"]


@pytest.fixture
def options(kafka: KafkaServer, app_id: str) -> dict[str, Any]:
    """Options of an echo worker with one copy, on the real broker, whose topics exist."""
    for topic, config in topics(app_id).items():
        kafka.create_topic(topic, 4, config)
    return {"bootstrap": kafka.bootstrap, "app_id": app_id, "standby_replicas": 1}


def test_each_worker_keeps_the_other_ones_partitions(
    options: dict[str, Any], tmp_path: Path
) -> None:
    """And gives them up where they become its own, with states that only the other has seen."""

    async def run() -> None:
        apps = [
            make_app(config_of({**options, "data_dir": tmp_path / str(number)}))
            for number in range(2)
        ]
        engines = [app.engine for app in apps]
        async with running(apps[0]):
            await until(lambda: engines[0].owned == {0, 1, 2, 3})
            assert engines[0].standbys.partitions == frozenset()
            async with running(apps[1]):
                await until(lambda: all(len(engine.owned) == 2 for engine in engines))
                await until(
                    lambda: (
                        engines[0].standbys.partitions == engines[1].owned
                        and engines[1].standbys.partitions == engines[0].owned
                    )
                )
                numbers = range(3_000)
                produce(options["bootstrap"], options["app_id"], numbers)
                await asyncio.to_thread(
                    wait_for_tables, options["bootstrap"], options["app_id"], numbers
                )
                for engine in engines:
                    assert engine.status().standby_partitions == 2
                    copies = engine.standbys._tables
                    theirs = engines[1 - engines.index(engine)].tables
                    await until(
                        lambda copies=copies, theirs=theirs: all(
                            copies[name][number].changelog_offset()
                            == theirs[name][number].changelog_offset()
                            for name in copies
                            for number in copies[name].partitions()
                        ),
                        what="copies that have read what there is",
                    )
                    for name, table in engine.tables.items():
                        assert set(table.partitions()) == engine.owned, name
            await until(lambda: engines[0].owned == {0, 1, 2, 3})
            assert engines[0].restorer.stats.records == 0
            assert engines[0].standbys.partitions == frozenset()

    asyncio.run(run())


@pytest.mark.parametrize("copies", [0, 1])
def test_a_worker_without_partitions_is_content(
    options: dict[str, Any], tmp_path: Path, copies: int
) -> None:
    """There are more workers than partitions, or it has copies alone: it misses no topic, and does
    not ask for partitions again and again."""

    async def run() -> None:
        apps = [
            make_app(
                config_of(
                    {
                        **options,
                        "standby_replicas": copies,
                        "topic_watch_interval": 0.2,
                        "data_dir": tmp_path / str(number),
                    }
                )
            )
            for number in range(5)
        ]
        engines = [app.engine for app in apps]

        def is_shared() -> bool:
            owned = [number for engine in engines for number in engine.owned]
            return sorted(owned) == [0, 1, 2, 3] and all(engine.assigned for engine in engines)

        async with AsyncExitStack() as stack:
            await stack.enter_async_context(running(apps[0]))
            await until(lambda: engines[0].owned == {0, 1, 2, 3})
            async with AsyncExitStack() as others:
                for app in apps[1:]:
                    await others.enter_async_context(running(app))
                await until(is_shared, 60)
                (idle,) = [engine for engine in engines if not engine.owned]
                looks: list[bool] = []
                look = idle.topics.look

                def looked(found: Any) -> bool:
                    looks.append(look(found))
                    return looks[-1]

                idle.topics.look = looked  # type: ignore[method-assign]
                await until(lambda: len(looks) >= 5)
                assert looks == [False] * len(looks)
                assert idle.topics.unread == {}
            await until(lambda: engines[0].owned == {0, 1, 2, 3}, 60)

    asyncio.run(run())


def test_a_worker_that_is_killed_is_replaced_by_its_copies(
    options: dict[str, Any], tmp_path: Path
) -> None:
    """Its partitions go on where it ended, nothing lost, without a restore of what is there."""
    processes: list[subprocess.Popen[bytes]] = []

    async def run() -> None:
        app = make_app(config_of({**options, "data_dir": tmp_path / "0"}))
        engine = app.engine
        async with running(app):
            await until(lambda: engine.owned == {0, 1, 2, 3})
            processes.append(start_process(tmp_path / "log", data_dir=tmp_path / "1", **options))
            await until(lambda: len(engine.standbys.partitions) == 2)
            produce(options["bootstrap"], options["app_id"], range(20_000))
            await asyncio.to_thread(
                wait_for_tables, options["bootstrap"], options["app_id"], range(20_000)
            )
            await until(lambda: engine.standbys.behind == 0)
            produce(options["bootstrap"], options["app_id"], range(20_000, 22_000))
            processes[0].send_signal(signal.SIGKILL)
            await until(lambda: engine.owned == {0, 1, 2, 3}, 40)
            written = sum(
                engine.tables[name][number].changelog_offset() + 1
                for name in engine.tables
                for number in range(4)
            )
            assert engine.restorer.stats.records < written / 4
            assert engine.restorer.stats.rebuilt == []
            await asyncio.to_thread(
                wait_for_tables, options["bootstrap"], options["app_id"], range(22_000)
            )

    try:
        asyncio.run(run())
    finally:
        for process in processes:
            process.kill()
            process.wait()
