"""What a source sent, what a merchant configured for it, and what comes of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

Topic = Literal["order-paid", "tracking-update"]


@dataclass(frozen=True, slots=True)
class Payload:
    """One request as it came: the raw body, headers by lower-case name, the URL's query.

    `arrived_at` bounds what may be a time of the past.
    """

    body: bytes
    arrived_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feed:
    """One configured feed of a source.

    `default_zone` is that of times without an offset, where the source has none of its own.
    `accept_test` takes test events for real ones. `request` is what a query asked for, where the
    answer does not repeat it. `lookup` knows by name what the payload only refers to. `codes` says
    what a code, as `raw_status` shows it, comes to in this feed.
    """

    secret: str = ""
    app_key: str = ""
    default_zone: ZoneInfo | None = None
    shop_id: str = ""
    platform: str = ""
    accept_test: bool = False
    request: Mapping[str, str] = field(default_factory=dict)
    lookup: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)


class Canonical(NamedTuple):
    """A message for a topic; `value` None is a tombstone, whose Kafka timestamp is `timestamp`.

    Not sent: `line` is where it begins in a table (0: it is of none); `received` says of an order
    that its source calls it delivered or completed, for which the message has no field.
    """

    topic: Topic
    key: str
    value: dict[str, Any] | None
    timestamp: datetime | None = None
    line: int = 0
    received: bool = False

    def as_json(self) -> str:
        """The message as commands write it, on one line: topic, key, value, a tombstone's time."""
        line = {"topic": self.topic, "key": self.key, "value": self.value}
        if self.timestamp is not None:
            line["timestamp"] = self.timestamp.isoformat()
        return json_text(line)


def json_text(value: dict[str, Any]) -> str:
    """An object as JSON that UTF-8 can hold: half of a character, which JSON has, is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


class Wanted(NamedTuple):
    """An order of which its source's API knows more than the payload.

    `shop_id` is what the payload says of whose it is, `at` when that happened which makes it worth
    asking; None: it says no time.
    """

    order_id: str
    shop_id: str = ""
    at: datetime | None = None


class Refusal(NamedTuple):
    """A part of a payload that cannot become a message: a reason, and a sentence that names the
    field, its value and what is allowed."""

    reason: str
    message: str


class Unreadable(Exception):
    """A payload that is not of its source's form at all; the sentence says what was expected."""


@dataclass(slots=True)
class Outcome:
    """What a payload became.

    `passed` counts by reason what is no message and no fault: test events, repeats of a line,
    events that say nothing of a parcel. `unknown` counts codes that no table has. `wanted` are
    orders of which the source's API knows more than the payload: address, promise, numbers.
    `remember` has by name what a later payload may only refer to: the next feed's `lookup`.
    """

    messages: list[Canonical] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    wanted: list[Wanted] = field(default_factory=list)
    remember: dict[str, dict[str, str]] = field(default_factory=dict)

    def refuse(self, reason: str, message: str) -> None:
        """Note a part that cannot be used."""
        self.refusals.append(Refusal(reason, message))
