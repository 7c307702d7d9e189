"""What ARCHITECTURE.md shows of one record's way is what the code makes of it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.facts import STATUSES
from streams.facts.times import from_datetime
from streams.judge.parcels import judge
from streams.outputs.message import warning_value
from streams.profiles.loader import load
from streams.rules.inactive_after_pickup import InactiveAfterPickup
from streams.rules.snapshot import ParcelLife
from streams.state import orders, parcels
from streams.state.links import lives
from streams.state.state import OrderState, ParcelState

PAGE = (Path(__file__).resolve().parent.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## One record's way") : PAGE.index("## Seven calls")]
FAR = 1 << 62
ORDER = {
    "order_id": "A-1",
    "platform": "douyin",
    "shop_id": "s-1",
    "paid_at": "2026-11-20T10:00:00+08:00",
    "recipient": {"province": "广东省"},
}
UPLOAD = {
    "carrier": "zto",
    "tracking_number": "78123456789012",
    "status": "ordered",
    "order_ids": ["A-1"],
    "occurred_at": "2026-11-20T12:00:00+08:00",
}
ASKED = from_datetime(datetime.fromisoformat("2026-11-21T14:00:00+08:00"))


def blocks(language: str) -> list[str]:
    """The code blocks of the section in a language; "" is none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    return [text for its, text in found if its == language]


@pytest.fixture(scope="module")
def way() -> dict[str, Any]:
    """The record of the page, applied to a parcel that its order knows."""
    sent, shown = blocks("json")
    fact = decode_tracking(sent.encode(), FAR, 2, 40)
    upload = decode_tracking(json.dumps(UPLOAD).encode(), FAR, 2, 39)
    version = decode_order(json.dumps(ORDER).encode(), None, FAR, FAR, 0, 0)
    assert not isinstance(fact, Bad)
    assert not isinstance(upload, Bad)
    assert not isinstance(version, Bad)
    order, parcel = OrderState("A-1"), ParcelState(fact.key)
    orders.apply(order, (version,), 0)
    parcels.apply(parcel, (upload, fact), 0)
    for _, reply in parcels.replies(parcel):
        orders.apply_parcel_facts(order, (reply,), 0)
    for _, response in orders.replies(order):
        parcels.apply_order_facts(parcel, (response,), 0)
    return {"fact": fact, "parcel": parcel, "order": order, "shown": json.loads(shown)}


def test_the_fact(way: dict[str, Any]) -> None:
    """Its key, time, status, place, digest and origin."""
    fact, text = way["fact"], blocks("")[0]
    words = (
        f"key {fact.key} · at {fact.at} · status {STATUSES[fact.status]} · "
        f"place {fact.location.province}, {fact.location.city}",
        f"digest {fact.digest} · partition {fact.partition} · offset {fact.offset}",
    )
    assert text.splitlines() == list(words)


def test_the_reply(way: dict[str, Any]) -> None:
    """When the number was uploaded, and when it first moved."""
    ((linked,),) = [parcel.lives for parcel in way["order"].parcels]
    assert f"uploaded at\n{linked.uploaded_at} and first moved at {linked.progress[0]}" in SECTION


def test_the_episode(way: dict[str, Any]) -> None:
    """The clock that the rule returns; it knows no time of day."""
    parcel, profile = way["parcel"], load().at("douyin", ASKED)
    assert f"profile `{profile.id}`" in SECTION
    ((records, named),) = lives(parcel.records, parcel.named)
    known = {order.order_id: order.facts for order in parcel.orders}
    life = ParcelLife(parcel.key, records, named, known)
    (rule,) = [each for each in profile.parcel_rules if isinstance(each, InactiveAfterPickup)]
    clock, _ = rule.episodes(life)
    ((topic, partition, offset, _, _),) = clock.proof
    assert blocks("")[1].split("\n")[:2] == [
        f"Clock: stage {clock.stage} · started_at {clock.started_at} · limit > 24 h · not ended",
        f"       proof: {topic}, partition {partition}, offset {offset}",
    ]
    assert (clock.limit.length, clock.limit.at_least, clock.ended_at) == (
        86_400_000_000,
        False,
        None,
    )


def test_the_warning(way: dict[str, Any]) -> None:
    """What is published of it at the time that the page asks, and when it is looked at next."""
    parcel = way["parcel"]
    revisions = judge(parcel, ASKED, load(), ASKED).revisions
    (warning,) = [warning_value(each) for each in revisions]
    assert {name: warning[name] for name in way["shown"]} == way["shown"]
    assert f"due time {parcel.due} " in SECTION
