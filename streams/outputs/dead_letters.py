"""Records that cannot be processed, with reason and origin, so that nothing is lost."""

from __future__ import annotations

import json

from schemas.dead_letter import dead_letter as letter
from streams.decode import Bad
from streams.engine.kafka.origins import Origin
from streams.engine.kafka.types import Output, Record
from streams.facts.times import to_datetime

_AROUND_VALUE = 64 * 1024
"""Bytes left for everything else in a dead letter, the key among it."""


def dead_letter(
    topic: str, record: Record, origin: Origin, bad: Bad, max_message_bytes: int
) -> Output:
    """The dead letter of one record, keyed by the place where the record was first read.

    It holds the record's value whole, unless that makes it larger than `max_message_bytes` (base64
    makes four bytes of three); 0: neither key nor value.
    """
    value = letter(
        reason=bad.reason,
        field=bad.field,
        message=bad.message,
        topic=origin.topic,
        partition=origin.partition,
        offset=origin.offset,
        timestamp=to_datetime(origin.timestamp_ms * 1_000) if origin.timestamp_ms >= 0 else None,
        key=record.key,
        value=record.value,
        detected_at=to_datetime(origin.arrival),
        max_value_bytes=max(max_message_bytes - _AROUND_VALUE, 0) * 3 // 4,
    )
    key = f"{origin.topic}-{origin.partition}-{origin.offset}"
    return Output(topic, key.encode(), json.dumps(value, ensure_ascii=False).encode())
