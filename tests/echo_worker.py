"""A tiny app on the engine, run as a process by the engine's tests: sets of ids, in two hops.

A record (key k, value i) of `<app>-in` adds i to the set of k in table `sets`, and is sent on to
`<app>-hop` under key i mod 50, where it is added to table `hops`. Each addition is published to
`<app>-out`. Ids make sets, so repeats show as repeats in `out` only and losses show as losses.
Ticks publish the gate to `<app>-gate`. A number of REFUSED or more is refused.

    python tests/echo_worker.py '{"bootstrap": …, "app_id": …, "data_dir": …}'
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

# Run as a program, only this file's own directory is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from streams.engine.worker import (
    Effects,
    EngineApp,
    EngineConfig,
    Output,
    Put,
    create_app,
    run_worker,
)
from streams.engine.worker.runner import worker

TABLES = ("sets", "hops")
REFUSED = 10**9
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[int, int]).decode


def topics(app_id: str) -> dict[str, dict[str, str]]:
    """Every topic of the app, with its configuration."""
    compact = {"cleanup.policy": "compact"}
    return {
        **{f"{app_id}-{name}": {} for name in ("in", "hop", "out", "gate", "ticks")},
        **{f"{app_id}-{table}-changelog": compact for table in TABLES},
    }


def hop_key(number: int) -> bytes:
    """Key of a number in the second hop."""
    return b"h%d" % (number % 50)


def make_app(
    config: EngineConfig,
    *,
    clock: Callable[[], int] | None = None,
    before_submit: Callable[[Any], None] | None = None,
    oversize: bool = False,
) -> EngineApp:
    """The echo app; `before_submit` is called with each chunk of `in` just before its submit.

    `oversize` makes it publish a record that no broker takes.
    """
    app = create_app(config, due_of=dict.fromkeys(TABLES, _no_due), clock=clock)
    engine = app.engine
    app_id = config.app_id

    def add(table: str, partition: int, pairs: list[tuple[bytes, int]]) -> tuple[list, list]:
        keys = list({key for key, _ in pairs})
        found = engine.get_many(table, partition, keys)
        states = {key: _unpack(old) if old else {} for key, old in zip(keys, found, strict=True)}
        new = []
        for key, number in pairs:
            if number not in states[key]:
                new.append((key, number))
            states[key][number] = 1
        return [Put(key, _pack(state), 0, 0) for key, state in states.items()], new

    @app.agent(app.chunks(f"{app_id}-in"))
    async def first(stream: Any) -> None:
        async for chunk in stream:
            numbers = [(record, int(record.value)) for record in chunk.records]
            pairs = [(record.key, number) for record, number in numbers if number < REFUSED]
            puts, new = add("sets", chunk.partition, pairs)
            outputs = [Output(f"{app_id}-out", key, b"%d" % number) for key, number in new]
            outputs += [
                Output(f"{app_id}-hop", hop_key(number), b"%d" % number) for _, number in pairs
            ]
            if oversize:
                outputs.append(Output(f"{app_id}-out", b"large", bytes(8 * 1024 * 1024)))
            if before_submit is not None:
                before_submit(chunk)
            refused = [(record.offset, "large") for record, n in numbers if n >= REFUSED]
            await engine.submit(chunk, Effects(outputs, {"sets": puts}, refused=refused))

    @app.agent(app.chunks(f"{app_id}-hop"))
    async def second(stream: Any) -> None:
        async for chunk in stream:
            pairs = [(record.key, int(record.value)) for record in chunk.records]
            puts, _ = add("hops", chunk.partition, pairs)
            await engine.submit(chunk, Effects([], {"hops": puts}))

    @app.agent(app.chunks(config.ticks_topic))
    async def ticks(stream: Any) -> None:
        async for chunk in stream:
            engine.observe_ticks(chunk)
            watermark = engine.watermark_us(chunk.partition)
            value = json.dumps({"now": engine.now_us(), "gate": watermark, "worker": os.getpid()})
            out = Output(f"{app_id}-gate", None, value.encode(), chunk.partition)
            await engine.submit(chunk, Effects([out]))

    return app


def _no_due(_value: bytes) -> int:
    return 0


# -- for the tests: load, and what must be found afterwards


def produce(bootstrap: str, app_id: str, numbers: range, keys: int = 100) -> None:
    """Write the numbers, keyed k<number mod keys>, and wait until all are acknowledged."""
    errors: list[Any] = []
    producer = Producer(
        {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 5}
    )
    for number in numbers:
        while True:
            try:
                producer.produce(
                    f"{app_id}-in",
                    b"%d" % number,
                    b"k%d" % (number % keys),
                    on_delivery=lambda error, _: errors.append(error) if error else None,
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(60) == 0
    assert errors == []


def expected(numbers: range, keys: int = 100) -> dict[str, dict[bytes, set[int]]]:
    """The tables that those numbers must give."""
    sets: dict[bytes, set[int]] = {}
    hops: dict[bytes, set[int]] = {}
    for number in numbers:
        sets.setdefault(b"k%d" % (number % keys), set()).add(number)
        hops.setdefault(hop_key(number), set()).add(number)
    return {"sets": sets, "hops": hops}


def read_all(bootstrap: str, topic: str, partitions: int = 4) -> list[tuple[Any, ...]]:
    """(partition, offset, key, value) of all records that lie in a topic now."""
    reader = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "reader", "enable.partition.eof": True}
    )
    try:
        reader.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        found: list[tuple[Any, ...]] = []
        ended: set[int] = set()
        while len(ended) < partitions:
            for message in reader.consume(10_000, 1.0):
                if message.error() is not None:
                    ended.add(message.partition())
                    continue
                found.append(
                    (message.partition(), message.offset(), message.key(), message.value())
                )
        return found
    finally:
        reader.close()


def tables(bootstrap: str, app_id: str) -> dict[str, dict[bytes, set[int]]]:
    """The tables as their changelogs have them."""
    result: dict[str, dict[bytes, set[int]]] = {}
    for table in TABLES:
        states: dict[bytes, set[int]] = {}
        for _, _, key, value in read_all(bootstrap, f"{app_id}-{table}-changelog"):
            states[key] = set(_unpack(value))
        result[table] = states
    return result


def committed(bootstrap: str, app_id: str, topic: str, partitions: int = 4) -> list[int]:
    """Committed offset of each partition (-1001 where there is none)."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": app_id})
    try:
        asked = [TopicPartition(topic, number) for number in range(partitions)]
        return [found.offset for found in reader.committed(asked, timeout=30)]
    finally:
        reader.close()


