"""`pickup_overdue`: a number was uploaded and the carrier has not picked the parcel up."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    BORIS,
    DAY,
    HOUR,
    LATER,
    NUMBER,
    PAID,
    PICKED,
    UPLOADED,
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

from streams.rules.episodes import Limit, judge_clock
from streams.rules.pickup_overdue import PickupOverdue

RULE = "pickup_overdue"
LIMIT = 24 * HOUR
LEAD = 6 * HOUR
DEADLINE = UPLOADED + LIMIT
SERIOUS = UPLOADED + 48 * HOUR
STORY = [order(), upload("1")]


def story(platform: str, **fields: Any) -> list[Message]:
    """A number without a parcel."""
    return [order(platform=platform, **fields), upload("1", platform=platform)]


def test_fires_when_nobody_picks_up() -> None:
    """Both stages: breached after 24 h, serious after 48 h."""
    outcome = judge(STORY, LATER)
    warning = outcome.one(RULE)
    assert warning["state"] == "breached"
    assert (warning["carrier"], warning["tracking_number"]) == ("zto", NUMBER)
    assert warning["order_ids"] == ["1"]
    assert times(warning) == {
        "opened_at": DEADLINE - LEAD,
        "deadline": DEADLINE,
        "breached_at": DEADLINE,
        "resolved_at": None,
    }
    assert times(outcome.one(RULE, "serious")) == {
        "opened_at": DEADLINE,
        "deadline": SERIOUS,
        "breached_at": SERIOUS,
        "resolved_at": None,
    }
    assert outcome.states(RULE) == ["open", "breached"]
    assert outcome.states(RULE, "serious") == ["open", "breached"]


def test_stays_quiet_when_picked_up_in_time() -> None:
    """A pickup before the lead: nothing is ever published."""
    outcome = judge([*STORY, picked_up()], LATER)
    assert outcome.states(RULE) == outcome.states(RULE, "serious") == []


def test_lead_begins_at_its_boundary() -> None:
    """Nothing a microsecond before deadline − lead, open exactly there."""
    assert judge(STORY, DEADLINE - LEAD - US).of(RULE) == []
    assert judge(STORY, DEADLINE - LEAD).one(RULE)["state"] == "open"


def test_end_at_the_lead_is_in_time() -> None:
    """A pickup exactly at deadline − lead needs no warning, one microsecond later resolves one."""
    assert judge([*STORY, picked_up(DEADLINE - LEAD)], LATER).of(RULE) == []
    late = judge([*STORY, picked_up(DEADLINE - LEAD + US)], LATER).one(RULE)
    assert (late["state"], late["breached_at"]) == ("resolved", None)


def test_deadline_is_breached_beyond_it_only() -> None:
    """Time: open exactly at 24 h, breached (and serious opened) one microsecond later."""
    at = judge(STORY, DEADLINE)
    assert at.one(RULE)["state"] == "open"
    assert at.of(RULE, "serious") == []
    beyond = judge(STORY, DEADLINE + US)
    assert beyond.one(RULE)["state"] == "breached"
    assert beyond.one(RULE, "serious")["state"] == "open"


def test_pickup_at_the_deadline_is_in_time() -> None:
    """Pickup: exactly at 24 h is not too late, one microsecond later is."""
    exact = judge([*STORY, picked_up(DEADLINE)], LATER)
    assert exact.one(RULE)["breached_at"] is None
    assert exact.of(RULE, "serious") == []
    beyond = judge([*STORY, picked_up(DEADLINE + US)], LATER)
    assert times(beyond.one(RULE))["breached_at"] == DEADLINE
    serious = beyond.one(RULE, "serious")
    assert (serious["state"], serious["breached_at"]) == ("resolved", None)
    assert times(serious)["opened_at"] == DEADLINE


def test_serious_has_its_own_boundary() -> None:
    """Time and pickup exactly at 48 h are not serious yet, one microsecond later they are."""
    assert judge(STORY, SERIOUS).one(RULE, "serious")["state"] == "open"
    assert judge(STORY, SERIOUS + US).one(RULE, "serious")["state"] == "breached"
    exact = judge([*STORY, picked_up(SERIOUS)], LATER).one(RULE, "serious")
    assert exact["breached_at"] is None
    beyond = judge([*STORY, picked_up(SERIOUS + US)], LATER).one(RULE, "serious")
    assert times(beyond)["breached_at"] == SERIOUS


@pytest.mark.parametrize(("at_least", "state"), [(False, "open"), (True, "breached")])
def test_comparator_decides_the_exact_moment(at_least: bool, state: str) -> None:
    """`ge` breaches at the deadline itself, `gt` only beyond it."""
    hour = 3_600_000_000
    rule = PickupOverdue(Limit(24 * hour, at_least))
    (clock,) = clocks_of(rule, STORY)
    deadline = clock.started_at + 24 * hour
    assert judge_clock(clock, deadline).state == state
    assert judge_clock(clock, deadline + 1).state == "breached"
    assert judge_clock(clock, deadline - 1).state == "open"
    breached = judge_clock(clock._replace(ended_at=deadline), deadline + hour).breached_at
    assert breached == (deadline if at_least else None)


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, upload and pickup in any order of arrival: the same warnings and ids."""
    pickup = DEADLINE + HOUR
    story = [*STORY, picked_up(pickup)]
    wanted = judge(story, LATER)
    for places in permutations(range(3)):
        sent = [
            arriving(message, pickup + (1 + place) * HOUR)
            for message, place in zip(story, places, strict=True)
        ]
        found = judge(sent, LATER)
        for stage in ("violation", "serious"):
            one, other = found.one(RULE, stage), wanted.one(RULE, stage)
            assert one["warning_id"] == other["warning_id"]
            assert times(one) == times(other)


