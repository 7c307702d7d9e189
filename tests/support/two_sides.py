"""All processors over in-memory topics: any chunking, any partition, any crash.

What Kafka and the engine promise is kept and no more: records of one partition come in order, a
chunk's effects are durable together or not at all except that its outputs may already be out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import Any

from support.replaying import profiles as builtin_profiles

from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Chunk, Effects, Output, Put, Record
from streams.profiles.model import Profiles
from streams.state.codec import due_of
from streams.tables.orders import OrderProcessor
from streams.tables.parcels import ParcelProcessor
from streams.tables.processor import Moment, Processor
from streams.tables.recover_risks import recover_risks
from streams.tables.recover_shop_days import recover_sent
from streams.tables.recover_stock import recover_stock
from streams.tables.recover_warnings import recover_published
from streams.tables.shop_days import ShopDayProcessor
from streams.tables.stock import StockProcessor
from streams.tables.tracks import TrackProcessor

TOPICS = Topics()
ROUNDS = 6
"""As `EngineConfig.gate_rounds`."""


class Store:
    """Dicts instead of RocksDB: table and partition → key → stored value."""

    def __init__(self) -> None:
        self.tables: defaultdict[tuple[str, int], dict[bytes, bytes]] = defaultdict(dict)
        self.here: int | None = None
        """The one partition of the worker that reads, None: it has all."""

    def get_many(self, table: str, partition: int, keys: list[bytes]) -> list[bytes | None]:
        """The stored values of `keys`, None for those without one, and for those elsewhere."""
        if self.here not in (None, partition):
            return [None] * len(keys)
        return [self.tables[table, partition].get(key) for key in keys]

    def apply(self, table: str, partition: int, write: Put) -> None:
        """One write, which must know the due time of what it replaces."""
        rows = self.tables[table, partition]
        old = rows.get(write.key)
        assert write.old_due == (0 if old is None else due_of(old))
        if write.value is None:
            rows.pop(write.key, None)
        else:
            assert write.due == due_of(write.value)
            rows[write.key] = write.value

    def due(self, table: str, partition: int, upto: int) -> list[tuple[int, bytes]]:
        """What is due up to `upto` (µs), earliest first."""
        rows = self.tables[table, partition]
        return sorted((due_of(value), key) for key, value in rows.items() if due_of(value) <= upto)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.tables.values())


class Loop:
    """All processors, their topics of `partitions` partitions, and the outputs that others see.

    `now` (µs) is the wall clock: it moves a millisecond with every chunk and tick. `settle` (µs) is
    0, for tests that look at what one chunk or tick says. `stocked`: levels of stock are read.
    """

    def __init__(
        self,
        partitions: int,
        now: int,
        profiles: Profiles | None = None,
        settle: int = 0,
        *,
        stocked: bool = False,
    ) -> None:
        self.partitions = partitions
        self.now = now
        self.latest = 0
        """After this no state can have been changed, 0: nobody knows (µs)."""
        self.store = Store()
        self.apart = False
        """Each partition is of another worker, which sees no state of another one."""
        chosen = profiles or builtin_profiles()
        topics = replace(TOPICS, stocked=stocked)
        self.orders = OrderProcessor(topics, partitions, chosen, self.store)
        self.parcels = ParcelProcessor(topics, partitions, chosen, self.store)
        self.orders.settle = self.parcels.settle = settle
        self.tracks = TrackProcessor(topics, partitions, self.store)
        self.shop_days = ShopDayProcessor(topics, partitions, chosen, self.store)
        self.stock = StockProcessor(topics, partitions, chosen, self.store)
        self.processors: tuple[Processor, ...] = (
            self.orders,
            self.parcels,
            self.tracks,
            self.shop_days,
            *((self.stock,) if stocked else ()),
        )
        self.tables = tuple(processor.table for processor in self.processors)
        self.by_topic = {
            topic: processor for processor in self.processors for topic in processor.intakes
        }
        self.logs: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
        self.read: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.warnings: list[dict[str, Any]] = []
        self.risks: list[tuple[str, bytes, dict[str, Any]]] = []
        self.dead_letters: list[dict[str, Any]] = []
        self._committed: dict[int, tuple[Any, ...]] = {}
        self._held: dict[int, tuple[int, dict[tuple[str, int], int]]] = {}

    # ---- in

    def produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int) -> None:
        """A producer puts a record on a partition of its choice."""
        self._append(topic, partition, key, value, ())

    def _append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Any
    ) -> None:
        log = self.logs[topic, partition]
        log.append(Record(len(log), self.now // 1_000, key, value, tuple(headers or ())))

    # ---- work

    def waiting(self) -> list[tuple[str, int]]:
        """Topic partitions with unread records, sorted."""
        return sorted(place for place, log in self.logs.items() if self.read[place] < len(log))

    def step(self, place: tuple[str, int], most: int, watermark: int | None) -> Effects:
        """Work on the next chunk, of at most `most` records, of one topic partition."""
        topic, partition = place
        first = self.read[place]
        records = self.logs[place][first : first + most]
        chunk = Chunk(topic, partition, records[0].offset, records[-1].offset, records)
        self.read[place] = first + len(records)
        return self.take(chunk, watermark)

    def take(self, chunk: Chunk, watermark: int | None) -> Effects:
        """Work on a chunk and let its effects happen."""
        self.now += 1_000
        self.store.here = chunk.partition if self.apart else None
        watermark = self._held_or(chunk.partition, watermark)
        moment = Moment(self.now, watermark, watermark is None, latest=self.latest)
        effects = self.by_topic[chunk.topic].step(chunk, moment)
        self._happen(effects, chunk.partition)
        return effects

    def tick(self, partition: int, watermark: int | None) -> Effects:
        """The clock of a partition moves to `gate` (µs)."""
        self.now += 1_000
        self.store.here = partition if self.apart else None
        watermark = self._held_or(partition, watermark)
        moment = Moment(self.now, watermark, latest=self.latest)
        effects = Effects(topic=TOPICS.ticks, partition=partition)
        upto = self.now if watermark is None else watermark
        self.parcels.watch_feeds(moment)
        for processor in self.processors:
            due = self.store.due(processor.table, partition, upto)
            processor.tick(partition, due, moment, effects)
        self._happen(effects, partition)
        return effects

    def drain(self, watermark: int) -> None:
        """Read everything, then tick until nothing is due at `gate` (µs) any more."""
        busy = True
        while busy:
            busy = False
            while self.waiting():
                self.step(self.waiting()[0], 1_000, watermark)
            # A state that was held wants to be looked at from the wall clock on, not from the gate.
            for partition in range(self.partitions):
                # Once: what a tick says to others must be read before a held partition goes on.
                if any(self.store.due(table, partition, watermark) for table in self.tables):
                    self.tick(partition, watermark)
                    busy = True

    def _happen(self, effects: Effects, partition: int) -> None:
        effects.counts.happen()
        for output in effects.outputs:
            self._publish(output)
        for table, puts in effects.puts.items():
            for write in puts:
                self.store.apply(table, partition, write)

    def _publish(self, output: Output) -> None:
        if output.topic == TOPICS.warnings:
            value = json.loads(output.value or b"")
            assert output.key == value["warning_id"].encode()
            self.warnings.append(value)
        elif output.topic in (TOPICS.shop_risk, TOPICS.product_risk):
            self.risks.append((output.topic, output.key or b"", json.loads(output.value or b"")))
        elif output.topic == TOPICS.dead_letters:
            self.dead_letters.append(json.loads(output.value or b""))
        else:
            home = output.partition
            if home is None:
                home = partition_of(output.key or b"", self.partitions)
            self._append(output.topic, home, output.key, output.value, output.headers)

    # ---- crashes

    def commit(self, partition: int) -> None:
        """Make what a partition has done durable: all tables and all its offsets together."""
        tables = {t: dict(self.store.tables[t, partition]) for t in self.tables}
        offsets = {place: self.read[place] for place in self.logs if place[1] == partition}
        self._committed[partition] = tables, offsets

    def crash(self, partition: int) -> None:
        """Lose what a partition did since its last commit; what it had sent stays sent.

        It is held until it has read again, with all that others say in answer, what lay there.
        """
        tables, offsets = self._committed.get(partition, ({}, {}))
        for table in self.tables:
            self.store.tables[table, partition] = dict(tables.get(table, {}))
        for place in self.logs:
            if place[1] == partition:
                self.read[place] = offsets.get(place, 0)
        sent = [json.dumps(value).encode() for value in self.warnings]
        published = recover_published(sent, self.partitions, frozenset((partition,)))
        shares, days = (
            [r.value for place in sorted(self.logs) if place[0] == topic for r in self.logs[place]]
            for topic in (TOPICS.meter_totals, TOPICS.meter_facts)
        )
        last_sent = recover_sent(shares, days, self.partitions, frozenset((partition,)))
        days, rows = (
            [json.dumps(value).encode() for topic, _, value in self.risks if topic == wanted]
            for wanted in (TOPICS.shop_risk, TOPICS.product_risk)
        )
        shown = recover_risks(days, rows, self.partitions, frozenset((partition,)))
        for processor in self.processors:
            processor.recover(published, last_sent, (partition,))
        self.shop_days.recover_risks(shown, (partition,))
        levels = recover_stock(rows, self.partitions, frozenset((partition,)))
        self.stock.recover_stock(levels, (partition,))
        self._held[partition] = ROUNDS, self._ends()

    def _ends(self) -> dict[tuple[str, int], int]:
        return {place: len(log) for place, log in self.logs.items()}

    def _held_or(self, partition: int, watermark: int | None) -> int | None:
        """The gate, None for a partition that has not read again what it lost: rounds as the
        engine's gate counts them."""
        while held := self._held.get(partition):
            rounds, ends = held
            if any(self.read[place] < end for place, end in ends.items()):
                return None
            if rounds == 1:
                del self._held[partition]
            else:
                self._held[partition] = rounds - 1, self._ends()
        return watermark

    # ---- out

    def values(self, table: str) -> list[bytes]:
        """The stored values of a table, all partitions together."""
        return [
            value
            for partition in range(self.partitions)
            for value in self.store.tables[table, partition].values()
        ]

    def newest(self) -> dict[str, dict[str, Any]]:
        """What a consumer has who keeps the greatest revision of each warning."""
        kept: dict[str, dict[str, Any]] = {}
        for value in self.warnings:
            before = kept.get(value["warning_id"])
            if before is None or value["revision"] >= before["revision"]:
                kept[value["warning_id"]] = value
        return kept


def run(loop: Loop, rng: Random, watermarks: list[int | None], *, crashes: float = 0.0) -> None:
    """Read everything in random chunks from random partitions; the gate moves through `gates`."""
    steps = 0
    watermark = watermarks[0]
    while waiting := loop.waiting():
        steps += 1
        place = rng.choice(waiting)
        loop.step(place, rng.choice((1, 1, 2, 5, 50)), watermark)
        if rng.random() < 0.1:
            watermark = watermarks[min(len(watermarks) - 1, steps // 20)]
        if rng.random() < 0.15:
            loop.tick(rng.randrange(loop.partitions), watermark)
        if crashes:
            if rng.random() < 0.2:
                loop.commit(rng.randrange(loop.partitions))
            if rng.random() < crashes and steps < 2_000:
                loop.crash(rng.randrange(loop.partitions))
