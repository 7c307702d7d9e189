"""Traps 23 and 24: words about the future, and a feed that has gone silent."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from support.builders import (
    DAY,
    GUANGZHOU,
    HOUR,
    LATER,
    MINUTE,
    PICKED,
    UPLOADED,
    Message,
    arriving,
    judge,
    order,
    picked_up,
    record,
    times,
    upload,
    us,
)
from support.replaying import arrival_of
from support.troubles import travels

from streams.decode import Bad, decode_order, decode_tracking
from streams.judge.warnings import Revision
from streams.profiles.loader import load
from streams.replay.machine import Machine

INACTIVE = "inactive_after_pickup"

FUTURE = (
    "【广州市】快件即将发往广州转运中心",
    "【广州市】预计今晚到达广州分拨中心",
    "Your parcel will be sent to the sorting hub",
)
DONE = (
    "【广州市】快件已到达广州转运中心",
    "【广州市】已揽收",
    "【杭州市】已签收，签收人：本人",
    "退回中",
)


# ---- 23 hub words in sentences about the future: no text is ever read, the status decides


@pytest.mark.parametrize("text", FUTURE + DONE)
def test_trap_23_words_make_no_hub(text: str) -> None:
    """A line-haul record that talks of a hub is none: the silence after the pickup goes on."""
    story = [order(), upload("1"), picked_up()]
    story += [record("in_transit", PICKED + HOUR, description=text, raw_status="已到达转运中心")]
    outcome = judge(story, LATER)
    assert times(outcome.one(INACTIVE))["breached_at"] == PICKED + 24 * HOUR
    assert outcome.of("transit_stalled") == [], "and on Douyin no chain has begun"


@pytest.mark.parametrize("text", FUTURE + DONE)
@pytest.mark.parametrize("status", ["ordered", "unknown"])
def test_trap_23_words_make_no_pickup_and_no_delivery(status: str, text: str) -> None:
    """What a source could not map, or says of a label, satisfies nothing and accuses nobody."""
    story = [order(), upload("1"), record(status, UPLOADED + HOUR, description=text)]
    outcome = judge(story, LATER)
    assert {one["rule"] for one in outcome.newest.values()} == {"ship_overdue", "pickup_overdue"}
    assert outcome.one("pickup_overdue")["state"] == "breached"


@pytest.mark.parametrize("text", [*FUTURE, *DONE, None])
def test_trap_23_a_hub_is_a_hub_whatever_it_says(text: str | None) -> None:
    """The other way round: the source mapped it to a hub, so it ends the silence."""
    hub = record("hub", PICKED + HOUR, description=text)
    story = [order(), upload("1"), picked_up(), hub, record("delivered", PICKED + 30 * HOUR)]
    assert judge(story, LATER).newest == {}


@pytest.mark.parametrize("text", DONE)
def test_trap_23_a_city_in_a_sentence_is_no_place(text: str) -> None:
    """Only the location's fields are compared with the buyer's address."""
    story = [order(), upload("1"), *travels(location=None, description=text)]
    assert judge(story, LATER).newest == {}


def test_trap_23_words_are_only_compared_with_each_other() -> None:
    """The one use of a text: three times the same at one place, or not the same."""
    story = [order(), upload("1"), *travels()]
    nodes = [PICKED + hours * HOUR for hours in (6, 7, 8)]
    same = [record("in_transit", at, location=GUANGZHOU, description=FUTURE[0]) for at in nodes]
    other = [{**value, "description": f"{FUTURE[0]} {n}"} for n, value in enumerate(same)]
    assert judge([*story, *same], LATER).one("repeated_track")["order_ids"] == ["1"]
    assert judge([*story, *other], LATER).newest == {}


# ---- 24 a carrier's feed goes silent


def convoy(count: int) -> tuple[list[str], list[Message]]:
    """Parcels of one carrier, all picked up at one time."""
    numbers = [f"A{n:05}81" for n in range(count)]
    story = [order(number) for number in numbers]
    story += [upload(number, UPLOADED, number) for number in numbers]
    return numbers, [*story, *(picked_up(PICKED, number) for number in numbers)]


def test_trap_24_a_feed_that_was_silent_takes_its_warnings_back() -> None:
    """Many parcels, all scans of a day late: warnings while it is silent, none left afterwards."""
    numbers, story = convoy(20)
    for number in numbers:
        hub = record("hub", PICKED + HOUR, number, location=GUANGZHOU)
        home = record("out_for_delivery", PICKED + 29 * HOUR, number)
        story += [arriving(message, PICKED + 30 * HOUR) for message in (hub, home)]
    outcome = judge(story, LATER)
    assert outcome.of(INACTIVE) == []
    assert len(outcome.withdrawn(INACTIVE)) == 40, "both stages of each"


def said_of_feeds(story: list[Message], until: datetime) -> list[tuple[str, str, str]]:
    """Carrier, state and the flag of each revision of the silence after the pickup, as replay
    publishes them."""
    said: list[tuple[str, str, str]] = []

    def publish(revision: Revision) -> None:
        found = revision.finding
        if found.rule == INACTIVE and found.stage == "violation":
            flag = machine.feeds.word(found.parcel, revision.detected_at)
            said.append(((found.parcel or "").partition(":")[0], found.state, flag))

    machine = Machine(load(), publish)
    for message in sorted(story, key=arrival_of):
        at, raw = arrival_of(message), json.dumps(message).encode()
        if "order_id" in message:
            version = decode_order(raw, None, at, at)
            assert not isinstance(version, Bad)
            machine.order(version, at)
        else:
            fact = decode_tracking(raw, at)
            assert not isinstance(fact, Bad)
            machine.tracking(fact, at)
    machine.advance(us(until))
    return said


def traffic(carrier: str, until: datetime) -> list[Message]:
    """Four days of a carrier's other parcels, a scan every ten minutes, day and night."""
    start = PICKED - 4 * DAY
    count = int((until - start) / (10 * MINUTE))
    return [record("hub", start + n * 10 * MINUTE, f"B{n:07}", carrier) for n in range(count)]


def test_trap_24_a_silent_feed_is_said_and_nothing_is_held_back() -> None:
    """Nothing at all is heard of zto since the pickup, yto goes on: both parcels are warned of at
    their time, and the one whose carrier is not heard says so."""
    end = PICKED + 30 * HOUR
    story = [*traffic("zto", PICKED), *traffic("yto", end)]
    for carrier in ("zto", "yto"):
        story += [order(carrier), upload(carrier, carrier=carrier), picked_up(carrier=carrier)]
    assert sorted(said_of_feeds(story, end)) == [
        ("yto", "breached", "ok"),
        ("yto", "open", "ok"),
        ("zto", "breached", "silent"),
        ("zto", "open", "silent"),
    ]


def test_trap_24_one_parcel_that_is_silent_is_no_silent_feed() -> None:
    """The carrier is heard of every ten minutes: it is the parcel that stands still."""
    end = PICKED + 30 * HOUR
    story = [*traffic("zto", end), order(), upload("1"), picked_up()]
    assert said_of_feeds(story, end) == [("zto", "open", "ok"), ("zto", "breached", "ok")]