def test_back_filled_pickup_withdraws_both_stages() -> None:
    """A pickup in time whose record comes late: nothing should have been said."""
    outcome = judge([*STORY, arriving(picked_up(), SERIOUS + HOUR)], LATER)
    assert outcome.of(RULE) == []
    assert {value["stage"] for value in outcome.withdrawn(RULE)} == {"violation", "serious"}


def test_back_filled_late_pickup_resolves() -> None:
    """A pickup after the deadline, known later still: resolved at its own time."""
    outcome = judge([*STORY, arriving(picked_up(DEADLINE + HOUR), LATER - DAY)], LATER)
    warning = outcome.one(RULE)
    assert times(warning)["resolved_at"] == DEADLINE + HOUR
    assert times(warning)["breached_at"] == DEADLINE
    assert outcome.one(RULE, "serious")["breached_at"] is None


def test_repeated_records_change_nothing() -> None:
    """Every message three times gives the revisions of every message once."""
    story = [*STORY, picked_up(DEADLINE + HOUR)]
    once, thrice = judge(story, LATER), judge(story * 3, LATER)
    assert thrice.log == once.log


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("picked_up", True),
        ("hub", True),
        ("in_transit", True),
        ("customs", True),
        ("attempt_failed", True),
        ("handed_over", True),
        ("delivered", True),
        ("returning", True),
        ("returned", True),
        ("cancelled", True),
        ("exception", False),
        ("ordered", False),
        ("unknown", False),
    ],
)
def test_progress_or_the_stop_ends_it(status: str, ends: bool) -> None:
    """Any progress, or the parcel's stop; an exception or another label does not."""
    assert (judge([*STORY, record(status, PICKED)], LATER).of(RULE) == []) is ends


def test_progress_before_the_upload_counts() -> None:
    """Shipped first, uploaded afterwards: nothing to say."""
    assert judge([*STORY, picked_up(PAID - HOUR)], LATER).of(RULE) == []


