"""A machine for whoever asks once: facts are gathered as they come, and judged at one time only.

A worker that finds a backlog does the same: the warnings that stand at a time are a pure function
of the facts received by then. What stood in between is not to be had; it costs a third.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any

from streams.decode.names import Names
from streams.engine.kafka.types import Effects, Output
from streams.facts.facts import OrderVersion, StockFact, TrackingFact
from streams.inputs.files import NO_TIME, BadLine
from streams.inputs.sources.scope import Scope
from streams.judge.warnings import Revision
from streams.profiles.model import Profiles
from streams.replay.history import Source, arrivals
from streams.replay.machine import TOPICS, Machine
from streams.replay.seen import Seen
from streams.replay.shop_days import ShopDays
from streams.replay.what_if import Variant
from streams.state.batch import Applied
from streams.tables.processor import Batch, Processor

_TOGETHER = 2_000
"""Messages that are taken in at once, and parcels that speak at once."""


class Backlog(Machine):
    """Judges each state once, in `advance`, after which nothing more may arrive.

    Tables say nothing to each other before: each parcel speaks once, of all its facts. No state
    ends before: memory follows the length of the history, which `Machine`'s does not.

    `received` are orders that their own source calls delivered. No rule looks at those of whose
    parcels no movement is known, and at these parcels: the records are missing, not the movement.
    """

    def __init__(
        self,
        profiles: Profiles,
        publish: Callable[[Revision], None],
        meters: ShopDays | None = None,
        received: Collection[str] = (),
    ) -> None:
        super().__init__(profiles, publish, meters)
        self._received = received

    def order(self, version: OrderVersion, now: int) -> bool:
        """An order version arrives at `now` (µs); False where there is no room for it."""
        return not self.orders([version], now)

    def tracking(self, fact: TrackingFact, now: int) -> bool:
        """A tracking fact arrives at `now` (µs); False where there is no room for it."""
        self.hear(fact, now)
        return not self.parcels([fact], now)

    def stock(self, fact: StockFact, now: int) -> None:
        """A level of stock arrives at `now` (µs); it counts where stock is read."""
        if self._stock is not None:
            self.late += not self._stock.level(fact)

    def orders(self, versions: list[OrderVersion], now: int) -> list[int]:
        """Order versions arrive in this order, the last at `now` (µs); the places of those for
        which there is no room."""
        processor, intake = self._intakes[TOPICS.orders_rekey]
        batch = processor.route_all([version.order_id for version in versions], versions)
        stored = self._tables.get_many(processor.table, 0, batch.keys)
        return self._gathered(processor, batch, intake.apply(batch, stored, now, 0))

    def parcels(self, facts: list[TrackingFact], now: int) -> list[int]:
        """As `orders`, of tracking facts; `hear` tells the carriers' feeds of them."""
        processor = self._parcels
        batch = processor.route_all([fact.key for fact in facts], facts)
        stored = self._tables.get_many(processor.table, 0, batch.keys)
        return self._gathered(processor, batch, processor.gather(batch, stored, now))

    def advance(self, until: int) -> None:
        """Let the tables hear of each other, and judge everything at `until` (µs)."""
        keys = [*self._tables.rows["parcels"]]
        for start in range(0, len(keys), _TOGETHER):
            some = keys[start : start + _TOGETHER]
            effects = Effects()
            stored = self._tables.get_many("parcels", 0, some)
            self._parcels.reply(self._parcels.speak(stored), effects)
            while effects.outputs:
                effects = self._heard(effects.outputs, until)
        self._leave_out()
        self._judge(
            {
                number: dict.fromkeys(self._tables.rows[processor.table], 0)
                for number, processor in enumerate(self._processors)
                if processor.table != "tracks"
            },
            until,
        )

    def _gathered(
        self, processor: Processor, batch: Batch, applied: Iterable[Applied[Any]]
    ) -> list[int]:
        rows = self._tables.rows[processor.table]
        refused: list[int] = []
        for key, places, each in zip(batch.keys, batch.places, applied, strict=True):
            if each.changed:
                rows[key] = each.state
            self.late += each.late
            refused += [places[number] for number in each.refused]
        return refused

    def _heard(self, outputs: Sequence[Output], now: int) -> Effects:
        """What tables say once they have heard messages, of each topic in the order in which they
        were sent: of two the later one stands."""
        topics: dict[str, tuple[list[Any], list[Any]]] = {}
        for output in outputs:
            names, messages = topics.setdefault(output.topic, ([], []))
            value: Any = output.value
            if output.topic == TOPICS.track_facts:
                names += [claim.signature for claim in value]
                messages += value
            else:
                names.append(output.key)
                messages.append(value)
        effects = Effects()
        for topic, (names, messages) in topics.items():
            processor, intake = self._intakes[topic]
            batch = processor.route_all(names, messages)
            stored = self._tables.get_many(processor.table, 0, batch.keys)
            applied = intake.apply(batch, stored, now, 0)
            self._gathered(processor, batch, applied)
            processor.reply([each for each in applied if each.changed], effects)
        return effects

    def _leave_out(self) -> None:
        """Find the orders that were received and of which no movement is known."""
        rows = self._tables.rows
        orders: set[bytes] = set()
        parcels: set[bytes] = set()
        for order_id in self._received:
            state = self.order_state(order_id)
            if state is None or any(life.progress for one in state.parcels for life in one.lives):
                continue
            orders.add(order_id.encode())
            parcels.update(one.key.encode() for one in state.parcels)
        self.unjudged |= {
            "orders": orders,
            "parcels": {
                key
                for key in parcels
                if all(known.order_id.encode() in orders for known in rows["parcels"][key].orders)
            },
        }


class Once(Variant):
    """One set of profiles, and what stands by it at the end: see `Backlog`."""

    machine: Backlog

    def __init__(
        self, profiles: Profiles, meters: ShopDays, received: Collection[str] = ()
    ) -> None:
        super().__init__("as-dated", profiles, meters, partial(Backlog, received=received))


def gather(
    machine: Backlog,
    files: Iterable[Source],
    until: int | None,
    reject: Callable[[BadLine], None],
    scope: Scope | None,
    seen: Seen,
    names: Names,
) -> int:
    """What `play` does, by many messages at once; raises OSError and Unreadable."""
    waiting = arrivals(files, until, reject, lambda _: None, scope, seen, names)
    last = NO_TIME
    while some := list(islice(waiting, _TOGETHER)):
        last = some[-1].at
        versions, facts = [], []
        of_orders, of_parcels = [], []
        for each in some:
            if isinstance(each.fact, OrderVersion):
                versions.append(each.fact)
                of_orders.append(each)
            elif isinstance(each.fact, StockFact):
                machine.stock(each.fact, each.at)
            else:
                machine.hear(each.fact, each.at)
                facts.append(each.fact)
                of_parcels.append(each)
        for place in machine.orders(versions, last):
            reject(of_orders[place].refused())
        for place in machine.parcels(facts, last):
            reject(of_parcels[place].refused())
    end = last if until is None else until
    machine.advance(end)
    return end
