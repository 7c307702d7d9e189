"""Records that cannot be processed, with reason and origin, so that nothing is lost."""

from __future__ import annotations

import json

from schemas.dead_letter import dead_letter as letter
from streams.decode import Bad
from streams.engine.kafka.origins import Origin
from streams.engine.kafka.types import Output, Record
from streams.facts.times import to_datetime

_AROUND = 64 * 1024
"""Bytes left in a dead letter for everything but the refused record's key and value."""

_LAST_MS = 253_402_300_799_999
"""The end of the calendar: Kafka's timestamps are whatever a producer says."""


def dead_letter(
    topic: str, record: Record, origin: Origin, bad: Bad, max_message_bytes: int
) -> Output:
    """The dead letter of one record, keyed by the place where the record was first read.

    It holds the record's value whole, unless that makes it larger than `max_message_bytes` (base64
    makes four bytes of three); of a key beyond all sense it holds the beginning. Where the bound is
    0, it holds neither key nor value.
    """
    room = max(max_message_bytes - _AROUND, 0) * 3 // 4
    key = None if record.key is None else record.key[: room // 2]
    value = letter(
        reason=bad.reason,
        field=bad.field,
        message=bad.message,
        topic=origin.topic,
        partition=origin.partition,
        offset=origin.offset,
        timestamp=to_datetime(origin.timestamp_ms * 1_000)
        if 0 <= origin.timestamp_ms <= _LAST_MS
        else None,
        key=key,
        value=record.value,
        detected_at=to_datetime(origin.arrival),
        max_value_bytes=max(room - len(key or b""), 0),
    )
    value["truncated"] |= key != record.key
    place = f"{origin.topic}-{origin.partition}-{origin.offset}"
    return Output(topic, place.encode(), json.dumps(value, ensure_ascii=False).encode())
