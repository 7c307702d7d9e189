"""The orders' side: order versions, and what parcels say, for one partition of orders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

from streams.decode import Bad
from streams.decode import decode_order as decode_version
from streams.engine.kafka.origins import origin_of
from streams.engine.kafka.types import Chunk, Output, Record, Work
from streams.facts.facts import OrderVersion
from streams.judge import orders as judge_orders
from streams.judge.judgement import Judgement
from streams.shops import contributions
from streams.state import orders
from streams.state.shares import ShareChange
from streams.state.state import (
    OrderState,
    ParcelState,
    decode_order,
    decode_parcel_facts,
    encode_message,
)
from streams.tables.processor import TOO_MANY, Moment, Side
from streams.tables.recover_shop_days import decode_days, share_outputs


class OrderSide(Side):
    """Keeps the orders table."""

    table = "orders"

    def on_orders(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in a chunk of order versions, first-hand or sent home by another partition."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        first_hand = chunk.topic == self.topics.orders
        bad = late = new = away = 0
        arrived: dict[str, list[OrderVersion]] = {}
        sources: dict[str, list[Record]] = {}
        for record in chunk.records:
            origin = origin_of(chunk, record, moment.now, first_hand=first_hand)
            version = decode_version(
                record.value,
                record.key,
                origin.arrival,
                origin.timestamp_ms * 1_000,
                origin.partition,
                origin.offset,
                self.sizes.max_value,
            )
            if isinstance(version, Bad):
                bad += 1
                self.reject(work, record, origin, version)
                continue
            arrived.setdefault(version.order_id, []).append(version)
            sources.setdefault(version.order_id, []).append(record)
        keys = [order_id.encode() for order_id in arrived]
        values = self.states.get_many(self.table, chunk.partition, keys)
        strangers = self.strangers(keys, values, chunk.partition) if first_hand else ()
        for (order_id, versions), raw, old in zip(arrived.items(), keys, values, strict=True):
            if raw in strangers:
                for record in sources[order_id]:
                    away += 1
                    origin = origin_of(chunk, record, moment.now, first_hand=first_hand)
                    self.send_home(work, self.topics.orders_rekey, raw, record, origin)
                continue
            state = OrderState(order_id) if old is None else decode_order(old)
            absorbed = orders.absorb(state, versions, moment.now)
            new += absorbed.new
            late += absorbed.late
            for number in absorbed.refused:
                bad += 1
                record = sources[order_id][number]
                origin = origin_of(chunk, record, moment.now, first_hand=first_hand)
                self.reject(work, record, origin, TOO_MANY)
            if absorbed.new:
                self._tell(work, state)
                self.conclude(work, raw, state, old, moment)
        repeated = len(chunk.records) - bad - late - new - away
        self.count(chunk.topic, new=new, repeated=repeated, late=late, bad=bad, away=away)
        self._send_shares(work)
        self.say_rejected(work)
        return work

    def on_parcel_facts(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in what parcels say to orders of this partition; an order not known yet is noted."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        arrived = self.heard(work, chunk, moment, decode_parcel_facts)
        keys = list(arrived)
        values = self.states.get_many(self.table, chunk.partition, keys)
        for key, old in zip(keys, values, strict=True):
            state = OrderState(key.decode()) if old is None else decode_order(old)
            if orders.learn(state, arrived[key], moment.now):
                self._tell(work, state)
                self.conclude(work, key, state, old, moment)
        self._send_shares(work)
        return work

    def on_meter_facts(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in on which days parcels make orders of this partition abnormal."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        arrived = self.heard(work, chunk, moment, decode_days)
        keys = list(arrived)
        values = self.states.get_many(self.table, chunk.partition, keys)
        for key, old in zip(keys, values, strict=True):
            state = OrderState(key.decode()) if old is None else decode_order(old)
            if contributions.hear(state, arrived[key], moment.now):
                self.conclude(work, key, state, old, moment)
        self._send_shares(work)
        return work

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, work: Work
    ) -> None:
        """Judge the orders whose time has come; those at their end are deleted."""
        super().tick(partition, due, moment, work)
        self._send_shares(work)

    def _send_shares(self, work: Work) -> None:
        """Send what the orders judged in this work have to say to the meters of their shops."""
        if self._changes:
            topic = self.topics.meter_totals
            work.outputs += share_outputs(topic, self.partitions, self._changes)
            self._changes = []

    @cached_property
    def _changes(self) -> list[ShareChange]:
        return []

    def _tell(self, work: Work, state: OrderState) -> None:
        topic = self.topics.order_facts
        for parcel, facts in orders.tell(state):
            work.outputs.append(Output(topic, parcel.encode(), encode_message(facts)))

    def decode(self, value: bytes) -> OrderState:
        """A stored order."""
        return decode_order(value)

    def judge(self, state: ParcelState | OrderState, gate: int, now: int) -> Judgement:
        """Judge an order at `gate`, detected at `now` (µs)."""
        order = cast(OrderState, state)
        judgement = judge_orders.judge(order, gate, self.profiles, now)
        judgement = self.with_shadows(state, judgement, gate)
        if not judgement.ended:
            self._changes += contributions.reshare(order, judgement.order, judgement.profile, gate)
        return judgement
