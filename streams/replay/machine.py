"""The whole application in one process and in memory: the processors of its tables, one clock.

Each arrival is followed to quiescence (orders, parcels and tracks hear all that the others know)
before anything is judged, so nothing is ever published that the facts received by then disprove.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from streams.engine.kafka.topics import Topics
from streams.engine.kafka.types import Effects, Output
from streams.facts.facts import STATUS_CODE, OrderVersion, StockFact, TrackingFact
from streams.judge.evaluate import RuleFailure
from streams.judge.feeds import Feeds
from streams.judge.warnings import Revision
from streams.profiles.model import Profiles
from streams.replay.shop_days import ShopDays
from streams.state.codec import LIVE
from streams.state.state import OrderState, ParcelState
from streams.tables.orders import OrderProcessor
from streams.tables.parcels import ParcelProcessor
from streams.tables.processor import Batch, Intake, Judged, Moment, Processor
from streams.tables.tracks import TrackProcessor

_ORDERED = STATUS_CODE["ordered"]

_TRACKS = 2
"""Where the processor of tracks stands among them; orders come first, then parcels."""

Changed = dict[int, dict[bytes, int]]
"""Number of a processor → key of a state that is to be judged → when it was due before (µs)."""

TOPICS = Topics()
"""Names between processors; nothing of a replay is on any broker."""


def is_heard(fact: TrackingFact) -> bool:
    """Whether a fact is the carrier's word: an upload is the seller's."""
    return fact.status != _ORDERED


def carrier_of(fact: TrackingFact) -> str:
    """Whose feed told a fact."""
    return fact.key.partition(":")[0]


class _Tables:
    """The states of all tables, as they are: table → key → state."""

    def __init__(self, names: Iterable[str]) -> None:
        self.rows: dict[str, dict[bytes, Any]] = {name: {} for name in names}

    def get_many(self, table: str, partition: int, keys: list[bytes]) -> list[Any]:
        """The states of `keys`, None for those without one."""
        get = self.rows[table].get
        return [get(key) for key in keys]


class _Orders(OrderProcessor):
    """Orders whose revisions and failures go to the machine, and to no topic."""

    machine: Machine

    def publish(self, judged: Judged, effects: Effects) -> None:
        self.machine.take_judged(judged)


class _Parcels(ParcelProcessor):
    """Parcels whose revisions and failures go to the machine, and to no topic."""

    machine: Machine

    def publish(self, judged: Judged, effects: Effects) -> None:
        self.machine.take_judged(judged)


class Machine:
    """Takes facts in order of arrival; hands every revision to `publish`, in order.

    `failures` lists the rules that raised, `late` counts facts that came too late to count, `feeds`
    knows whose feed is silent. `unjudged` has by table the keys at which no rule looks.
    """

    def __init__(
        self,
        profiles: Profiles,
        publish: Callable[[Revision], None],
        meters: ShopDays | None = None,
    ) -> None:
        self._meters = meters
        self._publish = publish
        self.feeds = Feeds(since=0)
        self.failures: list[RuleFailure] = []
        self.late = 0
        self._tables = _Tables(("orders", "parcels", "tracks"))
        self.unjudged: dict[str, set[bytes]] = {table: set() for table in self._tables.rows}
        self._stock = None if meters is None else meters.stock
        topics = replace(TOPICS, stocked=self._stock is not None)
        orders = _Orders(topics, 1, profiles, self._tables, feeds=self.feeds, codec=LIVE)
        parcels = _Parcels(TOPICS, 1, profiles, self._tables, feeds=self.feeds, codec=LIVE)
        tracks = TrackProcessor(TOPICS, 1, self._tables, codec=LIVE)
        self._parcels = parcels
        orders.machine = parcels.machine = self
        orders.contributes = parcels.contributes = meters is not None
        processors: tuple[Processor, ...] = (orders, parcels, tracks)
        self._processors = processors
        self._intakes: dict[str, tuple[Processor, Intake]] = {
            topic: (processor, intake)
            for processor in self._processors
            for topic, intake in processor.intakes.items()
        }
        self._heap: list[tuple[int, int, bytes]] = []
        self._numbers = {each.table: number for number, each in enumerate(self._processors)}

    @property
    def live_states(self) -> int:
        """How many orders, parcels and tracks are in memory."""
        return sum(len(rows) for rows in self._tables.rows.values())

    def known(self, table: str) -> list[str]:
        """The order ids (`orders`) or parcel keys (`parcels`) that have a state now, sorted."""
        return sorted(key.decode() for key in self._tables.rows[table])

    def order_state(self, order_id: str) -> OrderState | None:
        """What is known of an order now; not to be changed while the machine is in use."""
        state: OrderState | None = self._tables.rows["orders"].get(order_id.encode())
        return state

    def parcel_state(self, key: str) -> ParcelState | None:
        """What is known of a parcel now; not to be changed while the machine is in use."""
        state: ParcelState | None = self._tables.rows["parcels"].get(key.encode())
        return state

    def order(self, version: OrderVersion, now: int) -> bool:
        """An order version arrives at `now` (µs); False where there is no room for it."""
        self.advance(now - 1)
        return self._arrive(TOPICS.orders_rekey, version.order_id, version, now)

    def tracking(self, fact: TrackingFact, now: int) -> bool:
        """A tracking fact arrives at `now` (µs); False where there is no room for it."""
        self.advance(now - 1)
        self.hear(fact, now)
        return self._arrive(TOPICS.tracking_rekey, fact.key, fact, now)

    def stock(self, fact: StockFact, now: int) -> None:
        """A level of stock arrives at `now` (µs); it counts where stock is read."""
        self.advance(now - 1)
        if self._stock is not None:
            self.late += not self._stock.level(fact)

    def hear(self, fact: TrackingFact, now: int) -> None:
        """A carrier's feed is heard at `now` (µs)."""
        if is_heard(fact):
            self.feeds.hear({carrier_of(fact): 1}, now)

    def advance(self, until: int) -> None:
        """Let every deadline up to and including `until` (µs) pass."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            due, number, key = heapq.heappop(heap)
            state = self._tables.rows[self._processors[number].table].get(key)
            if state is not None and state.due == due:
                # Its entry is gone from the heap: whatever it waits for next gets a new one.
                self._judge({number: {key: 0}}, due)

    def take_judged(self, judged: Judged) -> None:
        """What a state's rules see is published, and noted where they raised."""
        for revision in judged.revisions:
            self._publish(revision)
        self.failures += judged.failures

    def _arrive(self, topic: str, name: str, fact: object, now: int) -> bool:
        """One fact from outside, followed until nobody has news; then what changed is judged."""
        processor, intake = self._intakes[topic]
        effects = Effects()
        batch = Batch([name], [name.encode()], [[fact]], [[0]])
        stored = self._tables.get_many(processor.table, 0, batch.keys)
        applied = intake.apply(batch, stored, now, 0)
        processor.reply(applied, effects)
        # Where nobody else has news, nothing is to be waited for.
        moment = Moment(now, None if effects.outputs else now)
        judged = processor.judge(batch.keys, applied, moment, effects)
        processor.collect(judged, effects)
        self.late += applied[0].late
        if moment.watermark is not None and effects.puts:
            self._keep_judged(effects, self._numbers[processor.table], {})
        if effects.outputs:
            changed: Changed = {}
            self._settle(effects, now, changed)
            self._judge(changed, now)
        return not applied[0].refused

    def _follow(self, topic: str, batch: Batch, now: int, effects: Effects) -> None:
        processor, intake = self._intakes[topic]
        stored = self._tables.get_many(processor.table, 0, batch.keys)
        processor.follow(batch, stored, intake, Moment(now, None), effects)

    def _settle(self, effects: Effects, now: int, changed: Changed) -> None:
        """Keep what changed, and let the other tables hear of it until nobody has news."""
        while True:
            self._keep(effects, changed)
            if not effects.outputs:
                return
            outputs, effects = effects.outputs, Effects()
            for output in outputs:
                if output.topic == TOPICS.meter_totals:
                    if self._meters is not None:
                        self._meters.take(output.value, now)  # type: ignore[arg-type]  # LIVE
                else:
                    self._follow(output.topic, self._batch(output), now, effects)

    def _batch(self, output: Output) -> Batch:
        """A message between processors, as the one that it is for takes it."""
        value: Any = output.value
        if output.topic == TOPICS.track_facts:
            return self._intakes[output.topic][0].route_all(
                [claim.signature for claim in value], value
            )
        key = output.key or b""
        return Batch([key], [key], [[value]], [[0]])

    def _keep(self, effects: Effects, changed: Changed) -> None:
        """Store what was put; a state that is still to be judged remembers when it was due."""
        for table, puts in effects.puts.items():
            rows, number = self._tables.rows[table], self._numbers[table]
            for put in puts:
                if put.value is None:
                    rows.pop(put.key, None)
                    continue
                rows[put.key] = put.value
                if number != _TRACKS:
                    changed.setdefault(number, {}).setdefault(put.key, put.old_due)
                elif put.due != put.old_due:
                    heapq.heappush(self._heap, (put.due, number, put.key))

    def _judge(self, waiting: Changed, now: int) -> None:
        """Judge states at `now` (µs), orders first; then those that hear of it in turn."""
        while waiting:
            changed: Changed = {}
            for number, was_due in sorted(waiting.items()):
                processor = self._processors[number]
                effects = Effects()
                left_out = self.unjudged[processor.table]
                due = [(now, key) for key in sorted(was_due) if key not in left_out]
                processor.tick(0, due, Moment(now, now), effects)
                self._keep_judged(effects, number, was_due)
                self._settle(effects, now, changed)
            waiting = changed

    def _keep_judged(self, effects: Effects, number: int, was_due: dict[bytes, int]) -> None:
        """Store states that were judged; what each waits for next is remembered.

        `was_due` has when each was due before, where its put does not know: it was held meanwhile.
        """
        table = self._processors[number].table
        rows = self._tables.rows[table]
        for put in effects.puts.pop(table, ()):
            if put.value is None:
                rows.pop(put.key, None)
                continue
            rows[put.key] = put.value
            if put.due != was_due.get(put.key, put.old_due):
                heapq.heappush(self._heap, (put.due, number, put.key))
