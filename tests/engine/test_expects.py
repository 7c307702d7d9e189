"""A chunk that is not to be worked on, and work that fails half way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.offsets import PartitionOffsets
from streams.engine.kafka.transport import ChunkConsumer, LogState
from streams.engine.kafka.types import Chunk, Record
from streams.engine.worker.engine import Engine

IN = TP("in", 0)


def engine_of(folder: Path) -> Engine:
    """An engine that owns partition 0 and is connected to nothing."""
    config = EngineConfig(
        app_id="a", bootstrap="127.0.0.1:1", data_dir=folder, partitions=1, tables=("t",)
    )
    engine = Engine(config, {"t": lambda _: 0}, clock=lambda: 1)
    thread = SimpleNamespace(generation=lambda: -1)
    consumer: Any = SimpleNamespace(offsets={IN: PartitionOffsets(0)}, thread=thread)
    engine.attach(SimpleNamespace(consumer=consumer, _consumer=consumer))
    engine._owned = frozenset({0})
    return engine


def chunk_at(offset: int) -> Chunk:
    """One record."""
    return Chunk("in", 0, offset, offset, [Record(offset, 1, b"k", b"v")])


def test_a_chunk_is_expected_once_and_in_its_assignment(tmp_path: Path) -> None:
    """Not before it was delivered, not after it was submitted, and never in another assignment."""
    engine, chunk = engine_of(tmp_path), chunk_at(0)
    assert not engine.expects(chunk)
    offsets = engine.app.consumer.offsets[IN]
    offsets.deliver(chunk, 1)
    assert engine.expects(chunk)
    engine._owned = frozenset()
    assert not engine.expects(chunk)
    engine._owned = frozenset({0})
    assert offsets.submit(chunk)
    assert not engine.expects(chunk)
    again = engine.app.consumer.offsets[IN] = PartitionOffsets(0)
    again.deliver(chunk_at(0), 1)
    assert not engine.expects(chunk)


def test_work_that_fails_half_way_ends_the_worker_at_once(tmp_path: Path) -> None:
    """Before any round of commits asks whether it may write."""
    engine = engine_of(tmp_path)
    assert engine.may_write("in", 0)
    with pytest.raises(ValueError, match="half"), engine.changing_states():
        raise ValueError("half")
    assert isinstance(engine.failure, ValueError)
    assert not engine.may_write("in", 0)


class _Reading:
    """As much of a consumer as says whether it reads."""

    reads = ChunkConsumer.reads

    def __init__(self, end: int) -> None:
        self.config = SimpleNamespace(ticks_topic="ticks")
        self.offsets = {IN: PartitionOffsets(0), TP("ticks", 0): PartitionOffsets(0)}
        self.wanted = frozenset(self.offsets)
        self.thread = SimpleNamespace(log_state=lambda _: LogState(end, 0.0))


def test_a_consumer_reads_while_records_are_wanted_or_worked_on() -> None:
    """Ticks do not count: there are always some."""
    consumer: Any = _Reading(2)
    assert consumer.reads
    offsets = consumer.offsets[IN]
    offsets.deliver(chunk := chunk_at(1), 2)
    assert consumer.reads
    offsets.submit(chunk)
    assert not consumer.reads
    consumer = _Reading(2)
    consumer.wanted = frozenset()
    assert not consumer.reads


def test_nobody_but_a_worker_with_a_backlog_lets_work_gather(tmp_path: Path) -> None:
    """Until every partition has read what lay there, and only while there is more."""

    async def body() -> None:
        engine = engine_of(tmp_path)
        consumer: Any = engine.app.consumer
        consumer.reads = True
        assert not engine._more_is_coming()
        engine.assigned = True
        engine.watermark.assign(1, {0: {"in": 5}}, 1)
        assert engine._more_is_coming()
        consumer.reads = False
        assert not engine._more_is_coming()
        consumer.reads = True
        engine.watermark.observe(0, [], 1)
        assert engine.watermark.rounds_done(0) == 1
        assert not engine._more_is_coming()

    asyncio.run(body())
