"""The processor of orders: their versions, and what parcels say, for one partition of orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streams.decode.batch import decode_order_batch
from streams.engine.kafka.origins import origin_of
from streams.engine.kafka.types import Chunk, Effects, Output
from streams.judge import orders as judge_orders
from streams.judge.evaluate import Evaluation
from streams.judge.judgement import Judgement
from streams.shops.contributions import contribute, give_up, is_owed
from streams.state import batch as states
from streams.state.batch import Applied
from streams.state.codec import (
    StateUnreadable,
    load_abnormal_days,
    load_order_version,
    load_parcel_facts,
)
from streams.state.contributions import ContributionChange
from streams.state.state import OrderState
from streams.tables.judged import JudgedProcessor
from streams.tables.ours import is_about_its_key, is_version
from streams.tables.processor import Batch, Decoded, Intake, Moment
from streams.tables.recover_shop_days import (
    Sent,
    SentContributions,
    contribution_outputs,
    take_over_contributions,
)


class OrderProcessor(JudgedProcessor[OrderState, SentContributions]):
    """Keeps the orders table."""

    table = "orders"

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        topics = self.topics
        self._replies, self._contributions = topics.order_facts, topics.meter_totals
        versions = Intake(self._decode, self._apply_versions, topics.orders_rekey, counted=True)
        self.intakes = {
            topics.orders: versions,
            topics.orders_rekey: versions._replace(
                decode=self.repartitioned(
                    load_order_version, is_version, lambda version: version.order_id, self._decode
                ),
                repartition=None,
                source=topics.orders,
            ),
            topics.parcel_facts: Intake(
                self.by_record_key(load_parcel_facts, is_about_its_key), self._apply_parcel_facts
            ),
            topics.meter_facts: Intake(
                self.by_record_key(load_abnormal_days, is_about_its_key), self._apply_days
            ),
        }

    def _decode(self, chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
        source = self.intakes[chunk.topic].source
        origins = [origin_of(chunk, record, moment.now, source=source) for record in chunk.records]
        versions, places, refusals = decode_order_batch(
            [
                (
                    record.value,
                    record.key,
                    origin.arrival,
                    origin.timestamp_ms * 1_000,
                    origin.partition,
                    origin.offset,
                )
                for record, origin in zip(chunk.records, origins, strict=True)
            ],
            self.sizes.max_value,
            self.names,
        )
        for place, bad in refusals:
            self.refuse(chunk.records[place], origins[place], bad, effects)
        if source is None:
            self.note_plain_keys(chunk.topic, effects)
        if source is None and self.names.unlisted:
            platforms = [version.platform for version in versions]
            self.unknown_names.note("platform", platforms, effects.counts)
        return Decoded([version.order_id for version in versions], versions, places)

    def _apply_versions(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[OrderState]]:
        return states.apply_orders(batch.keys, stored, batch.facts, now)

    def _apply_parcel_facts(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[OrderState]]:
        return states.apply_parcel_facts(batch.keys, stored, batch.facts, now)

    def _apply_days(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[OrderState]]:
        return states.apply_abnormal_days(batch.keys, stored, batch.facts, now)

    def reply(self, applied: Iterable[Applied[Any]], effects: Effects) -> None:
        """Parcels hear what their orders have come to be."""
        topic, dump = self._replies, self.codec.dump_message
        for each in applied:
            for key, facts in each.replies:
                effects.outputs.append(Output(topic, key, dump(facts), word=facts.order_id))

    def load_state(self, value: Any) -> OrderState:
        """A stored order."""
        return self.codec.load_order(value)

    def evaluate(self, state: OrderState, watermark: int, now: int) -> Judgement:
        """Judge an order."""
        return judge_orders.judge(state, watermark, self.profiles, now)

    def foresee(self, state: OrderState, now: int) -> Evaluation | None:
        """An order of which a parcel moves is judged as what it is."""
        if not any(life.progress for parcel in state.parcels for life in parcel.lives):
            return None
        return judge_orders.evaluate(state, now, self.profiles)

    def contribute(
        self, state: OrderState, judgement: Judgement, watermark: int
    ) -> Sequence[ContributionChange]:
        """What its shop's days must hear of an order."""
        return contribute(
            state, judgement.order, judgement.profile, watermark, stocked=self.topics.stocked
        )

    def give_up(self, state: OrderState) -> Sequence[ContributionChange]:
        """What they must hear of an order that ends."""
        return give_up(state)

    def is_behind(self, state: OrderState) -> bool:
        """Whether stock is read, and an order that does not wait to be judged said nothing of what
        it is owed."""
        return (
            self.topics.stocked
            and state.due > state.touched
            and all(sent.owed is None for sent in state.contributions)
            and is_owed(state)
        )

    def left_behind(self, value: bytes) -> bool:
        """The same of a stored order; one that cannot be read is left as it is."""
        try:
            return self.is_behind(self.load_state(value))
        except StateUnreadable:
            return False

    def send(self, messages: list[Any], effects: Effects) -> None:
        """Send contributions to the partitions of their shops, those of one together."""
        dump = self.codec.dump_message
        effects.outputs += contribution_outputs(
            self._contributions, self.partitions, messages, dump
        )

    def sent_of(self, sent: Sent) -> dict[int, dict[bytes, SentContributions]]:
        """What orders contributed last."""
        return sent.orders

    def take_over_sent(self, state: OrderState, sent: SentContributions) -> bool:
        """Let an order know what it contributed."""
        return take_over_contributions(state, sent)
