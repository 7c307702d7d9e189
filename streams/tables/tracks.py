"""The processor of tracks: which parcels claim those of one partition, and how claims get there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from streams.engine.kafka.murmur2 import partitions_of
from streams.engine.kafka.types import Chunk, Effects, Output, Record
from streams.facts.facts import TrackFacts
from streams.state import batch as states
from streams.state.batch import Applied
from streams.state.codec import dump_message, load_track_facts
from streams.state.tracks import TrackState
from streams.tables.processor import Batch, Decoded, Intake, Moment, Processor

MOST_TOGETHER = 1 << 20
"""Bytes of claims in one record, more or less: far below what Kafka takes."""

_CLAIM = 64
"""Bytes of a claim without the key of its parcel, at most."""


class TrackProcessor(Processor):
    """Keeps the tracks table."""

    table = "tracks"

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._replies = self.topics.clone_facts
        self.intakes = {self.topics.track_facts: Intake(self._decode, self._apply)}

    def _decode(self, chunk: Chunk, moment: Moment, effects: Effects) -> Decoded:
        decoded = Decoded([], [], [])
        names, facts, places = decoded
        for place, _, claims in self.messages(load_track_facts, _any, chunk, moment, effects):
            for claim in claims:
                names.append(claim.signature)
                facts.append(claim)
                places.append(place)
        return decoded

    def load_state(self, value: Any) -> TrackState:
        """A stored track."""
        return self.codec.load_track(value)

    def _apply(
        self, batch: Batch, stored: Sequence[Any], now: int, reading: int
    ) -> list[Applied[TrackState]]:
        return states.apply_claims(batch.keys, stored, batch.facts, now)

    def reply(self, applied: Iterable[Applied[Any]], effects: Effects) -> None:
        """Parcels hear who else claims their track."""
        topic, dump = self._replies, self.codec.dump_message
        for each in applied:
            for key, facts in each.replies:
                effects.outputs.append(Output(topic, key, dump(facts)))


def _any(_record: Record, _claims: list[TrackFacts]) -> bool:
    """The form of claims says all."""
    return True


def claim_outputs(
    topic: str,
    partitions: int,
    claims: Sequence[TrackFacts],
    dump: Callable[[Any], Any] = dump_message,
) -> list[Output]:
    """The messages that carry claims, those for one partition together, in their order."""
    if not claims:
        return []
    outputs = []
    homes = partitions_of([claim.signature for claim in claims], partitions)
    batches: dict[int, list[TrackFacts]] = {}
    sizes: dict[int, int] = {}
    for claim, home in zip(claims, homes, strict=True):
        size = sizes.get(home, 0) + _CLAIM + len(claim.key)
        if size > MOST_TOGETHER and home in batches:
            outputs.append(Output(topic, None, dump(batches.pop(home)), home))
            size = _CLAIM + len(claim.key)
        sizes[home] = size
        batches.setdefault(home, []).append(claim)
    for home, batch in batches.items():
        outputs.append(Output(topic, None, dump(batch), home))
    return outputs
