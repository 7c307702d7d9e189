"""Traps 6, 7, 8 and 19: numbers that come back, records that come again, slips of the hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from support.builders import (
    ANNA,
    BORIS,
    DAY,
    GUANGZHOU,
    HANGZHOU,
    HOUR,
    LATER,
    MINUTE,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    arriving,
    judge,
    order,
    picked_up,
    record,
    release,
    times,
    upload,
)
from support.stories import TROUBLES
from support.troubles import travels

DUPLICATE = "duplicate_tracking_number"
SHIP = "ship_overdue"
PICKUP = "pickup_overdue"
PLATFORMS = ("douyin", "tmall", "brief")


# ---- 6 recycled number


def test_trap_06_a_former_life_is_no_duplicate_and_no_shipment() -> None:
    """A number that comes back after more than 30 days: old scans and old owners are history."""
    long_ago = PAID - 60 * DAY
    former = [order("0", long_ago, recipient=BORIS), upload("0", long_ago)]
    former += [picked_up(long_ago), record("delivered", long_ago + DAY)]
    outcome = judge([*former, order("1"), upload("1")], LATER)
    assert outcome.of(DUPLICATE) == []
    assert outcome.one(SHIP)["state"] == "breached", "old scans ship nothing"
    assert times(outcome.one(PICKUP))["deadline"] == UPLOADED + DAY


@pytest.mark.parametrize("platform", PLATFORMS)
def test_trap_06_old_scans_accuse_no_new_owner(platform: str) -> None:
    """Delivered elsewhere, sent back, three times the same: all of a life long gone."""
    then = UPLOADED - 31 * DAY
    former = [picked_up(then - 2 * DAY, location=HANGZHOU)]
    former += [record("hub", then - n * HOUR, location=HANGZHOU) for n in (30, 29, 28)]
    former += [record("arrived_dest_city", then - DAY, location=HANGZHOU)]
    former += [record("returning", then, location=HANGZHOU, recipient=BORIS)]
    story = [*former, order(platform=platform), upload("1"), *travels()]
    assert judge(story, LATER).newest == {}


@pytest.mark.parametrize(("gap", "early"), [(30 * DAY, True), (30 * DAY + US, False)])
def test_trap_06_picked_up_before_paid_is_of_this_life_only(gap: timedelta, early: bool) -> None:
    """A scan that lies at most 30 days before the upload belongs to it, an older one does not."""
    story = [order(), upload("1"), picked_up(UPLOADED - gap), *travels()]
    assert bool(judge(story, LATER).of("tracked_before_paid")) is early


@pytest.mark.parametrize(("gap", "fires"), [(30 * DAY, True), (30 * DAY + US, False)])
def test_trap_06_the_window_ends_at_day_thirty(gap: timedelta, fires: bool) -> None:
    """Thirty days to the microsecond is reuse, one more is a new life."""
    story = [order("1"), upload("1"), order("2", recipient=BORIS), upload("2", UPLOADED + gap)]
    assert bool(judge(story, PAID + 60 * DAY).of(DUPLICATE)) is fires


# ---- 7 redelivered records


def test_trap_07_a_redelivered_upload_never_accuses_itself() -> None:
    """The record that claimed a number comes again, with other unknown fields, hours later."""
    first = upload("1")
    again = [arriving({**first, "source": "replay"}, UPLOADED + n * HOUR) for n in range(1, 20)]
    once = judge([order(), first, *travels()], LATER)
    assert judge([order(), first, *again, *travels()], LATER).log == once.log == []


def test_trap_07_the_whole_history_every_time() -> None:
    """Some sources send all checkpoints with each new one, newest first."""
    track = travels()
    pushed = [
        arriving(checkpoint, datetime.fromisoformat(track[last]["occurred_at"]) + MINUTE)
        for last in range(len(track))
        for checkpoint in reversed(track[: last + 1])
    ]
    assert judge([order(), upload("1"), *pushed], LATER).newest == {}


def test_trap_07_a_repeated_message_is_no_repeated_track() -> None:
    """One checkpoint delivered ten times is one; the same words at ten times are ten."""
    hub = record("hub", PICKED + 5 * HOUR, location=GUANGZHOU, description="已到达广州中转部")
    again = [arriving({**hub, "source": f"feed-{n}"}, PICKED + n * HOUR) for n in range(6, 16)]
    story = [order(), upload("1"), *travels()]
    assert judge([*story, hub, *again], LATER).newest == {}
    coded = [{**hub, "raw_status": str(n)} for n in range(10)]
    assert judge([*story, hub, *coded], LATER).newest == {}, "ten facts, but of one time"
    moved = [{**hub, "occurred_at": (PICKED + n * HOUR).isoformat()} for n in range(6, 16)]
    assert judge([*story, hub, *moved], LATER).one("repeated_track")["state"] == "open"


@pytest.mark.parametrize("rule", TROUBLES)
def test_trap_07_everything_twice_says_it_once(rule: str) -> None:
    """A history that comes again, all of it, publishes nothing more."""
    story = TROUBLES[rule]("douyin")
    once = judge(story, LATER)
    end = PAID + 12 * DAY
    twice = judge([*story, *(arriving(message, end) for message in story)], LATER)
    assert once.of(rule)
    assert twice.log == once.log


# ---- 8 corrected, released, replaced


def test_trap_08_typed_on_the_wrong_order_then_corrected() -> None:
    """The number is taken off the wrong order and put on the right one: nothing stands."""
    story = [order("1"), order("2", recipient=BORIS), upload("2", UPLOADED)]
    story += [release("2", UPLOADED + 10 * MINUTE), upload("1", UPLOADED + 11 * MINUTE)]
    story += [*travels(), upload("2", UPLOADED + 12 * MINUTE, number="B0000001")]
    story += travels("B0000001", location=HANGZHOU)[:2]
    story += [record("delivered", PICKED + 20 * HOUR, "B0000001", location=HANGZHOU)]
    assert judge(story, LATER).newest == {}


def test_trap_08_corrected_after_the_right_order_had_it() -> None:
    """Wrongly on a second order for a while: its warnings go with the correction."""
    story = [order("1"), order("2", recipient=BORIS), upload("1"), upload("2", UPLOADED + HOUR)]
    story += [release("2", UPLOADED + 2 * HOUR), *travels()]
    outcome = judge(story, LATER)
    assert outcome.of(DUPLICATE) == []
    assert outcome.of("address_mismatch") == [], "the wrong order is not the parcel's any more"


def test_trap_08_refunded_then_used_again() -> None:
    """Released by a refund before the next order gets it: free to use."""
    story = [order("1", recipient=BORIS), upload("1")]
    story += [order("1", recipient=BORIS, updated_at=UPLOADED + HOUR, state="closed")]
    story += [release("1", UPLOADED + HOUR)]
    story += [order("2"), upload("2", UPLOADED + 2 * HOUR), *travels()]
    assert judge(story, LATER).newest == {}


def test_trap_08_a_mistyped_number_put_right_late_is_no_reshipment() -> None:
    """The wrong number is released before the right one is uploaded: one shipment, late."""
    late = PROMISE + HOUR
    story = [order(), upload("1", number="A0000001"), release("1", late, "A0000001")]
    story += [upload("1", late + US), *travels(since=late + HOUR)]
    assert judge(story, LATER).of("reshipped_while_late") == []


def test_trap_08_a_lost_parcel_sent_again_is_no_reshipment_while_late() -> None:
    """The first parcel had left in time and got lost: sending another one is kind, not late."""
    story = [order(), upload("1", number="A0000001"), picked_up(PICKED, "A0000001")]
    story += [upload("1", PROMISE + 5 * DAY), *travels(since=PROMISE + 5 * DAY + HOUR)]
    outcome = judge(story, PAID + 30 * DAY)
    assert outcome.of("reshipped_while_late") == []
    assert outcome.one("inactive_after_pickup")["tracking_number"] == "A0000001"


def test_trap_08_a_gift_to_another_address_is_said() -> None:
    """A real second use is still found: that is what the rule is for."""
    story = [order("1"), upload("1"), order("2", recipient=BORIS), upload("2", UPLOADED + HOUR)]
    outcome = judge([*story, *travels()], LATER)
    assert outcome.one(DUPLICATE)["order_ids"] == ["2"]
    assert outcome.one("address_mismatch")["order_ids"] == ["2"]


def test_trap_08_a_gift_that_the_order_knows_of_is_fine() -> None:
    """Bought by one, sent to another: the order's recipient is who gets it, as on the waybill."""
    waybill = record("unknown", PICKED, recipient=ANNA)
    assert judge([order(), upload("1"), waybill, *travels()], LATER).newest == {}


