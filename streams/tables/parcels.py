"""The parcels' side: tracking updates, and what orders say, for one partition of parcels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

from streams.decode import Bad, decode_tracking
from streams.engine.kafka.origins import origin_of
from streams.engine.kafka.types import Chunk, Output, Record, Work
from streams.facts.facts import TrackFacts, TrackingFact
from streams.judge import claims
from streams.judge import parcels as judge_parcels
from streams.judge.judgement import Judgement
from streams.shops import contributions
from streams.state import parcels
from streams.state.meters import Meter
from streams.state.shares import AbnormalDays
from streams.state.state import (
    OrderState,
    ParcelState,
    decode_clone_facts,
    decode_order_facts,
    decode_parcel,
    encode_message,
)
from streams.tables.feeds import FeedLatency, FeedMetrics, records_of
from streams.tables.processor import TOO_MANY, Moment, Side
from streams.tables.recover_shop_days import days_output
from streams.tables.tracks import send_claims


class ParcelSide(Side):
    """Keeps the parcels table."""

    table = "parcels"

    def on_tracking(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in a chunk of tracking updates, first-hand or sent home by another partition."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        first_hand = chunk.topic == self.topics.tracking
        max_value = self.sizes.max_value
        bad = late = new = away = 0
        backlog, reading = moment.gate is None, self.reading(chunk.partition)
        claimed: list[TrackFacts] = []
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
        if first_hand and self.feeds.listen(moment.now, moment.gate):
            self.feeds.hear(records_of(arrived), moment.now)
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
            if backlog:
                parcels.doubt(state, reading)
            absorbed = parcels.absorb(state, facts, moment.now)
            new += absorbed.new
            late += absorbed.late
            for number in absorbed.refused:
                bad += 1
                record = sources[key][number]
                origin = origin_of(chunk, record, moment.now, first_hand=first_hand)
                self.reject(work, record, origin, TOO_MANY)
            if absorbed.new:
                if first_hand:
                    self._latency.note(key, facts, sources[key])
                if not absorbed.told:
                    self._tell(work, state, backlog)
                claimed += self._claim(state)
                self.conclude(work, raw, state, old, moment)
        self._send(work, claimed)
        self._latency.show()
        repeated = len(chunk.records) - bad - late - new - away
        self.count(chunk.topic, new=new, repeated=repeated, late=late, bad=bad, away=away)
        self.say_rejected(work)
        return work

    def on_order_facts(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in what orders say of themselves to parcels of this partition."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        backlog, reading = moment.gate is None, self.reading(chunk.partition)
        arrived = self.heard(work, chunk, moment, decode_order_facts)
        keys = list(arrived)
        values = self.states.get_many(self.table, chunk.partition, keys)
        claimed: list[TrackFacts] = []
        for key, old in zip(keys, values, strict=True):
            if old is None:
                continue
            state = decode_parcel(old)
            if backlog:
                parcels.doubt(state, reading)
            if parcels.learn(state, arrived[key], moment.now):
                self._tell(work, state, backlog)
                claimed += self._claim(state)
                self.conclude(work, key, state, old, moment)
        self._send(work, claimed)
        return work

    def on_clone_facts(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in what tracks answered to parcels of this partition that claim them."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        arrived = self.heard(work, chunk, moment, decode_clone_facts)
        keys = list(arrived)
        values = self.states.get_many(self.table, chunk.partition, keys)
        claimed: list[TrackFacts] = []
        for key, old in zip(keys, values, strict=True):
            state = None if old is None else decode_parcel(old)
            changed = False
            for facts in arrived[key]:
                new, said = claims.hear(state, key.decode(), facts, moment.now)
                changed = changed or new
                if said is not None:
                    claimed.append(said)
            if state is not None and changed:
                self.conclude(work, key, state, old, moment)
        self._send(work, claimed)
        return work

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, work: Work
    ) -> None:
        """Also goes on listening to the feeds of carriers, and shows them to operators."""
        self.feeds.listen(moment.now, moment.gate)
        self._feed_metrics.show(self.feeds, moment.now)
        super().tick(partition, due, moment, work)

    def _tell(self, work: Work, state: ParcelState, backlog: bool) -> None:
        topic = self.topics.parcel_facts
        for message in parcels.tell(state, backlog=backlog):
            work.outputs.append(Output(topic, message.order_id.encode(), encode_message(message)))

    @cached_property
    def _latency(self) -> FeedLatency:
        return FeedLatency()

    @cached_property
    def _feed_metrics(self) -> FeedMetrics:
        return FeedMetrics()

    @cached_property
    def _shortest(self) -> int | None:
        return claims.shortest_track(self.profiles)

    def _claim(self, state: ParcelState) -> list[TrackFacts]:
        shortest = self._shortest
        return [] if shortest is None else claims.claim(state, shortest)

    def _send(self, work: Work, claimed: list[TrackFacts]) -> None:
        send_claims(work, self.topics.track_facts, self.partitions, claimed)

    def decode(self, value: bytes) -> ParcelState:
        """A stored parcel."""
        return decode_parcel(value)

    def judge(self, state: ParcelState | OrderState, gate: int, now: int) -> Judgement:
        """Judge a parcel at `gate`, detected at `now` (µs)."""
        parcel = cast(ParcelState, state)
        judgement = judge_parcels.judge(parcel, gate, self.profiles, now)
        judgement = self.with_shadows(state, judgement, gate)
        if not judgement.ended:
            self._words += contributions.abnormal_days(parcel, self._meters)
        return judgement

    def publish(self, work: Work, judgement: Judgement) -> None:
        """Add a judgement's revisions to the outputs, and what orders must hear of it."""
        super().publish(work, judgement)
        if self._words:
            topic = self.topics.meter_facts
            work.outputs += [days_output(topic, word) for word in self._words]
            self._words = []

    @cached_property
    def _words(self) -> list[AbnormalDays]:
        return []

    @cached_property
    def _meters(self) -> dict[str, Meter | None]:
        return {profile.id: profile.meter for profile in self.profiles.all}
