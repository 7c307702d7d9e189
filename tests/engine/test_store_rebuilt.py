"""Workers whose local state is damaged: it is rebuilt, once and said, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
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

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.types import Put
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.store import PartitionStore, store_memory
from streams.telemetry.metrics import STORES_REBUILT


@pytest.fixture
def cluster(app_id: str) -> Iterator[EmbeddedCluster]:
    """An in-process cluster with the echo app's topics."""
    with EmbeddedCluster(topics=dict.fromkeys(topics(app_id), 4)) as cluster:
        yield cluster


@pytest.fixture
def options(cluster: EmbeddedCluster, app_id: str, tmp_path: Path) -> dict[str, Any]:
    """Options of an echo worker."""
    return {"bootstrap": cluster.bootstrap, "app_id": app_id, "data_dir": tmp_path / "data"}


def flip(path: Path) -> None:
    """Damage a data block of a store's largest file; opening the store does not show it."""
    file = max(path.glob("*.sst"), key=lambda file: file.stat().st_size)
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)


def rebuilt() -> float:
    """Stores of table `sets` rebuilt in this process because they were damaged."""
    return STORES_REBUILT.labels(table="sets", reason="damaged")._value.get()


def damage_writes(store: PartitionStore) -> None:
    """Let writes fail as they do after a compaction has met damage."""

    def write(writes: object, offset: int) -> None:
        raise StoreUnusable(store.path, "is damaged (Corruption: as the test wants it)")

    store.write = write  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("by", ["read", "write"])
def test_found_while_running_it_is_rebuilt_there(
    options: dict[str, Any], caplog: pytest.LogCaptureFixture, by: str
) -> None:
    """The partition is given up, restored from its changelog and read on; the worker lives."""
    bootstrap, app_id = options["bootstrap"], options["app_id"]
    before = rebuilt()

    async def taken(numbers: range) -> None:
        await asyncio.to_thread(wait_for_tables, bootstrap, app_id, numbers)

    async def run() -> None:
        async with running(make_app(config_of(options))):
            produce(bootstrap, app_id, range(4_000))
            await taken(range(4_000))
        if by == "read":
            flip(options["data_dir"] / "tables" / "sets" / "1")
        app = make_app(config_of(options))
        async with running(app) as worker:
            await until(lambda: app.engine.assigned)
            if by == "write":
                damage_writes(app.engine.tables["sets"][1])
            produce(bootstrap, app_id, range(4_000, 8_000))
            await taken(range(8_000))
            await until(lambda: app.engine.assignments == 2 and app.engine.assigned)
            assert not worker.done()

    asyncio.run(run())
    assert rebuilt() == before + 1
    said = [record.getMessage() for record in caplog.records if record.name.startswith("streams")]
    assert sum("sets-1 turned out to be unusable: it is damaged" in text for text in said) >= 1
    assert sum("local state of sets-1 is damaged" in text for text in said) == 1


def test_found_at_the_start_it_is_rebuilt(options: dict[str, Any]) -> None:
    """What shows when the store is opened; the others are taken as they are."""
    bootstrap, app_id = options["bootstrap"], options["app_id"]
    produce(bootstrap, app_id, range(4_000))

    async def run() -> list[str]:
        app = make_app(config_of(options))
        async with running(app):
            await asyncio.to_thread(wait_for_tables, bootstrap, app_id, range(4_000))
            await until(lambda: app.engine.assigned)
            return app.engine.restorer.stats.rebuilt

    assert asyncio.run(run()) == []
    (options["data_dir"] / "tables" / "sets" / "1" / "CURRENT").write_bytes(b"garbage")
    assert asyncio.run(run()) == ["sets-1"]
    assert asyncio.run(run()) == []


def test_a_store_that_is_in_use_ends_it_at_once(options: dict[str, Any], tmp_path: Path) -> None:
    """One line says which partition, why and what to do; no thread is left that holds it up."""
    path, log = options["data_dir"] / "tables" / "sets" / "1", tmp_path / "log"
    store = PartitionStore.open(path, store_memory())
    store.write([Put(b"k", b"v", 0, 0)])
    process = start_process(log, **options)
    assert process.wait(60) == 1
    text = log.read_text()
    assert text.strip().splitlines()[-1] == (
        f"worker failed: StoreLocked: local state of sets-1 ({path}) is in use by another process "
        f"(IO error: While lock file: {path}/LOCK: Resource temporarily unavailable): give each "
        "worker a data directory of its own"
    )
    assert "stopped in" in text
    assert "its process had not" not in text
    assert store.get_many([b"k"]) == [b"v"]
    store.close()
