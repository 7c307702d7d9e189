"""`transit_stalled`: the parcel is on its way and its track stands still."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    ANNA,
    DAY,
    GUANGZHOU,
    HANGZHOU,
    HOUR,
    LATER,
    NUMBER,
    PICKED,
    SHENZHEN,
    US,
    Message,
    arriving,
    judge,
    order,
    picked_up,
    record,
    release,
    times,
    upload,
)
from support.parcels import clocks_of, life_of, proofs_of

from streams.rules.episodes import Limit
from streams.rules.transit_stalled import LaneLimits, TransitStalled

RULE = "transit_stalled"
HUB = PICKED + 5 * HOUR
LIMIT = 72 * HOUR
LEAD = 12 * HOUR
DEADLINE = HUB + LIMIT
SILENT = DEADLINE + DAY
GANSU, HEBEI, TIANJIN = {"province": "甘肃省"}, {"province": "河北省"}, {"province": "天津市"}
YUNNAN, HONG_KONG = {"province": "云南省"}, {"province": "香港特别行政区"}


def story(platform: str, **fields: Any) -> list[Message]:
    """In a hub, then silence."""
    return [
        order(platform=platform, **fields),
        upload("1", platform=platform),
        picked_up(),
        record("hub", PICKED + HOUR),
    ]


def parcel(platform: str = "douyin", **fields: Any) -> list[Message]:
    """From Hangzhou to Anna in Shenzhen, picked up."""
    start = picked_up(location=HANGZHOU)
    return [order(platform=platform, **fields), upload("1", platform=platform), start]


STORY = [*parcel(), record("hub", HUB)]


def test_fires_when_the_hub_is_the_last_that_is_heard() -> None:
    """Between provinces: breached 72 h after the hub; Douyin has no second stage."""
    outcome = judge(STORY, SILENT)
    warning = outcome.one(RULE)
    assert (warning["state"], warning["order_ids"]) == ("breached", ["1"])
    assert warning["evidence"]["lane"] == "cross_province"
    assert times(warning) == {
        "opened_at": DEADLINE - LEAD,
        "deadline": DEADLINE,
        "breached_at": DEADLINE,
        "resolved_at": None,
    }
    assert outcome.of(RULE, "serious") == []


def test_stays_quiet_while_nodes_follow_in_time() -> None:
    """Node after node, each before the lead of the last: nothing is ever published."""
    nodes = [record("in_transit", HUB + n * 60 * HOUR) for n in range(1, 5)]
    end = record("delivered", HUB + 5 * 60 * HOUR)
    assert judge([*STORY, *nodes, end], LATER).states(RULE) == []


def test_a_node_at_the_lead_is_in_time() -> None:
    """A node exactly at deadline − lead needs no warning, one microsecond later resolves one."""
    done = record("delivered", HUB + 120 * HOUR)
    exact = [*STORY, record("in_transit", DEADLINE - LEAD), done]
    assert judge(exact, LATER).of(RULE) == []
    later = [*STORY, record("in_transit", DEADLINE - LEAD + US), done]
    warning = judge(later, LATER).one(RULE)
    assert (warning["state"], warning["breached_at"]) == ("resolved", None)


def test_the_deadline_is_breached_beyond_it_only() -> None:
    """Time and node alike: exactly at 72 h is not too late, one microsecond later is."""
    assert judge(STORY, DEADLINE).one(RULE)["state"] == "open"
    assert judge(STORY, DEADLINE + US).one(RULE)["state"] == "breached"
    exact = judge([*STORY, record("in_transit", DEADLINE)], DEADLINE + HOUR).one(RULE)
    assert exact["breached_at"] is None
    beyond = judge([*STORY, record("in_transit", DEADLINE + US)], DEADLINE + HOUR).one(RULE)
    assert times(beyond)["breached_at"] == DEADLINE
    assert times(beyond)["resolved_at"] == DEADLINE + US


def test_the_lead_begins_at_its_boundary() -> None:
    """Nothing a microsecond before deadline − lead, open exactly there."""
    assert judge(STORY, DEADLINE - LEAD - US).of(RULE) == []
    assert judge(STORY, DEADLINE - LEAD).one(RULE)["state"] == "open"


def test_every_node_starts_a_clock_of_its_own() -> None:
    """Two silences on one journey are two warnings, with two ids."""
    story = [*STORY, record("in_transit", HUB + 80 * HOUR), record("hub", HUB + 160 * HOUR)]
    story.append(record("delivered", HUB + 165 * HOUR))
    first, second = judge(story, LATER).of(RULE)
    assert times(first)["resolved_at"] == HUB + 80 * HOUR
    assert times(second)["opened_at"] == HUB + 80 * HOUR + LIMIT - LEAD
    assert times(second)["resolved_at"] == HUB + 160 * HOUR


def test_records_of_one_time_are_one_node() -> None:
    """Three records of one instant start one clock, and an exception is a node as well."""
    story = [*STORY, record("in_transit", HUB), record("exception", HUB)]
    assert len(judge(story, SILENT).of(RULE)) == 1
    story.append(record("exception", HUB + DAY))
    assert judge(story, SILENT).one(RULE)["deadline"] is not None
    assert times(judge(story, SILENT).one(RULE))["deadline"] == HUB + DAY + LIMIT


@pytest.mark.parametrize("status", ["ordered", "unknown"])
def test_what_is_no_record_is_no_node(status: str) -> None:
    """A printed label, or a status that nobody knows, moves nothing."""
    story = [*STORY, record(status, HUB + DAY)]
    assert times(judge(story, SILENT).one(RULE))["deadline"] == DEADLINE


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
def test_where_the_journey_begins(platform: str) -> None:
    """Douyin counts from the first hub, the others from the first record."""
    story = [*parcel(platform), record("in_transit", PICKED), record("hub", HUB)]
    found = judge(story[:-1], LATER).of(RULE, "violation")
    assert len(found) == (0 if platform == "douyin" else 1)
    assert times(judge(story, SILENT).one(RULE))["deadline"] == DEADLINE


@pytest.mark.parametrize("status", ["out_for_delivery", "ready_for_pickup", "delivered"])
def test_at_the_door_the_journey_ends(status: str) -> None:
    """After it nothing stalls; where it comes before the first node there is no journey at all."""
    done = record(status, HUB + HOUR)
    assert judge([*STORY, done, record("hub", HUB + DAY)], LATER).states(RULE) == []
    assert judge([*parcel(), record(status, HUB - US), STORY[-1]], LATER).states(RULE) == []
    assert judge([*parcel(), record(status, HUB), STORY[-1]], LATER).states(RULE) == []
    after = judge([*STORY, record(status, HUB + 80 * HOUR)], LATER).one(RULE)
    assert times(after)["resolved_at"] == HUB + 80 * HOUR


@pytest.mark.parametrize("end", ["release", "returning", "cancelled", "handed_over"])
def test_the_stop_ends_it(end: str) -> None:
    """A stop before the lead says nothing, one beyond it resolves; after it no node counts."""

    def stop(at: datetime) -> Message:
        return release("1", at) if end == "release" else record(end, at)

    assert judge([*STORY, stop(HUB + DAY)], LATER).of(RULE) == []
    story = [*STORY, stop(DEADLINE - LEAD + US), record("hub", DEADLINE + DAY)]
    warning = judge(story, LATER).one(RULE)
    assert times(warning)["resolved_at"] == DEADLINE - LEAD + US


@pytest.mark.parametrize(
    ("platform", "start", "to", "lane", "hours"),
    [
        pytest.param("douyin", HANGZHOU, SHENZHEN, "cross_province", 72, id="provinces"),
        pytest.param("douyin", GUANGZHOU, SHENZHEN, "near", 48, id="one province"),
        pytest.param("douyin", HEBEI, TIANJIN, "near", 48, id="one near group"),
        pytest.param("douyin", GANSU, GANSU, "remote", 120, id="one remote province"),
        pytest.param("douyin", HANGZHOU, YUNNAN, "remote", 120, id="remote here"),
        pytest.param("tmall", HANGZHOU, YUNNAN, "cross_province", 72, id="not remote there"),
        pytest.param("douyin", None, SHENZHEN, "unknown", 120, id="start unknown"),
        pytest.param("douyin", HANGZHOU, None, "unknown", 120, id="end unknown"),
        pytest.param("tmall", HONG_KONG, SHENZHEN, None, 0, id="start excluded"),
        pytest.param("tmall", None, HONG_KONG, None, 0, id="end excluded, start unknown"),
        pytest.param("douyin", HANGZHOU, HONG_KONG, "cross_province", 72, id="not excluded there"),
    ],
)
def test_the_lane_decides(
    platform: str, start: Message | None, to: Message | None, lane: str | None, hours: int
) -> None:
    """Excluded before unknown before remote before near: the lane, and its limit."""
    story = [
        order(platform=platform, recipient=to),
        upload("1"),
        picked_up(location=start),
        record("hub", HUB),
    ]
    found = judge(story, LATER).of(RULE, "violation")
    assert [value["evidence"]["lane"] for value in found] == ([] if lane is None else [lane])
    if lane is not None:
        assert times(found[0])["deadline"] == HUB + hours * HOUR


def test_tmall_has_a_second_stage_that_is_reached() -> None:
    """≥ 120 h between provinces: serious at that very microsecond, from the first breach on."""
    story = [*parcel("tmall"), record("hub", HUB)]
    serious = HUB + 120 * HOUR
    assert judge(story, serious - US).one(RULE, "serious")["state"] == "open"
    warning = judge(story, serious).one(RULE, "serious")
    assert warning["state"] == "breached"
    assert times(warning)["opened_at"] == DEADLINE
    assert warning["evidence"]["lane"] == "cross_province"


def test_the_sender_stands_in_for_a_pickup_without_a_place() -> None:
    """The earliest pickup with a province decides, else where the lead order is sent from."""
    story = [order(ship_from=GUANGZHOU), upload("1"), picked_up(), record("hub", HUB)]
    assert judge(story, LATER).one(RULE)["evidence"]["lane"] == "near"
    story.append(picked_up(PICKED + HOUR, location=HANGZHOU))
    assert judge(story, LATER).one(RULE)["evidence"]["lane"] == "cross_province"


@pytest.mark.parametrize("raw_status", ["1", "2", "3", "4", "5"])
@pytest.mark.parametrize(
    ("places", "lane"),
    [
        # 广州市 sorts before 杭州市, and a named city before none.
        ((HANGZHOU, GUANGZHOU), "near"),
        (({"province": "广东省"}, HANGZHOU), "cross_province"),
        (({"province": "浙江省"}, {"province": "广东省"}), "near"),
    ],
)
def test_of_pickups_at_one_time_the_first_as_sent_counts(
    places: tuple[Message, Message], lane: str, raw_status: str
) -> None:
    """Whatever comes first over the wire: by the names of the places, city before province."""
    for pair in (places, places[::-1]):
        starts = [picked_up(location=place, raw_status=raw_status) for place in pair]
        found = judge([order(), upload("1"), *starts, record("hub", HUB)], LATER).one(RULE)
        assert found["evidence"]["lane"] == lane


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, upload, pickup and hub in any order: one warning, one id."""
    wanted = judge(STORY, SILENT).one(RULE)
    for places in permutations(range(4)):
        sent = [
            arriving(message, HUB + place * HOUR)
            for message, place in zip(STORY, places, strict=True)
        ]
        found = judge(sent, SILENT).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_a_late_node_withdraws() -> None:
    """A node known only after the breach: the old clock gives way to another."""
    late = arriving(record("in_transit", HUB + DAY), DEADLINE + HOUR)
    outcome = judge([*STORY, late], DEADLINE + HOUR)
    assert outcome.of(RULE) == []
    assert outcome.states(RULE) == ["open", "breached", "withdrawn"]
    moved = judge([*STORY, late], SILENT + DAY).one(RULE)
    assert times(moved)["deadline"] == DEADLINE + DAY