def test_release_and_closing_end_it() -> None:
    """The parcel's end is its orders' end: released, or closed."""
    assert judge([*STORY, release("1", PICKED)], LATER).of(RULE) == []
    assert judge([*STORY, order(updated_at=PICKED, state="closed")], LATER).of(RULE) == []


def test_the_earliest_upload_of_its_orders_starts_it() -> None:
    """Two orders in one parcel: one warning that names both, from the earlier upload."""
    story = [order("2"), order("1"), upload("2"), upload("1", UPLOADED + HOUR)]
    warning = judge(story, LATER).one(RULE)
    assert warning["order_ids"] == ["1", "2"]
    assert times(warning)["deadline"] == DEADLINE


def test_a_released_first_order_moves_the_start() -> None:
    """When the first order's link is released the second's upload counts: a new warning."""
    story = [order("1"), order("2"), upload("1"), upload("2", UPLOADED + HOUR)]
    outcome = judge([*story, release("1", DEADLINE + 2 * HOUR)], LATER)
    assert len(outcome.withdrawn(RULE)) == 2
    warning = outcome.one(RULE)
    assert warning["order_ids"] == ["2"]
    assert times(warning)["deadline"] == DEADLINE + HOUR


def test_an_unknown_order_is_judged_as_its_upload_says() -> None:
    """The upload may come first: its platform and shop stand until the order is known."""
    outcome = judge([upload("1", platform="tmall", shop_id="s-9")], LATER)
    warning = outcome.one(RULE)
    assert (warning["platform"], warning["shop_id"]) == ("tmall", "s-9")
    assert outcome.of(RULE, "serious") == []


def test_a_parcel_without_orders_is_not_judged() -> None:
    """Records and labels of nobody's parcel are no concern of ours."""
    assert judge([record("ordered", UPLOADED), record("exception", PICKED)], LATER).newest == {}


FIGURES = [
    ("douyin", "douyin-2026-07-09", 24, 48),
    ("tmall", "tmall-2026-04-09", 24, None),
    ("brief", "brief-2023", None, None),
]


@pytest.mark.parametrize(("platform", "profile", "limit", "serious"), FIGURES)
def test_figures_of_each_platform(
    platform: str, profile: str, limit: int | None, serious: int | None
) -> None:
    """Upload to pickup: 24 h; on Douyin 48 h are serious; the brief does not judge it."""
    story = [order(platform=platform), upload("1")]
    for stage, hours in (("violation", limit), ("serious", serious)):
        if hours is None:
            assert judge(story, LATER).of(RULE, stage) == []
            continue
        deadline = UPLOADED + timedelta(hours=hours)
        assert judge(story, deadline).one(RULE, stage)["state"] == "open"
        warning = judge(story, deadline + US).one(RULE, stage)
        assert warning["state"] == "breached"
        assert warning["severity"] == "critical"
        assert warning["profile"] == profile
        assert warning["platform"] == platform
        assert warning["evidence"]["limit_hours"] == hours


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel and upload make the id."""
    outcome = judge(STORY, LATER)
    for stage in ("violation", "serious"):
        text = f"{RULE}|{stage}|douyin|parcel:zto:{NUMBER}|2026-11-20T04:00:00.000000Z"
        wanted = sha256(text.encode()).hexdigest()[:32]
        assert outcome.one(RULE, stage)["warning_id"] == wanted


def test_evidence_names_the_upload_record() -> None:
    """Topic, partition and offset of the upload that started the clock."""
    (proof, *_) = proofs_of(RULE, STORY, LATER)
    assert proof == [("tracking-update", 1, 101, "ordered", UPLOADED)]


def test_another_recipient_does_not_matter_here() -> None:
    """Clocks of the parcel run whoever is to receive it."""
    story = [order("1"), order("2", recipient=BORIS), upload(["1", "2"])]
    assert judge(story, LATER).one(RULE)["order_ids"] == ["1", "2"]
