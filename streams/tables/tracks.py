"""The tracks' side: which parcels claim the tracks of one partition, and how claims get there."""

from __future__ import annotations

from collections.abc import Sequence

from streams.engine.kafka.murmur2 import partitions_of
from streams.engine.kafka.types import Chunk, Output, Work, Write
from streams.facts.facts import TrackFacts
from streams.state import tracks
from streams.state.state import decode_track_facts, due_of, encode, encode_message
from streams.tables.processor import Moment, Side
from streams.telemetry.metrics import STATES_ENDED

MOST_TOGETHER = 1 << 20
"""Bytes of claims in one record, more or less: far below what Kafka takes."""

_CLAIM = 64
"""Bytes of a claim without the key of its parcel, at most."""


class TrackSide(Side):
    """Keeps the tracks table."""

    table = "tracks"

    def on_track_facts(self, chunk: Chunk, moment: Moment) -> Work:
        """Take in claims of tracks of this partition; answer where several parcels claim one."""
        work = Work(topic=chunk.topic, partition=chunk.partition)
        heard = self.heard(work, chunk, moment, decode_track_facts)
        claims = [claim for batches in heard.values() for batch in batches for claim in batch]
        keys = list(dict.fromkeys(claim.signature for claim in claims))
        values = self.states.get_many(self.table, chunk.partition, keys)
        old = dict(zip(keys, values, strict=True))
        old_due = {key: 0 if value is None else due_of(value) for key, value in old.items()}
        states: dict[bytes, tracks.TrackState] = {}
        changed: dict[bytes, tracks.TrackState] = {}
        topic = self.topics.clone_facts
        for claim in claims:
            key = claim.signature
            state = states.get(key)
            if state is None:
                value = old[key]
                state = tracks.TrackState(key) if value is None else tracks.decode_track(value)
                states[key] = state
            answers = tracks.learn(state, claim, moment.now)
            if answers is None:
                continue
            changed[key] = state
            for parcel, facts in answers:
                work.outputs.append(Output(topic, parcel.encode(), encode_message(facts)))
        if changed:
            work.writes[self.table] = [
                Write(key, encode(state), state.due, old_due[key])
                if state.claimants
                else Write(key, None, 0, old_due[key])
                for key, state in changed.items()
            ]
        return work

    def tick(
        self, partition: int, due: Sequence[tuple[int, bytes]], moment: Moment, work: Work
    ) -> None:
        """Delete the tracks of which nothing was heard for their retention."""
        keys = [key for _, key in due]
        if moment.gate is None or not keys:
            return
        writes = work.writes.setdefault(self.table, [])
        for key, value in zip(keys, self.states.get_many(self.table, partition, keys), strict=True):
            if value is not None and due_of(value) <= moment.gate:
                STATES_ENDED.labels(table=self.table).inc()
                writes.append(Write(key, None, 0, due_of(value)))


def send_claims(work: Work, topic: str, partitions: int, claims: Sequence[TrackFacts]) -> None:
    """Add claims to the outputs, those for one partition together, in their order."""
    if not claims:
        return
    homes = partitions_of([claim.signature for claim in claims], partitions)
    batches: dict[int, list[TrackFacts]] = {}
    sizes: dict[int, int] = {}
    for claim, home in zip(claims, homes, strict=True):
        size = sizes.get(home, 0) + _CLAIM + len(claim.key)
        if size > MOST_TOGETHER and home in batches:
            work.outputs.append(Output(topic, None, encode_message(batches.pop(home)), home))
            size = _CLAIM + len(claim.key)
        sizes[home] = size
        batches.setdefault(home, []).append(claim)
    for home, batch in batches.items():
        work.outputs.append(Output(topic, None, encode_message(batch), home))