# ---- 19 placeholder numbers


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("number", ["000000", "00000000", "123456", "12345678901", "TEST4830", "x"])
def test_trap_19_a_placeholder_is_no_number(number: str, platform: str) -> None:
    """Zeros, a run of digits, a test: said at once, without waiting for any scan."""
    outcome = judge([order(platform=platform), upload("1", number=number)], UPLOADED)
    assert outcome.one("malformed_tracking_number")["tracking_number"] == number.upper()


def test_trap_19_a_placeholder_accuses_but_does_not_explode() -> None:
    """A number typed into many orders: one warning an order after the first, one of the number."""
    people = [{**HANGZHOU, "address_key": f"a{n}"} for n in range(60)]
    story = [order(str(n), recipient=person) for n, person in enumerate(people)]
    story += [upload(str(n), UPLOADED + n * MINUTE, number="00000000") for n in range(60)]
    outcome = judge(story, PAID + 4 * HOUR)
    assert len(outcome.of(DUPLICATE)) == 59
    assert len(outcome.of("malformed_tracking_number")) == 1
    said = [entry for entry in outcome.log if entry.finding.rule == DUPLICATE]
    assert len(said) == 59, "each is said once, however many follow"


def test_trap_19_a_placeholder_is_corrected() -> None:
    """The number is released: its warning ends there."""
    story = [order(), upload("1", number="00000000")]
    story += [release("1", UPLOADED + HOUR, "00000000"), upload("1", UPLOADED + HOUR), *travels()]
    warning = judge(story, LATER).one("malformed_tracking_number")
    assert times(warning)["resolved_at"] == UPLOADED + HOUR
    assert judge(story, LATER).of(PICKUP) == []
