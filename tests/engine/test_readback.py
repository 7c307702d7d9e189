"""From when on what was published is read back, and until when whoever comes next must do so."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Producer
from faust.types import TP

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.offset_metadata import encode
from streams.engine.kafka.offsets import PartitionOffsets
from streams.engine.kafka.readback import MARGIN_MS, known_before
from streams.engine.kafka.types import Chunk, Committed, Effects
from streams.engine.worker.engine import Engine

NOW = 1_796_000_000_000
LAST = NOW - 10_000_000
"""When the last record of the changelog of partition 0 was written (ms); partition 1 has none."""

CLOCK, INPUT = "app-ticks", "in"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An application whose changelog is on an in-process broker."""
    with EmbeddedCluster(topics={"app-t-changelog": 2}) as cluster:
        producer = Producer({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
        for at in (LAST - 1_000, LAST):
            producer.produce("app-t-changelog", b"v", b"k", partition=0, timestamp=at)
        assert producer.flush(10) == 0
        yield EngineConfig(
            app_id="app",
            bootstrap=cluster.bootstrap,
            data_dir=tmp_path_factory.mktemp("data"),
            partitions=2,
            tables=("t",),
        )


def said(known_ms: int, topic: str = CLOCK) -> Committed:
    return Committed(topic, 0, 5, encode("an-id", {}, known_ms))


@pytest.mark.parametrize(
    ("committed", "expected"),
    [
        ([said(LAST - 7)], LAST - 7),
        ([said(LAST + 7)], LAST),
        ([said(0)], 0),
        ([said(-1)], 0),
        ([said(NOW + MARGIN_MS)], LAST),
        ([said(NOW + MARGIN_MS + 1)], 0),
        ([Committed(CLOCK, 0, 5, encode("an-id", {}))], LAST),
        ([Committed(CLOCK, 0, 5, "")], LAST),
        ([Committed(CLOCK, 0, 5, "of a tool")], LAST),
        ([], 0),
        ([said(LAST - 7, INPUT)], 0),
        ([Committed(CLOCK, 1, 5, encode("an-id", {}, LAST - 7))], 0),
    ],
    ids=[
        "a-debt",
        "no-debt",
        "a-debt-of-everything",
        "of-no-time",
        "a-clock-a-little-ahead",
        "a-wrong-clock",
        "of-this-release-before",
        "of-0.1.0",
        "of-a-stranger",
        "a-new-group",
        "an-input-says-nothing-of-it",
        "nor-does-another-partition",
    ],
)
def test_since_when_what_was_published_is_read_back(
    config: EngineConfig, committed: list[Committed], expected: int
) -> None:
    """Since the last state, or since when the one before had to; since ever where nobody says."""
    assert known_before(config, {0}, committed, NOW * 1_000) == {0: expected}


def test_a_changelog_of_a_wrong_clock_or_none_says_nothing(config: EngineConfig) -> None:
    early = (LAST - MARGIN_MS - 1) * 1_000
    assert known_before(config, {0}, [said(LAST - 2 * MARGIN_MS)], early) == {0: 0}
    both = [said(LAST - 7), Committed(CLOCK, 1, 5, encode("an-id", {}, LAST))]
    assert known_before(config, {0, 1}, both, NOW * 1_000) == {0: LAST - 7, 1: 0}


class Held:
    """A committer that makes nothing durable before it is told to."""

    def __init__(self) -> None:
        self.acks: list[Any] = []

    async def submit(self, effects: Effects, ack: Any) -> None:
        self.acks.append(ack)


def test_a_debt_is_kept_until_what_was_taken_over_is_durable(tmp_path: Path) -> None:
    """A commit between the tick in which the last was taken over and its durability still says it,
    for the partition of that tick and no other."""

    async def run() -> None:
        engine = Engine(
            EngineConfig(app_id="app", bootstrap="", data_dir=tmp_path, partitions=2, tables=()), {}
        )
        assert engine.known_ms({0, 1}) == {}, "nobody reads anything back"
        engine.before_reading = lambda _: None
        engine._known_ms = {0: 7, 1: 8}
        engine._owned = frozenset({0, 1})
        engine._committer = held = Held()  # type: ignore[assignment]
        place = TP(CLOCK, 0)
        offsets = PartitionOffsets(0)
        consumer = SimpleNamespace(
            offsets={place: offsets}, finished=lambda of, chunk: of.ack(chunk)
        )
        engine.attach(SimpleNamespace(consumer=consumer))  # type: ignore[arg-type]
        for number, matched in enumerate((False, True)):
            chunk = Chunk(CLOCK, 0, number, number, [])
            offsets.deliver(chunk, number + 1)
            await engine.submit(chunk, Effects(matched=matched))
        held.acks[0]()
        assert offsets.durable == 1
        assert engine.known_ms({0, 1}) == {0: 7, 1: 8}
        before_ms = time.time_ns() // 1_000_000
        held.acks[1]()
        known = engine.known_ms({0, 1})
        assert known.pop(1) == 8
        assert before_ms - 1_000 <= known[0] <= time.time_ns() // 1_000_000

    asyncio.run(run())