def test_repeated_records_change_nothing() -> None:
    """The same history twice: the same revisions."""
    assert judge(STORY * 2, SILENT).log == judge(STORY, SILENT).log


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel and the node's time make the id."""
    text = f"{RULE}|violation|douyin|parcel:zto:{NUMBER}|2026-11-20T15:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge(STORY, SILENT).one(RULE)["warning_id"] == wanted


def test_evidence_names_the_node_and_what_followed() -> None:
    """The node first, then the record that came too late."""
    story = [*STORY, record("in_transit", DEADLINE + HOUR)]
    proofs = proofs_of(RULE, story, DEADLINE + DAY)
    assert proofs[0] == [("tracking-update", 3, 103, "hub", HUB)]
    assert proofs[-1] == [
        ("tracking-update", 3, 103, "hub", HUB),
        ("tracking-update", 4, 104, "in_transit", DEADLINE + HOUR),
    ]


def _rule(hours: int) -> TransitStalled:
    limit = Limit(hours * 3_600_000_000)
    limits = LaneLimits(limit, limit, limit)
    return TransitStalled(limits, limits, chain_from=None)


def test_a_long_journey_makes_no_clock_that_could_not_warn() -> None:
    """Of hundreds of nodes only those that stood still for long are clocks at all."""
    gaps = [timedelta(hours=40 if n % 50 == 0 else 1) for n in range(400)]
    at, nodes = HUB, []
    for gap in gaps:
        at += gap
        nodes.append(record("in_transit", at))
    made = clocks_of(_rule(48), [*STORY, *nodes])
    # The eight long ones and the last node, that nothing ends; two stages each.
    assert len(made) == 2 * 9
    assert {clock.stage for clock in made} == {"violation", "serious"}


