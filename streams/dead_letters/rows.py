"""Dead letters as they are listed: a line for a person, JSON as published, a row of a table."""

from __future__ import annotations

import base64

import msgspec

from streams.dead_letters.letters import Entry, Held, Source
from streams.dead_letters.shown import key_text, text_of
from streams.outputs.rows import csv_line

COLUMNS = (
    *("origin", "detected_at", "reason", "field", "message", "topic", "partition", "offset"),
    *("timestamp", "retried_at", "truncated", "value_bytes", "value_sha256", "key", "value"),
)
"""Columns of a table; `value` is text, or base64 where the record is none."""


def line(found: Entry, shown_time: str) -> str:
    """One letter on one line; control characters in it are the caller's business."""
    letter = found.letter
    again = [] if found.retried_at is None else ["sent again"]
    where = letter.field or "-"
    return "  ".join((shown_time, letter.reason, where, str(letter.origin), *again, letter.message))


def as_json(found: Entry, source: Source) -> bytes:
    """One letter as it was published, with when it was sent again, `retried_at`."""
    value = msgspec.json.decode(source.value or b"{}", type=dict[str, object])
    return msgspec.json.encode({**value, "retried_at": found.retried_at})


def as_row(found: Entry, held: Held) -> bytes:
    """One letter as a row of a CSV file."""
    letter, origin = found.letter, found.letter.origin
    text = None
    if held.value is not None:
        text = text_of(held.value)
        if text is None:
            text = base64.b64encode(held.value).decode()
    key = None if held.key is None else key_text(held.key)
    return csv_line(
        [
            *(str(origin), letter.detected_at, letter.reason, letter.field, letter.message),
            *(origin.topic, origin.partition, origin.offset, origin.timestamp, found.retried_at),
            *(str(letter.truncated).lower(), letter.value_bytes, letter.value_sha256, key, text),
        ]
    )
