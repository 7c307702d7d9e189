"""`inactive_after_pickup`: the carrier picked the parcel up and its track shows no update."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    NUMBER,
    PAID,
    PICKED,
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
from support.parcels import clocks_of, proofs_of

from streams.facts.facts import STATUSES
from streams.rules.episodes import Limit, judge_clock
from streams.rules.inactive_after_pickup import InactiveAfterPickup

RULE = "inactive_after_pickup"
LIMIT = 24 * HOUR
LEAD = 6 * HOUR
DEADLINE = PICKED + LIMIT
SERIOUS = PICKED + 48 * HOUR
STORY = [order(), upload("1"), picked_up()]


def story(platform: str, **fields: Any) -> list[Message]:
    """Picked up, then silence."""
    return [order(platform=platform, **fields), upload("1", platform=platform), picked_up()]


def test_fires_when_the_track_stays_silent() -> None:
    """Both stages: breached 24 h after the pickup, serious after 48 h."""
    outcome = judge(STORY, LATER)
    warning = outcome.one(RULE)
    assert warning["state"] == "breached"
    assert warning["order_ids"] == ["1"]
    assert times(warning) == {
        "opened_at": DEADLINE - LEAD,
        "deadline": DEADLINE,
        "breached_at": DEADLINE,
        "resolved_at": None,
    }
    assert times(outcome.one(RULE, "serious"))["breached_at"] == SERIOUS


def test_stays_quiet_after_an_update() -> None:
    """A hub record before the lead: nothing is ever published."""
    outcome = judge([*STORY, record("hub", PICKED + HOUR)], LATER)
    assert outcome.states(RULE) == outcome.states(RULE, "serious") == []


def test_no_clock_before_a_pickup() -> None:
    """A printed label, or progress other than a pickup, starts nothing."""
    story = [order(), upload("1"), record("in_transit", PICKED)]
    assert judge(story, LATER).states(RULE) == []


def test_lead_begins_at_its_boundary() -> None:
    """Nothing a microsecond before deadline − lead, open exactly there."""
    assert judge(STORY, DEADLINE - LEAD - US).of(RULE) == []
    assert judge(STORY, DEADLINE - LEAD).one(RULE)["state"] == "open"


def test_end_at_the_lead_is_in_time() -> None:
    """An update exactly at deadline − lead needs no warning, one microsecond later resolves one."""
    assert judge([*STORY, record("hub", DEADLINE - LEAD)], LATER).of(RULE) == []
    late = judge([*STORY, record("hub", DEADLINE - LEAD + US)], LATER).one(RULE)
    assert (late["state"], late["breached_at"]) == ("resolved", None)


def test_deadline_is_breached_beyond_it_only() -> None:
    """Time: open exactly at 24 h, breached one microsecond later."""
    assert judge(STORY, DEADLINE).one(RULE)["state"] == "open"
    assert judge(STORY, DEADLINE + US).one(RULE)["state"] == "breached"


def test_update_at_the_deadline_is_in_time() -> None:
    """Update: exactly at 24 h is not too late, one microsecond later is."""
    exact = judge([*STORY, record("hub", DEADLINE)], LATER)
    assert exact.one(RULE)["breached_at"] is None
    assert exact.of(RULE, "serious") == []
    beyond = judge([*STORY, record("hub", DEADLINE + US)], LATER).one(RULE)
    assert times(beyond)["breached_at"] == DEADLINE
    assert times(beyond)["resolved_at"] == DEADLINE + US


@pytest.mark.parametrize(("at_least", "state"), [(False, "open"), (True, "breached")])
def test_comparator_decides_the_exact_moment(at_least: bool, state: str) -> None:
    """`ge` breaches at the deadline itself, `gt` only beyond it."""
    length = 24 * 3_600_000_000
    (clock,) = clocks_of(InactiveAfterPickup(Limit(length, at_least), ended_by=None), STORY)
    deadline = clock.started_at + length
    assert judge_clock(clock, deadline).state == state
    assert judge_clock(clock, deadline + 1).state == "breached"
    breached = judge_clock(clock._replace(ended_at=deadline), deadline + length).breached_at
    assert breached == (deadline if at_least else None)


def test_tmall_serious_is_reached_at_72_hours() -> None:
    """Tmall counts ≥ 72 h as serious: breached at that very microsecond, by time and by update."""
    story = [order(platform="tmall"), upload("1"), picked_up()]
    deadline = PICKED + 72 * HOUR
    assert judge(story, deadline - US).one(RULE, "serious")["state"] == "open"
    assert judge(story, deadline).one(RULE, "serious")["state"] == "breached"
    before = judge([*story, record("hub", deadline - US)], LATER).one(RULE, "serious")
    assert before["breached_at"] is None
    exact = judge([*story, record("hub", deadline)], LATER).one(RULE, "serious")
    assert times(exact)["breached_at"] == deadline


def test_each_order_of_arrival_gives_the_same() -> None:
    """Pickup, update and upload in any order of arrival: the same warnings and ids."""
    update = DEADLINE + HOUR
    story = [upload("1"), picked_up(), record("hub", update)]
    wanted = judge([order(), *story], LATER)
    for places in permutations(range(3)):
        sent = [
            arriving(message, update + (1 + place) * HOUR)
            for message, place in zip(story, places, strict=True)
        ]
        found = judge([order(), *sent], LATER)
        for stage in ("violation", "serious"):
            one, other = found.one(RULE, stage), wanted.one(RULE, stage)
            assert one["warning_id"] == other["warning_id"]
            assert times(one) == times(other)


def test_back_filled_update_withdraws() -> None:
    """An update in time whose record comes late: nothing should have been said."""
    sent = [*STORY, arriving(record("hub", PICKED + HOUR), SERIOUS + HOUR)]
    outcome = judge(sent, LATER)
    assert outcome.of(RULE) == []
    assert {value["stage"] for value in outcome.withdrawn(RULE)} == {"violation", "serious"}


def test_back_filled_earlier_pickup_moves_the_warning() -> None:
    """The first pickup counts: one that is found later and was earlier opens another id."""
    sent = [*STORY, arriving(picked_up(PICKED - HOUR), SERIOUS + HOUR)]
    outcome = judge(sent, LATER)
    assert times(outcome.one(RULE))["deadline"] == DEADLINE - HOUR
    assert len(outcome.withdrawn(RULE)) == 2


def test_a_second_pickup_starts_nothing() -> None:
    """Douyin: a further pickup record neither restarts nor ends the clock."""
    outcome = judge([*STORY, picked_up(PICKED + HOUR)], LATER)
    assert times(outcome.one(RULE))["deadline"] == DEADLINE


def test_repeated_records_change_nothing() -> None:
    """Every message twice gives the revisions of every message once."""
    story = [*STORY, record("hub", DEADLINE + HOUR)]
    assert judge(story * 2, LATER).log == judge(story, LATER).log


DOUYIN_ENDS = {
    "hub",
    "arrived_dest_city",
    "out_for_delivery",
    "ready_for_pickup",
    "delivered",
    "attempt_failed",
    "returning",
    "returned",
    "cancelled",
    "handed_over",
}
ANY_ENDS = set(STATUSES) - {"ordered", "unknown"}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("platform", "ends"), [("douyin", DOUYIN_ENDS), ("tmall", ANY_ENDS), ("brief", ANY_ENDS)]
)
def test_what_ends_it_on_each_platform(platform: str, ends: set[str], status: str) -> None:
    """Douyin wants a hub or what comes after one; Tmall and the brief any record after the pickup.

    Everywhere the parcel's stop ends it, and a label or an unknown status does not.
    """
    story = [order(platform=platform), upload("1"), picked_up(), record(status, PICKED + HOUR)]
    assert (judge(story, LATER).of(RULE) == []) is (status in ends)


@pytest.mark.parametrize(
    ("platform", "status", "ends"),
    [("douyin", "hub", True), ("tmall", "hub", False), ("brief", "hub", False)],
)
def test_a_record_at_the_pickup_itself(platform: str, status: str, ends: bool) -> None:
    """Douyin counts a hub *at or after* the pickup; any record counts only *after* it."""
    story = [order(platform=platform), upload("1"), picked_up(), record(status, PICKED)]
    assert (judge(story, LATER).of(RULE) == []) is ends


def test_a_hub_before_the_pickup_does_not_end_it() -> None:
    """An update is what comes after the pickup."""
    assert judge([*STORY, record("hub", PICKED - US)], LATER).one(RULE)["state"] == "breached"


def test_no_clock_where_the_parcel_stopped_before() -> None:
    """Released, closed or delivered before the pickup: nothing to wait for."""
    before = PICKED - US
    assert judge([*STORY, release("1", before)], LATER).of(RULE) == []
    assert judge([*STORY, order(updated_at=before, state="closed")], LATER).of(RULE) == []
    assert judge([*STORY, record("delivered", before)], LATER).of(RULE) == []


@pytest.mark.parametrize("stop", ["delivered", "returning", "returned", "cancelled", "handed_over"])
def test_the_stop_ends_it(stop: str) -> None:
    """Delivered, on its way back or cancelled too late: resolved, and breached all the same."""
    warning = judge([*STORY, record(stop, DEADLINE + HOUR)], LATER).one(RULE)
    assert warning["state"] == "resolved"
    assert times(warning)["breached_at"] == DEADLINE
    assert times(warning)["resolved_at"] == DEADLINE + HOUR


def test_closing_ends_it() -> None:
    """The order is closed too late: resolved at the closing."""
    sent = [*STORY, order(updated_at=DEADLINE + HOUR, state="closed")]
    assert times(judge(sent, LATER).one(RULE))["resolved_at"] == DEADLINE + HOUR


FIGURES = [
    ("douyin", "douyin-2026-07-09", 24, 48, False),
    ("tmall", "tmall-2026-04-09", 24, 72, True),
    ("brief", "brief-2023", 24, None, False),
]


@pytest.mark.parametrize(("platform", "profile", "limit", "serious", "reached"), FIGURES)
def test_figures_of_each_platform(
    platform: str, profile: str, limit: int, serious: int | None, reached: bool
) -> None:
    """More than 24 h everywhere; serious: Douyin more than 48 h, Tmall 72 h or more."""
    story = [order(platform=platform), upload("1"), picked_up()]
    stages = [("violation", limit, False)]
    if serious is None:
        assert judge(story, LATER).of(RULE, "serious") == []
    else:
        stages.append(("serious", serious, reached))
    for stage, hours, at_least in stages:
        deadline = PICKED + timedelta(hours=hours)
        wanted = "breached" if at_least else "open"
        assert judge(story, deadline).one(RULE, stage)["state"] == wanted
        warning = judge(story, deadline + US).one(RULE, stage)
        assert warning["state"] == "breached"
        assert warning["severity"] == "critical"
        assert (warning["profile"], warning["platform"]) == (profile, platform)
        assert warning["evidence"]["limit_hours"] == hours
        assert times(warning)["breached_at"] == deadline


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel and the first pickup make the id."""
    outcome = judge(STORY, LATER)
    for stage in ("violation", "serious"):
        text = f"{RULE}|{stage}|douyin|parcel:zto:{NUMBER}|2026-11-20T10:00:00.000000Z"
        wanted = sha256(text.encode()).hexdigest()[:32]
        assert outcome.one(RULE, stage)["warning_id"] == wanted


def test_evidence_names_pickup_and_update() -> None:
    """The pickup that started it, and the update that ended it, each with its place."""
    proofs = proofs_of(RULE, [*STORY, record("hub", DEADLINE + HOUR)], LATER)
    pickup = ("tracking-update", 2, 102, "picked_up", PICKED)
    update = ("tracking-update", 3, 103, "hub", DEADLINE + HOUR)
    assert proofs == [[pickup], [pickup], [pickup, update]]


def test_a_parcel_picked_up_before_its_upload_is_judged_too() -> None:
    """The clock runs from the pickup, whenever the seller typed the number in."""
    story = [order(), picked_up(PAID - DAY), upload("1")]
    assert times(judge(story, LATER).one(RULE))["deadline"] == PAID
