"""`shipment-dead-letters`: a record that could not be processed, why, and where it was."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Annotated, Any

from pydantic import Base64Bytes, Field

from schemas.fields import AwareTime, Message
from schemas.reasons import Reason


class Origin(Message):
    """Where the record was read: topic, partition, offset and its Kafka timestamp.

    A replay from files gives the file's name as the topic, partition 0 and the line number as
    the offset; `ingest` the feed's address (`in/SOURCE/NAME`), 0, and the arrival in µs.
    """

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    timestamp: AwareTime | None = None


class DeadLetter(Message):
    """A refused record. `key` and `value` are the original bytes, whole, as base64.

    `value_sha256` is of the original bytes and `value_bytes` their number. Where the broker
    cannot take so large a record, `value` holds the first bytes only and `truncated` is true;
    the whole is then still at its origin for as long as the topic keeps it. So it is where both
    are null and `truncated` is true: a setting leaves them out, or they were not at hand.
    """

    schema_version: Annotated[int, Field(ge=1)] = 1
    reason: Reason
    field: str | None = None
    message: str
    origin: Origin
    key: Base64Bytes | None = None
    value: Base64Bytes | None = None
    value_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    value_bytes: Annotated[int, Field(ge=0)] = 0
    truncated: bool = False
    detected_at: AwareTime


def dead_letter(
    *,
    reason: str,
    field: str | None,
    message: str,
    topic: str,
    partition: int,
    offset: int,
    timestamp: datetime | None,
    key: bytes | None,
    value: bytes | None,
    detected_at: datetime,
    max_value_bytes: int | None = None,
) -> dict[str, Any]:
    """Return the dead letter of a record, ready for `json.dumps`.

    `max_value_bytes` cuts the value where the output topic cannot take it whole (base64 makes
    four bytes of three); None, the default, keeps every byte; 0 keeps nothing, of the key neither.
    """
    kept = value
    if max_value_bytes == 0:
        kept = key = None
    elif value is not None and max_value_bytes is not None:
        kept = value[:max_value_bytes]
    return {
        "schema_version": 1,
        "reason": reason,
        "field": field,
        "message": message,
        "origin": {
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "timestamp": timestamp.isoformat() if timestamp else None,
        },
        "key": None if key is None else base64.b64encode(key).decode("ascii"),
        "value": None if kept is None else base64.b64encode(kept).decode("ascii"),
        "value_sha256": None if value is None else hashlib.sha256(value).hexdigest(),
        "value_bytes": 0 if value is None else len(value),
        "truncated": max_value_bytes == 0 or (kept is not None and len(kept) < len(value or b"")),
        "detected_at": detected_at.isoformat(),
    }
