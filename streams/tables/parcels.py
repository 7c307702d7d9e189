"""The processor of parcels: tracking updates, and what orders and tracks say, for one partition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from streams.decode.batch import decode_tracking_batch
from streams.engine.kafka.origins import origin_of
from streams.engine.kafka.types import Chunk, Effects, Output
from streams.facts.facts import OrderFacts, TrackFacts
from streams.judge import parcels as judge_parcels
from streams.judge.claims import shortest_track
from streams.judge.judgement import Judgement
from streams.shops.contributions import abnormal_days
from streams.state import batch as states
from streams.state.batch import Applied
from streams.state.codec import load_clone_facts, load_order_facts, load_tracking_fact
from streams.state.contributions import AbnormalDays
from streams.state.parcels import Asking
from streams.state.shop_lines import Meter
from streams.state.state import ParcelState
from streams.tables.feeds import FeedLatency, FeedMetrics, records_of
from streams.tables.judged import JudgedProcessor
from streams.tables.ours import has_key, has_places, is_checkpoint
from streams.tables.processor import Batch, Decoded, Intake, Moment
from streams.tables.recover_shop_days import Sent, SentDays, take_over_days
from streams.tables.tracks import claim_outputs


class ParcelProcessor(JudgedProcessor[ParcelState, SentDays]):
    """Keeps the parcels table."""

    table = "parcels"

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        topics = self.topics
        self._replies, self._claims = topics.parcel_facts, topics.track_facts
        self._contributions = topics.meter_facts
        self._latency = FeedLatency()
        self._feed_metrics = FeedMetrics()
        updates = Intake(self._decode, self._apply_tracking, topics.tracking_rekey, counted=True)
        self.intakes = {
            topics.tracking: updates,
            topics.tracking_rekey: updates._replace(
                decode=self.repartitioned(
                    load_tracking_fact, is_checkpoint, lambda fact: fact.key, self._decode
                ),
                repartition=None,
                source=topics.tracking,
            ),
            topics.order_facts: Intake(
                self.by_record_key(load_order_facts, has_places), self._apply_order_facts
            ),
            topics.clone_facts: Intake(
                self.by_record_key(load_clone_facts, has_key), self._apply_clone_facts
            ),
        }

    def _decode(self, chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
        source = self.intakes[chunk.topic].source
        records, now, partition = chunk.records, moment.now, chunk.partition
        if source is None:
            values = [(record.value, now, partition, record.offset) for record in records]
        else:
            origins = [origin_of(chunk, record, now, source=source) for record in records]
            values = [
                (record.value, origin.arrival, origin.partition, origin.offset)
                for record, origin in zip(records, origins, strict=True)
            ]
        facts, places, refusals = decode_tracking_batch(values, self.sizes.max_value, self.names)
        for place, bad in refusals:
            origin = origin_of(chunk, records[place], now, source=source)
            self.refuse(records[place], origin, bad, effects)
        keys = [fact.key for fact in facts]
        if source is None:
            self.note_plain_keys(chunk.topic, effects)
        if source is None and self.names.unlisted:
            carriers = [key.partition(":")[0] for key in keys]
            self.unknown_names.note("carrier", carriers, effects.counts)
            platforms = [fact.platform for fact in facts]
            self.unknown_names.note("platform", platforms, effects.counts)
        return Decoded(keys, facts, places)

    def load(
        self, batch: Batch, chunk: Chunk, intake: Intake, moment: Moment, effects: Effects
    ) -> tuple[Batch, Sequence[Any]]:
        """What is stored of each parcel; its carrier's feed was heard."""
        if intake.repartition is not None:
            self.feeds.hear_in_time(records_of(batch), moment.now, moment.watermark)
        return super().load(batch, chunk, intake, moment, effects)

    def count(
        self,
        chunk: Chunk,
        intake: Intake,
        batch: Batch,
        applied: Sequence[Applied[Any]],
        moment: Moment,
        effects: Effects,
    ) -> None:
        """Also how late the carriers' feeds tell of scans."""
        super().count(chunk, intake, batch, applied, moment, effects)
        if intake.repartition is not None:
            for name, facts, places, each in zip(
                batch.names, batch.facts, batch.places, applied, strict=True
            ):
                if each.new:
                    self._latency.note(name, facts, [chunk.records[place] for place in places])
            self._latency.count(effects.counts)

    def _apply_tracking(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[ParcelState]]:
        return states.apply_tracking(
            batch.keys,
            stored,
            batch.facts,
            now,
            self.codec,
            shortest=self._shortest,
            reading=reading,
            asking=self._asking,
        )

    def _apply_order_facts(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[ParcelState]]:
        return states.apply_order_facts(
            batch.keys,
            stored,
            batch.facts,
            now,
            self.codec,
            shortest=self._shortest,
            reading=reading,
            asking=self._asking,
        )

    def _apply_clone_facts(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[ParcelState]]:
        return states.apply_clone_facts(batch.keys, stored, batch.facts, now, self.codec)

    def reply(self, applied: Iterable[Applied[Any]], effects: Effects) -> None:
        """Orders hear of their parcels, tracks of those that claim them."""
        topic, dump = self._replies, self.codec.dump_message
        claims: list[TrackFacts] = []
        for each in applied:
            for key, facts in each.replies:
                effects.outputs.append(Output(topic, key, dump(facts)))
            claims += each.claims
        effects.outputs += claim_outputs(self._claims, self.partitions, claims, dump)

    def gather(self, batch: Batch, stored: Sequence[Any], now: int) -> list[Applied[ParcelState]]:
        """Apply tracking facts of which other tables are to hear later: see `speak`."""
        return states.apply_tracking(
            batch.keys, stored, batch.facts, now, self.codec, shortest=None, quiet=True
        )

    def speak(self, stored: Sequence[Any]) -> list[Applied[ParcelState]]:
        """What parcels have to say of the facts that were gathered."""
        return states.all_replies(stored, self.codec, shortest=self._shortest, asking=self._asking)

    def load_state(self, value: Any) -> ParcelState:
        """A stored parcel."""
        return self.codec.load_parcel(value)

    def evaluate(self, state: ParcelState, watermark: int, now: int) -> Judgement:
        """Judge a parcel."""
        return judge_parcels.judge(state, watermark, self.profiles, now)

    def contribute(
        self, state: ParcelState, judgement: Judgement, watermark: int
    ) -> Sequence[AbnormalDays]:
        """On which days a parcel's findings make its orders abnormal."""
        # Most parcels are warned of by nobody: asking costs more than looking.
        if not state.published and not state.abnormal:
            return ()
        return abnormal_days(state, self._meters)

    def send(self, messages: list[Any], effects: Effects) -> None:
        """Orders hear on which days they are abnormal."""
        topic, dump = self._contributions, self.codec.dump_message
        effects.outputs += [Output(topic, days.order_id.encode(), dump(days)) for days in messages]

    def sent_of(self, sent: Sent) -> dict[int, dict[bytes, SentDays]]:
        """The days that parcels sent last."""
        return sent.parcels

    def take_over_sent(self, state: ParcelState, sent: SentDays) -> bool:
        """Let a parcel know the days that it sent."""
        return take_over_days(state, sent)

    def watch_feeds(self, moment: Moment) -> None:
        """Go on listening to the feeds of carriers, and show them to operators; ticks ask."""
        self.feeds.listen(moment.now, moment.watermark)
        self._feed_metrics.show(self.feeds, moment.now)

    @cached_property
    def _shortest(self) -> int | None:
        return shortest_track(self.profiles)

    @cached_property
    def _asking(self) -> Asking | None:
        """What counts an order, where it asks more of its parcels; None: nobody does."""
        meters = {
            profile.id: profile.meter
            for profile in self.profiles.all
            if profile.meter is not None and profile.meter.asks_parcels
        }
        if not meters:
            return None
        profiles = self.profiles

        @lru_cache(maxsize=1_024)
        def asks(platform: str) -> bool:
            return any(profile.id in meters for profile in profiles.of(platform))

        def of(facts: OrderFacts) -> Meter | None:
            # Most platforms ask nothing, and this is looked up for every fact.
            if not asks(facts.platform):
                return None
            return meters.get(profiles.at(facts.platform, facts.paid_at).id)

        return of

    @cached_property
    def _meters(self) -> dict[str, Meter | None]:
        return {profile.id: profile.meter for profile in self.profiles.all}