def ends(bootstrap: str, topic: str, partitions: int = 4) -> list[int]:
    """End offset of each partition."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader"})
    try:
        return [
            reader.get_watermark_offsets(TopicPartition(topic, number), timeout=30)[1]
            for number in range(partitions)
        ]
    finally:
        reader.close()


def config_of(options: Mapping[str, Any]) -> EngineConfig:
    """The engine's configuration for a test: short times."""
    defaults = {
        "partitions": 4,
        "tables": TABLES,
        "session_timeout": 6.0,
        "heartbeat_interval": 1.0,
        "delivery_timeout": 4.0,
        "commit_interval": 0.3,
        "chunk_max_records": 200,
    }
    merged = {**defaults, **options}
    merged["data_dir"] = Path(merged["data_dir"])
    return EngineConfig(**merged)


@contextlib.asynccontextmanager
async def running(app: EngineApp, **options: Any) -> AsyncIterator[asyncio.Task[int]]:
    """The app's worker as a task of this loop, stopped in good order at the end of the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker(app, stop=stop, **options))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def until(condition: Callable[[], Any], within: float = 30.0, what: str = "") -> None:
    """Return once the condition holds; fail after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or condition}")
        await asyncio.sleep(0.02)


def start_process(log: Path, **options: Any) -> subprocess.Popen[bytes]:
    """The echo worker as a process of its own; its output goes to the file `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, __file__, json.dumps(options, default=str)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def wait_for_tables(bootstrap: str, app_id: str, numbers: range, timeout: float = 60.0) -> None:
    """Return once the changelogs hold exactly the tables of the numbers; fail after `timeout`."""
    wanted = expected(numbers)
    deadline = time.monotonic() + timeout
    while (found := tables(bootstrap, app_id)) != wanted:
        if time.monotonic() > deadline:
            for table in TABLES:
                missing = {i for ids in wanted[table].values() for i in ids} - {
                    i for ids in found[table].values() for i in ids
                }
                assert not missing, f"{table} lacks {len(missing)}, as {sorted(missing)[:5]}"
            assert found == wanted
        time.sleep(0.3)


def main() -> int:
    options = json.loads(sys.argv[1])
    logging.basicConfig(
        level=options.pop("log", "INFO"),
        format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s",
    )
    kill_at = options.pop("kill_at", None)
    raise_at = options.pop("raise_at", None)
    block_at = options.pop("block_at", None)
    port = options.pop("port", 0)
    seen = 0

    def before_submit(chunk: Any) -> None:
        nonlocal seen
        seen += len(chunk.records)
        if kill_at is not None and seen >= kill_at:
            os.kill(os.getpid(), 9)
        if raise_at is not None and seen >= raise_at:
            raise ValueError("as the test wants it")
        while block_at is not None and seen >= block_at:
            pass

    app = make_app(config_of(options), before_submit=before_submit)
    return run_worker(app, http_port=port, on_ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    sys.exit(main())
