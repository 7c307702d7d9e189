"""Files of records for Kafka: one JSON object a record, with topic, key and value.

`shipsentry sources try` writes them, and whoever copies topics to a file. One file may hold orders,
tracking updates and levels of stock; it is read once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from streams.decode import Bad
from streams.decode.moments import parse_time
from streams.facts.statuses import ORDERS_TOPIC, STOCK_TOPIC, TRACKING_TOPIC
from streams.inputs.arrivals import Line, arrival_of, in_order
from streams.inputs.files import NO_TIME, BadLine
from streams.inputs.json_text import Entry, messages
from streams.inputs.messages import ORDERS, STOCK, TRACKING, Message
from streams.inputs.text import Text

TOPICS = {
    ORDERS.name: ORDERS_TOPIC,
    TRACKING.name: TRACKING_TOPIC,
    STOCK.name: STOCK_TOPIC,
}
"""Names of messages → the topics that records of them name."""

_NULL = b"null"
_encode = msgspec.json.Encoder().encode


class _Record(msgspec.Struct):
    topic: Any = None
    key: Any = None
    timestamp: Any = None
    value: msgspec.Raw = msgspec.Raw()
    received_at: Any = None


_records = msgspec.json.Decoder(_Record)


class PublishedFile:
    """The records of one message's topic in a file, as messages; in order of arrival.

    A record arrives at its `received_at`, else as its value would; a tombstone is of its
    `timestamp`, else of its arrival. What is no record, or of no topic that is read, is a bad line
    for whoever reads the orders.
    """

    def __init__(self, text: Text, message: Message) -> None:
        self.message = message
        self.lines = 0
        self.remarks: list[str] = []
        self.unknown: list[str] = []
        self.differing: set[str] = set()
        self._text = text

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._text.path

    def read(
        self, reject: Callable[[BadLine], None], progress: Callable[[int], None]
    ) -> Iterator[Line]:
        """The messages in order of arrival; raises OSError and Unreadable."""
        return in_order(self._arrived(reject, progress))

    def _arrived(
        self, reject: Callable[[BadLine], None], progress: Callable[[int], None]
    ) -> Iterator[Line]:
        last = NO_TIME
        for number, found, raw in messages(self._text, self.message):
            record = self._record(found)
            if record is None:
                continue
            self.lines += 1
            progress(len(raw) + 1)
            arrival, value = record
            if isinstance(arrival, Bad):
                reject(BadLine(self.path, number, raw, arrival, last))
                continue
            last = last if arrival is None else arrival
            yield Line(last, number, value)

    def _record(self, found: bytes | Bad) -> tuple[int | Bad | None, bytes] | None:
        """When a record arrived, or why it is none, and its value; None: it is not for here."""
        first = self.message is ORDERS
        if isinstance(found, Bad):
            return (found, b"") if first else None
        try:
            record = _records.decode(found)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            bad = Bad("not_json", None, "the line is not a JSON object")
            return (bad, b"") if first else None
        if record.topic != TOPICS[self.message.name]:
            if record.topic in TOPICS.values() or not first:
                return None
            allowed = ", ".join(TOPICS.values())
            return Bad("unknown_value", "topic", f"topic is none of {allowed}"), b""
        value = bytes(record.value)
        if not value:
            return Bad("missing_field", "value", "value is required"), b""
        if value == _NULL:
            at = record.timestamp or record.received_at
            if at is None:
                why = "timestamp is required where the value is null"
                return Bad("missing_field", "timestamp", why), b""
            value = _encode({"key": record.key, "value": None, "timestamp": at})
        if record.received_at is None:
            return arrival_of(value), value
        received = parse_time(record.received_at)
        why = "received_at is no ISO-8601 time with an offset"
        return Bad("wrong_type", "received_at", why) if received is None else received, value


def holds_records(entry: Entry) -> bool:
    """Whether a file whose first entry this is holds records, and no messages."""
    found = entry[1]
    if isinstance(found, Bad):
        return False
    try:
        return isinstance(_records.decode(found).topic, str)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