def test_the_destination_is_where_the_upload_found_the_buyer() -> None:
    """A buyer who moves later does not change the lane."""
    moved = order(updated_at=HUB, recipient={**ANNA, **HANGZHOU})
    assert judge([*STORY, moved], LATER).one(RULE)["evidence"]["lane"] == "cross_province"
    life = life_of([*STORY, moved])
    assert life.lead.recipient is not None
    assert life.lead.recipient.province == "44"


def test_delivered_on_its_way_back_is_no_ending() -> None:
    """The chain ends at the recipient's door, not at the sender's: the stop ended its clock."""
    back = [record("returning", HUB + 65 * HOUR), record("delivered", HUB - US)]
    assert judge([*STORY, *back], LATER).of(RULE) == []
    home = [record("returning", HUB - HOUR), record("delivered", HUB - US, location=HANGZHOU)]
    assert judge([*STORY, *home], LATER).of(RULE) == []


@pytest.mark.parametrize(
    ("start", "to", "known"),
    [
        (None, SHENZHEN, [("origin_unknown", None)]),
        ({"province": "塔图因省"}, SHENZHEN, [("origin_unknown", "塔图因省")]),
        (
            {"province": "塔图因省"},
            {"province": "火星"},
            [("origin_unknown", "塔图因省"), ("destination_unknown", None)],
        ),
        (HANGZHOU, {"province": "火星", "city": "1 号"}, [("destination_unknown", None)]),
        (HANGZHOU, None, [("destination_unknown", None)]),
        (HANGZHOU, SHENZHEN, []),
    ],
)
def test_an_unknown_lane_says_which_side(
    start: Message | None, to: Message | None, known: list[tuple[str, str | None]]
) -> None:
    """With the province as it was sent, where it was; nothing that is no province's name."""
    sent = [order(ship_from=start, recipient=to), upload("1"), picked_up(), record("hub", HUB)]
    warning = judge(sent, LATER).one(RULE)
    advice = [(each["code"], each["value"]) for each in warning["evidence"]["advice"]]
    assert advice == known
    assert (warning["evidence"]["lane"] == "unknown") is bool(known)
    assert ("region_code" in warning["remedy"]["zh"]) is bool(known)
