"""`recalled`: the parcel was sent back or cancelled while its order is open."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    GUANGZHOU,
    HOUR,
    LATER,
    NUMBER,
    PICKED,
    SHENZHEN,
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
from support.parcels import proofs_of
from support.troubles import travels

RULE = "recalled"
BACK = PICKED + DAY
START = [order(), upload("1"), picked_up()]
STORY = [*START, record("returning", BACK)]


def story(platform: str, **fields: Any) -> list[Message]:
    """The parcel turns round, the order stays open."""
    story = [order(platform=platform, **fields), upload("1", platform=platform), *travels()[:2]]
    return [*story, record("returning", PICKED + 12 * HOUR, location=GUANGZHOU)]


@pytest.mark.parametrize("status", ["returning", "returned", "cancelled"])
def test_fires_when_it_comes_back(status: str) -> None:
    """Open from the record on, critical; which of the three it was is said."""
    warning = judge([*START, record(status, BACK)], LATER).one(RULE)
    assert (warning["state"], warning["severity"]) == ("open", "critical")
    assert (warning["order_ids"], warning["evidence"]["detail"]) == (["1"], status)
    assert times(warning) == {
        "opened_at": BACK,
        "deadline": None,
        "breached_at": None,
        "resolved_at": None,
    }


def test_stays_quiet_on_an_ordinary_journey() -> None:
    """Failed attempts and exceptions are no way back."""
    story = [*START, record("attempt_failed", BACK), record("exception", BACK + HOUR)]
    assert judge(story, LATER).states(RULE) == []


def test_a_release_is_no_recall() -> None:
    """`cancelled` with orders takes the number off them; the parcel goes on."""
    sent = [order(), order("2"), upload(["1", "2"]), picked_up(), release("1", BACK)]
    assert judge(sent, LATER).of(RULE) == []


@pytest.mark.parametrize(
    ("delivered", "state"),
    [(BACK - US, None), (BACK, "open"), (BACK + US, "resolved")],
)
def test_delivered_before_or_after(delivered: datetime, state: str | None) -> None:
    """Received before it came back: no recall; delivered after all: resolved; at once: neither."""
    story = [*STORY, record("delivered", delivered, location=SHENZHEN)]
    found = judge(story, LATER).of(RULE)
    assert [value["state"] for value in found] == ([] if state is None else [state])
    if state == "resolved":
        assert times(found[0])["resolved_at"] == delivered


@pytest.mark.parametrize(
    ("where", "state"),
    [
        (SHENZHEN, "resolved"),
        (GUANGZHOU, "open"),
        ({"province": "广东省"}, "open"),
        ({"city": "深圳市"}, "resolved"),
        (None, "open"),
    ],
)
def test_what_is_delivered_on_the_way_back(where: dict[str, str] | None, state: str) -> None:
    """To its recipient's city it was delivered after all; anywhere else it is the sender's."""
    story = [*STORY, record("delivered", BACK + US, location=where)]
    assert judge(story, LATER).one(RULE)["state"] == state


@pytest.mark.parametrize(("asked", "state"), [(BACK, None), (BACK + US, "open")])
def test_a_buyer_who_asked_for_it(asked: datetime, state: str | None) -> None:
    """A refund asked for at or before the way back makes it no recall; after it is too late."""
    story = [*STORY, order(refund_requested_at=asked, updated_at=BACK + DAY)]
    found = judge(story, LATER).of(RULE)
    assert [value["state"] for value in found] == ([] if state is None else [state])


def test_a_second_delivery_counts_where_the_first_was_at_once() -> None:
    """The first delivery after it ends it, not merely the first of all."""
    after = record("delivered", BACK + HOUR, location=SHENZHEN)
    story = [*STORY, record("delivered", BACK), after]
    assert times(judge(story, LATER).one(RULE))["resolved_at"] == BACK + HOUR


def test_the_earliest_way_back_counts() -> None:
    """Returning, then returned: one warning, from the first on."""
    story = [*STORY, record("returned", BACK + DAY), record("cancelled", BACK + HOUR)]
    warning = judge(story, LATER).one(RULE)
    assert times(warning)["opened_at"] == BACK
    assert warning["evidence"]["detail"] == "returning"


def test_it_ends_with_the_order() -> None:
    """Closed at that moment: nothing to warn of; a microsecond later: resolved."""

    def closed(at: datetime) -> Message:
        return order(state="closed", updated_at=at)

    assert judge([*STORY, closed(BACK)], LATER).of(RULE) == []
    warning = judge([*STORY, closed(BACK + US)], LATER).one(RULE)
    assert times(warning)["resolved_at"] == BACK + US
    released = judge([*STORY, release("1", BACK + HOUR)], LATER).one(RULE)
    assert times(released)["resolved_at"] == BACK + HOUR


def test_it_holds_from_a_later_upload() -> None:
    """A number that was cancelled before it was uploaded: from the upload on."""
    late = BACK + HOUR
    story = [order(), upload("1", late), record("cancelled", BACK)]
    assert times(judge(story, LATER).one(RULE))["opened_at"] == late


def test_each_order_has_its_own() -> None:
    """Two orders in one parcel are two warnings; the closed one ends alone."""
    both = [order(), order("2"), upload(["1", "2"]), record("returned", BACK)]
    closed = order("2", state="closed", updated_at=BACK + HOUR)
    found = judge([*both, closed], LATER).of(RULE)
    states = {value["order_ids"][0]: value["state"] for value in found}
    assert states == {"1": "open", "2": "resolved"}


def test_each_order_of_arrival_gives_the_same() -> None:
    """Upload, pickup, return and delivery in any order: one warning, one id."""
    messages = [order(), upload("1"), STORY[-1], record("delivered", BACK + HOUR)]
    wanted = judge(messages, LATER).one(RULE)
    for places in permutations(range(4)):
        sent = [
            arriving(message, BACK + (1 + place) * HOUR)
            for message, place in zip(messages, places, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_a_late_delivery_before_it_withdraws() -> None:
    """Known late: it had been delivered before it came back."""
    late = arriving(record("delivered", BACK - HOUR), BACK + DAY)
    outcome = judge([*STORY, late], LATER)
    assert outcome.of(RULE) == []
    assert outcome.states(RULE) == ["open", "withdrawn"]


def test_repeated_records_change_nothing() -> None:
    """The same history twice: the same revisions."""
    assert judge(STORY * 2, LATER).log == judge(STORY, LATER).log


@pytest.mark.parametrize(("platform", "fires"), [("tmall", True), ("brief", False)])
def test_figures_of_each_platform(platform: str, fires: bool) -> None:
    """On for Tmall as for Douyin, off in the brief."""
    story = [order(platform=platform), *STORY[1:]]
    assert bool(judge(story, LATER).of(RULE)) is fires


def test_an_unknown_order_is_judged_by_its_upload() -> None:
    """The upload's platform decides, until the order is known."""
    story = [upload("1", platform="tmall"), *STORY[2:]]
    assert judge(story, LATER).one(RULE)["platform"] == "tmall"


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel, order and the order's upload make the id."""
    text = f"{RULE}|violation|douyin|parcel:zto:{NUMBER}:order:1|2026-11-20T04:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge(STORY, LATER).one(RULE)["warning_id"] == wanted


def test_evidence_names_the_way_back() -> None:
    """The upload, the record, and the delivery that ended it."""
    story = [*STORY, record("delivered", BACK + HOUR, location=SHENZHEN)]
    assert proofs_of(RULE, story, LATER)[-1] == [
        ("tracking-update", 1, 101, "ordered", UPLOADED),
        ("tracking-update", 3, 103, "returning", BACK),
        ("tracking-update", 4, 104, "delivered", BACK + HOUR),
    ]
