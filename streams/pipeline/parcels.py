"""The parcels' side: tracking updates, and what orders say, for one partition of parcels."""

from __future__ import annotations

from typing import cast

from streams.core import parcels
from streams.core.facts import TrackingFact
from streams.core.judgement import Judgement
from streams.core.state import (
    OrderState,
    ParcelState,
    decode_order_facts,
    decode_parcel,
    encode_message,
)
from streams.decode import Bad, decode_tracking
from streams.engine.types import Chunk, Output, Record, Work
from streams.pipeline.origins import origin_of
from streams.pipeline.sides import TOO_MANY, Moment, Side


class ParcelSide(Side):
    """Keeps the parcels table."""

    table = "parcels"

    def on_tracking(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in a chunk of tracking updates, first-hand or sent home by another partition."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        first_hand = chunk.topic == self.topics.tracking
        max_value = self.sizes.max_value
        bad = late = new = away = 0
        arrived: dict[str, list[TrackingFact]] = {}
        sources: dict[str, list[Record]] = {}
        for record in chunk.records:
            if first_hand:
                fact = decode_tracking(
                    record.value, moment.now, chunk.partition, record.offset, max_value
                )
            else:
                origin = origin_of(chunk, record, moment.now, first_hand=first_hand)
                fact = decode_tracking(
                    record.value, origin.arrival, origin.partition, origin.offset, max_value
                )
            if isinstance(fact, Bad):
                bad += 1
                self.reject(
                    work, record, origin_of(chunk, record, moment.now, first_hand=first_hand), fact
                )
                continue
            facts = arrived.get(fact.key)
            if facts is None:
                arrived[fact.key] = [fact]
                sources[fact.key] = [record]
            else:
                facts.append(fact)
                sources[fact.key].append(record)
        keys = [key.encode() for key in arrived]
        values = self.states.get_many(self.table, chunk.partition, keys)
        strangers = self.strangers(keys, values, chunk.partition) if first_hand else ()
        for (key, facts), raw, old in zip(arrived.items(), keys, values, strict=True):
            if raw in strangers:
                for record in sources[key]:
                    away += 1
                    origin = origin_of(chunk, record, moment.now, first_hand=first_hand)
                    self.send_home(work, self.topics.tracking_rekey, raw, record, origin)
                continue
            state = ParcelState(key) if old is None else decode_parcel(old)
            absorbed = parcels.absorb(state, facts, moment.now)
            new += absorbed.new
            late += absorbed.late
            for number in absorbed.refused:
                bad += 1
                record = sources[key][number]
                origin = origin_of(chunk, record, moment.now, first_hand=first_hand)
                self.reject(work, record, origin, TOO_MANY)
            if absorbed.new:
                if not absorbed.told:
                    self._tell(work, state)
                self.conclude(work, raw, state, old, moment)
        repeated = len(chunk.records) - bad - late - new - away
        self.count(chunk.topic, new=new, repeated=repeated, late=late, bad=bad, away=away)
        return work

    def on_order_facts(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in what orders say of themselves to parcels of this partition."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        arrived = self.heard(work, chunk, moment, decode_order_facts)
        keys = list(arrived)
        values = self.states.get_many(self.table, chunk.partition, keys)
        for key, old in zip(keys, values, strict=True):
            if old is None:
                continue
            state = decode_parcel(old)
            if parcels.learn(state, arrived[key], moment.now):
                self._tell(work, state)
                self.conclude(work, key, state, old, moment)
        return work

    def _tell(self, work: Work, state: ParcelState) -> None:
        topic = self.topics.parcel_facts
        for message in parcels.tell(state):
            work.outputs.append(Output(topic, message.order_id.encode(), encode_message(message)))

    def decode(self, value: bytes) -> ParcelState:
        """A stored parcel."""
        return decode_parcel(value)

    def judge(self, state: ParcelState | OrderState, gate: int, now: int) -> Judgement:
        """Judge a parcel at `gate`, detected at `now` (µs)."""
        return parcels.judge(cast(ParcelState, state), gate, self.profiles, now)
