"""`repeated_track`: the track shows the same node again and again."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    GUANGZHOU,
    HANGZHOU,
    HOUR,
    LATER,
    MINUTE,
    NUMBER,
    PICKED,
    US,
    Message,
    arriving,
    judge,
    order,
    record,
    release,
    times,
    upload,
)
from support.parcels import clocks_of, proofs_of
from support.troubles import travels

from streams.rules.repeated_track import RepeatedTrack

RULE = "repeated_track"
THIRD = PICKED + 2 * HOUR
START = [order(), upload("1")]


def story(platform: str, **fields: Any) -> list[Message]:
    """The same words from the same place at three times."""
    story = [order(platform=platform, **fields), upload("1", platform=platform), *travels()]
    for hours in (6, 7, 8):
        at = PICKED + hours * HOUR
        story.append(record("in_transit", at, location=GUANGZHOU, description="运输中"))
    return story


def node(at: datetime, status: str = "hub", **fields: Any) -> Message:
    """One visit of the same node, unless `fields` say otherwise."""
    same = {"location": HANGZHOU, "description": "已到达", **fields}
    return record(status, at, **same)


def visits(number: int = 3, status: str = "hub") -> list[Message]:
    """So many visits, an hour apart."""
    return [node(PICKED + n * HOUR, status) for n in range(number)]


def test_fires_at_the_third_time() -> None:
    """Open from the third visit on, as a warning and no more; two are fine."""
    assert judge([*START, *visits(2)], LATER).of(RULE) == []
    warning = judge([*START, *visits(3)], LATER).one(RULE)
    assert (warning["state"], warning["severity"]) == ("open", "warning")
    assert times(warning)["opened_at"] == THIRD
    assert judge([*START, *visits(5)], LATER).one(RULE)["opened_at"] == warning["opened_at"]


@pytest.mark.parametrize("status", ["picked_up", "hub", "in_transit", "arrived_dest_city"])
def test_statuses_that_can_repeat(status: str) -> None:
    """The four statuses of the road."""
    assert judge([*START, *visits(3, status)], LATER).one(RULE)["state"] == "open"


@pytest.mark.parametrize("status", ["exception", "attempt_failed", "out_for_delivery", "customs"])
def test_statuses_that_may_repeat(status: str) -> None:
    """A courier may ring three times."""
    assert judge([*START, *visits(3, status)], LATER).of(RULE) == []


def test_times_are_counted_not_records() -> None:
    """Three records of two instants are two times; ten minutes after the last counted one is
    another time, and one that was not counted moves nothing."""
    same = node(PICKED + HOUR, raw_status="2")
    assert judge([*START, *visits(2), same], LATER).of(RULE) == []
    near = node(PICKED + HOUR + 10 * MINUTE - US)
    assert judge([*START, *visits(2), near], LATER).of(RULE) == []
    apart = node(PICKED + HOUR + 10 * MINUTE)
    warning = judge([*START, *visits(2), near, apart], LATER).one(RULE)
    assert times(warning)["opened_at"] == PICKED + HOUR + 10 * MINUTE


def test_unknown_is_not_the_same_place() -> None:
    """A daily record without a place is no node; one field of a place is enough."""
    nowhere = [node(PICKED + n * HOUR, location=None) for n in range(5)]
    assert judge([*START, *nowhere], LATER).of(RULE) == []
    empty = [node(PICKED + n * HOUR, location={"province": None}) for n in range(5)]
    assert judge([*START, *empty], LATER).of(RULE) == []
    site = [node(PICKED + n * HOUR, location={"site": "中转部"}) for n in range(5)]
    assert judge([*START, *site], LATER).one(RULE)["state"] == "open"


@pytest.mark.parametrize(
    "other",
    [
        {"location": GUANGZHOU},
        {"location": {**HANGZHOU, "site": "中转部"}},
        {"description": "已发出"},
        {"description": None},
        {"location": None},
        {"status": "in_transit"},
    ],
)
def test_stays_quiet_where_one_is_another_node(other: dict[str, Any]) -> None:
    """Status, location and description as sent must all be equal."""
    assert judge([*START, *visits(2), node(THIRD, **other)], LATER).of(RULE) == []


def test_the_place_counts_as_sent() -> None:
    """杭州 and 杭州市 are one place, yet not the same text: no repeat."""
    short = {"province": "浙江", "city": "杭州"}
    assert judge([*START, *visits(2), node(THIRD, location=short)], LATER).of(RULE) == []


def test_the_earliest_group_opens_it() -> None:
    """Of two repeated nodes the one whose third time comes first; there is one warning."""
    other = [node(PICKED + n * 10 * MINUTE, location=GUANGZHOU) for n in range(3)]
    warning = judge([*START, *visits(3), *other], LATER).one(RULE)
    assert times(warning)["opened_at"] == PICKED + 20 * MINUTE


def test_it_opens_with_an_upload_that_is_later() -> None:
    """A number uploaded when its track already repeats: from the upload on."""
    late = upload("1", THIRD + HOUR)
    warning = judge([order(), late, *visits(3)], LATER).one(RULE)
    assert times(warning)["opened_at"] == THIRD + HOUR


def test_it_ends_with_the_parcel() -> None:
    """Released: resolved; released at the third time: nothing was wrong yet."""
    assert judge([*START, *visits(3), release("1", THIRD)], LATER).of(RULE) == []
    warning = judge([*START, *visits(3), release("1", THIRD + US)], LATER).one(RULE)
    assert times(warning)["resolved_at"] == THIRD + US


def test_a_delivery_does_not_end_it() -> None:
    """What the track showed stays true."""
    story = [*START, *visits(3), record("delivered", THIRD + DAY)]
    assert judge(story, LATER).one(RULE)["state"] == "open"


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, upload and visits in any order: one warning, one id."""
    messages = [*START, *visits(3)]
    wanted = judge(messages, LATER).one(RULE)
    for places in permutations(range(5)):
        sent = [
            arriving(message, THIRD + place * HOUR)
            for message, place in zip(messages, places, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_a_late_visit_moves_the_opening() -> None:
    """An earlier visit known late makes another one the third; the id stays, the upload is it."""
    sent = [*START, *visits(3), arriving(node(PICKED - HOUR), LATER - DAY)]
    outcome = judge(sent, LATER)
    assert times(outcome.one(RULE))["opened_at"] == PICKED + HOUR
    assert outcome.states(RULE) == ["open", "open"]
    assert outcome.withdrawn(RULE) == []


def test_repeated_records_change_nothing() -> None:
    """The same message three times is one visit."""
    assert judge([*START, *visits(1) * 3], LATER).of(RULE) == []
    story = [*START, *visits(3)]
    assert judge(story * 2, LATER).log == judge(story, LATER).log


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
def test_on_everywhere(platform: str) -> None:
    """Three times, a warning, on every platform."""
    story = [order(platform=platform), upload("1"), *visits(3)]
    assert judge(story, LATER).one(RULE)["severity"] == "warning"


def test_an_operator_may_allow_more() -> None:
    """`times` is data."""
    assert clocks_of(RepeatedTrack(times=4), [*START, *visits(3)]) == ()
    (check,) = clocks_of(RepeatedTrack(times=4, rectify_within=7), [*START, *visits(4)])
    assert check.rectify_within == 7


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel and the earliest upload make the id."""
    text = f"{RULE}|violation|douyin|parcel:zto:{NUMBER}|2026-11-20T04:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge([*START, *visits(3)], LATER).one(RULE)["warning_id"] == wanted


def test_evidence_names_the_visits() -> None:
    """The three records, and nothing else."""
    story = [*START, *visits(3), record("hub", PICKED, location=GUANGZHOU)]
    (proof,) = proofs_of(RULE, story, LATER)
    assert proof == [
        ("tracking-update", 2 + n, 102 + n, "hub", PICKED + n * HOUR) for n in range(3)
    ]
