"""Warnings and databases for the tests of the desk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from streams.desk.database.database import Database, insert, sequence
from streams.desk.database.sight import Shop
from streams.desk.database.tables import offsets
from streams.desk.intake.messages import Message, warning
from streams.desk.intake.write import Origin, Read, Taken, Written, write
from streams.facts.times import HOUR, iso

NOON = 1_795_233_600_000_000
"""2026-11-21T04:00:00Z, noon in Beijing, in µs."""

LARGE = 1 << 20


def shops(*texts: str) -> frozenset[Shop]:
    """The shops that somebody may see: `platform/id`, `*/id` on every platform."""
    return frozenset(map(Shop.of, texts))


def an_id(name: object) -> str:
    """The id of a warning that a test calls by a name."""
    return sha256(str(name).encode()).hexdigest()[:32]


def warned(name: object, revision: int = 1, state: str = "open", **fields: Any) -> dict[str, Any]:
    """A revision as it is published; times that are not given lie around NOON."""
    deadline = fields.pop("deadline", NOON + 6 * HOUR)
    found: dict[str, Any] = {
        "schema_version": 1,
        "warning_id": an_id(name),
        "revision": revision,
        "state": state,
        "rule": "inactive_after_pickup",
        "stage": "violation",
        "severity": "critical",
        "profile": "douyin-2026-07-09",
        "platform": "douyin",
        "shop_id": "s-1",
        "order_ids": [f"order-{name}"],
        "carrier": "zto",
        "tracking_number": f"78{name}",
        "opened_at": iso(NOON),
        "deadline": iso(deadline),
        "breached_at": iso(deadline) if state == "breached" else None,
        "resolved_at": iso(NOON + HOUR) if state == "resolved" else None,
        "detected_at": iso(NOON + revision * 1_000),
        "exposure": {"kind": "strike"},
        "message": {"zh": "揽收后没有更新。", "en": "No update after pickup."},
        "remedy": {"zh": "请联系快递。", "en": "Ask the carrier."},
        "evidence": {"started_at": iso(NOON), "limit_hours": 24, "records": []},
        "feed": "ok",
    }
    return {**found, **fields}


def as_message(value: dict[str, Any]) -> Message:
    """What a record with this value is to the desk."""
    return warning(value["warning_id"].encode(), json.dumps(value).encode(), LARGE)


def take(database: Database, topic: str = "t", partition: int = 0) -> Taken:
    """A partition that nobody has read yet."""
    with database.writing() as connection:
        connection.execute(
            insert(connection, offsets).on_conflict_do_nothing(),
            {"topic": topic, "partition": partition, "topic_id": "", "next_offset": 0, "epoch": 1,
             "owner": "test"},
        )  # fmt: skip
    return Taken(topic, partition, 1)


def put(
    database: Database, values: Iterable[dict[str, Any]], now: int = NOON, partition: int = 0
) -> Written:
    """Write revisions as if they had come one after the other on a topic."""
    taken = take(database, partition=partition)
    found = [as_message(value) for value in values]
    with database.writing() as connection:
        sequence(connection, 1)
        query = select(offsets.c.next_offset).where(offsets.c.partition == partition)
        first = connection.execute(query).scalar_one()
        progress = [(taken, first, first + len(found))]
        return write(connection, reads(found, first, partition), progress, now)


def reads(found: Sequence[Message], first: int = 0, partition: int = 0) -> list[Read]:
    """Records of one partition."""
    return [
        Read(Origin("t", partition, offset), 100, message)
        for offset, message in enumerate(found, first)
    ]


def stock(product_id: str, short_by: int, revision: int = 1) -> bytes:
    """What `product-risk` says at noon of the stock of a product of s-1."""
    order = {"order_id": "a&b", "pieces": 1, "promised_ship_by": None}
    value = {
        "schema_version": 1, "platform": "douyin", "shop_id": "s-1", "product_id": product_id,
        "day": None, "revision": revision, "detected_at": iso(NOON), "unshipped": short_by,
        "available": 0, "level_at": iso(NOON), "short_by": short_by,
        "short_since": iso(NOON) if short_by else None,
        "short_orders": [order] if short_by else [],
    }  # fmt: skip
    return json.dumps(value).encode()
