"""Builders that make a history of messages read like a story, and the instants it is told in.

A history is a flat list of message values: `order(...)`, `upload(...)`, `record(...)`. Each arrives
at its own time unless `arriving` says otherwise. `judge(history, until)` replays it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

from support.replaying import replay

from streams.facts.times import from_datetime
from streams.judge.warnings import Revision

Message = dict[str, Any]

CHINA = timezone(timedelta(hours=8))
US = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PAID = datetime(2026, 11, 20, 10, tzinfo=CHINA)
PROMISE = PAID + 48 * HOUR
UPLOADED = PAID + 2 * HOUR
PICKED = PAID + 8 * HOUR
LATER = PAID + 20 * DAY

CARRIER = "zto"
NUMBER = "78123456789012"

SHENZHEN = {"province": "广东省", "city": "深圳市"}
GUANGZHOU = {"province": "广东省", "city": "广州市"}
HANGZHOU = {"province": "浙江省", "city": "杭州市"}

ANNA = {**SHENZHEN, "address_key": "address-anna", "person_key": "person-anna"}
BORIS = {**HANGZHOU, "address_key": "address-boris", "person_key": "person-boris"}


def us(moment: datetime) -> int:
    """The moment in µs since the epoch, as states count."""
    return from_datetime(moment)


def order(order_id: str = "1", paid: datetime = PAID, **fields: Any) -> Message:
    """A version of an order; times in `fields` are datetimes. Promised 48 h after payment."""
    value: Message = {
        "order_id": order_id,
        "shop_id": "s-1",
        "platform": "douyin",
        "paid_at": paid,
        "promised_ship_by": paid + 48 * HOUR,
        "recipient": ANNA,
        **fields,
    }
    return _spelled(value)


def record(
    status: str, at: datetime, number: str = NUMBER, carrier: str = CARRIER, **fields: Any
) -> Message:
    """A checkpoint of a parcel."""
    value: Message = {"carrier": carrier, "tracking_number": number, "status": status}
    return _spelled({**value, "occurred_at": at, **fields})


def upload(
    order_ids: str | list[str], at: datetime = UPLOADED, number: str = NUMBER, **fields: Any
) -> Message:
    """The seller uploads a number for one order or several."""
    ids = [order_ids] if isinstance(order_ids, str) else order_ids
    return record("ordered", at, number, **{"order_ids": ids, **fields})


def release(
    order_ids: str | list[str], at: datetime, number: str = NUMBER, **fields: Any
) -> Message:
    """The number no longer belongs to one order or several."""
    ids = [order_ids] if isinstance(order_ids, str) else order_ids
    return record("cancelled", at, number, **{"order_ids": ids, **fields})


def picked_up(at: datetime = PICKED, number: str = NUMBER, **fields: Any) -> Message:
    """The carrier takes the parcel."""
    return record("picked_up", at, number, **fields)


def arriving(message: Message, at: datetime) -> Message:
    """The same message, arriving at `at` instead of at its own time."""
    return {**message, "received_at": at.isoformat()}


class Outcome:
    """What a history came to: the newest revision of each warning, and every revision in order."""

    def __init__(self, newest: dict[str, Message], log: list[Revision]) -> None:
        self.newest = newest
        self.log = log

    def of(self, rule: str, stage: str | None = None) -> list[Message]:
        """The standing warnings of a rule, those withdrawn left out, by time and id."""
        found = [
            value
            for value in self.newest.values()
            if value["rule"] == rule
            and stage in (None, value["stage"])
            and value["state"] != "withdrawn"
        ]
        return sorted(found, key=lambda value: (value["opened_at"], value["warning_id"]))

    def one(self, rule: str, stage: str = "violation") -> Message:
        """The only standing warning of a rule and stage."""
        found = self.of(rule, stage)
        assert len(found) == 1, f"{len(found)} warnings of {rule} {stage}, one expected: {found}"
        return found[0]

    def withdrawn(self, rule: str) -> list[Message]:
        """The warnings of a rule whose newest revision withdraws them."""
        return [
            value
            for value in self.newest.values()
            if value["rule"] == rule and value["state"] == "withdrawn"
        ]

    def states(self, rule: str, stage: str = "violation") -> list[str]:
        """The states that were published of a rule and stage, in order."""
        return [
            revision.finding.state
            for revision in self.log
            if revision.finding.rule == rule and revision.finding.stage == stage
        ]


def judge(history: Iterable[Message], until: datetime) -> Outcome:
    """Replay a history to `until`; messages of one time arrive in the order given, orders first."""
    messages = list(history)
    orders = [value for value in messages if "order_id" in value]
    tracking = [value for value in messages if "order_id" not in value]
    return Outcome(*replay(orders, tracking, until))


def moment(text: str | None) -> datetime | None:
    """A time of a warning."""
    return None if text is None else datetime.fromisoformat(text)


def times(warning: Message) -> dict[str, datetime | None]:
    """The four times of a warning that the law is about."""
    names = ("opened_at", "deadline", "breached_at", "resolved_at")
    return {name: moment(warning[name]) for name in names}


def _spelled(value: Message) -> Message:
    return {
        name: entry.isoformat() if isinstance(entry, datetime) else entry
        for name, entry in value.items()
        if entry is not None
    }
