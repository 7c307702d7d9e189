"""The door of this room: a batch of values becomes facts, and refusals with their reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from streams.decode.bad import Bad
from streams.decode.names import BUILT_IN, Names
from streams.decode.order import decode_order
from streams.decode.tracking import decode_tracking
from streams.facts.facts import OrderVersion, TrackingFact

F = TypeVar("F", OrderVersion, TrackingFact)

TrackingValue = tuple[bytes | None, int, int, int]
"""(value, arrival in µs, partition, offset) of a tracking update, of where it was first read."""

OrderValue = tuple[bytes | None, bytes | None, int, int, int, int]
"""(value, key, arrival, Kafka's timestamp, both in µs, partition, offset) of an order version."""


class Decoded(NamedTuple, Generic[F]):
    """The facts of a batch with their positions in it, and what was refused, by position."""

    facts: list[F]
    places: list[int]
    refusals: list[tuple[int, Bad]]


def decode_tracking_batch(
    values: Iterable[TrackingValue], max_value_bytes: int, names: Names = BUILT_IN
) -> Decoded[TrackingFact]:
    """The facts of tracking updates, in their order."""
    decoded: Decoded[TrackingFact] = Decoded([], [], [])
    facts, places, refusals = decoded
    for place, (value, arrival, partition, offset) in enumerate(values):
        fact = decode_tracking(value, arrival, partition, offset, max_value_bytes, names)
        if isinstance(fact, Bad):
            refusals.append((place, fact))
        else:
            facts.append(fact)
            places.append(place)
    return decoded


def decode_order_batch(
    values: Iterable[OrderValue], max_value_bytes: int, names: Names = BUILT_IN
) -> Decoded[OrderVersion]:
    """The versions in records of orders, in their order."""
    decoded: Decoded[OrderVersion] = Decoded([], [], [])
    facts, places, refusals = decoded
    for place, (value, key, arrival, timestamp, partition, offset) in enumerate(values):
        version = decode_order(
            value, key, arrival, timestamp, partition, offset, max_value_bytes, names
        )
        if isinstance(version, Bad):
            refusals.append((place, version))
        else:
            facts.append(version)
            places.append(place)
    return decoded
