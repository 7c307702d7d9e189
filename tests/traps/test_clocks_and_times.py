"""Traps 13, 14, 15, 17 and 18: payments in two parts, late scans, times that are none, waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from support.builders import (
    CHINA,
    DAY,
    HANGZHOU,
    HOUR,
    LATER,
    MINUTE,
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
    times,
    upload,
)
from support.stories import TROUBLES
from support.troubles import travels

from streams.decode import Bad, decode_order, decode_tracking

SHIP = "ship_overdue"
PICKUP = "pickup_overdue"
INACTIVE = "inactive_after_pickup"
STALLED = "transit_stalled"
EARLY = "tracked_before_paid"
PLATFORMS = ("douyin", "tmall", "brief")
FINAL = PAID + 6 * DAY


# ---- 13 deposit presale


def presale(platform: str, **fields: object) -> Message:
    """An order with a deposit paid."""
    return order(presale="deposit", platform=platform, promised_ship_by=None, **fields)


def paid_up(platform: str) -> Message:
    """The same with its final payment."""
    return presale(platform, updated_at=FINAL, final_paid_at=FINAL)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_trap_13_deposit_presale(platform: str) -> None:
    """Sent with the final payment is no offence; without it no ship-by clock runs."""
    deposit = presale(platform)
    assert judge([deposit], LATER).newest == {}
    since = FINAL - 4 * MINUTE
    story = [deposit, upload("1", FINAL - 2 * HOUR), *travels(since=since), paid_up(platform)]
    assert judge(story, LATER).newest == {}
    warning = judge([deposit, paid_up(platform)], LATER).one(SHIP)
    assert times(warning)["deadline"] == FINAL + 48 * HOUR


@pytest.mark.parametrize(("platform", "fires"), [("douyin", True), ("tmall", False)])
def test_trap_13_sent_between_deposit_and_final_payment(platform: str, fires: bool) -> None:
    """Which payment counts is the platform's: on Tmall a pickup after the deposit is fine."""
    story = [presale(platform), upload("1", FINAL - 2 * DAY), *travels(since=FINAL - DAY)]
    assert judge(story, LATER).of(EARLY) == [], "nothing is early before the payment is known"
    outcome = judge([*story, paid_up(platform)], LATER)
    assert bool(outcome.of(EARLY)) is fires


# ---- 14 late and out-of-order scans


def test_trap_14_back_filled_scans_withdraw() -> None:
    """Every scan comes days late: what was said meanwhile is taken back, all of it."""
    late = [arriving(message, PAID + 9 * DAY) for message in reversed(travels())]
    outcome = judge([order(), upload("1"), *late], LATER)
    assert {value["state"] for value in outcome.newest.values()} == {"withdrawn"}
    assert {value["rule"] for value in outcome.newest.values()} == {SHIP, PICKUP}


def test_trap_14_the_newest_scan_counts_not_the_last_to_arrive() -> None:
    """A hub that arrives before its pickup satisfies it as well."""
    hub = arriving(record("hub", PICKED + HOUR), PICKED + HOUR)
    pickup = arriving(picked_up(), PICKED + 10 * HOUR)
    assert judge([order(), upload("1"), hub, pickup], LATER).of(INACTIVE) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_trap_14_a_back_filled_node_withdraws_a_stall(platform: str) -> None:
    """The parcel stood still for four days as far as anybody knew; then its hubs are told."""
    story = [order(platform=platform), upload("1"), *travels()[:2]]
    story += [record("out_for_delivery", PICKED + 95 * HOUR), record("delivered", PICKED + 4 * DAY)]
    between = [record("hub", PICKED + n * HOUR) for n in (30, 60)]
    assert judge(story, LATER).one(STALLED)["breached_at"] is not None
    told = [arriving(message, PICKED + 5 * DAY) for message in reversed(between)]
    assert judge([*story, *told], LATER).of(STALLED) == []


def test_trap_14_a_stall_is_one_clock_a_node() -> None:
    """Back-filled, the node between two stretches splits them: the later one stands by itself."""
    story = [order(), upload("1"), *travels()[:2]]
    told = arriving(record("hub", PICKED + 30 * HOUR), PICKED + 5 * DAY)
    outcome = judge([*story, told], LATER)
    assert times(outcome.one(STALLED))["deadline"] == PICKED + (30 + 48) * HOUR
    assert len(outcome.withdrawn(STALLED)) == 1


def test_trap_14_a_delivery_told_late_withdraws_a_recall() -> None:
    """Delivered first, cancelled afterwards by a clerk: nothing was recalled."""
    story = [order(), upload("1"), *travels()[:3]]
    clerk = record("cancelled", PICKED + 60 * HOUR)
    told = arriving(travels()[-1], PICKED + 70 * HOUR)
    outcome = judge([*story, clerk, told], LATER)
    assert [one["state"] for one in outcome.withdrawn("recalled")] == ["withdrawn"]


def test_trap_14_an_earlier_payment_told_late_withdraws() -> None:
    """The order was paid earlier than first said: its parcel was not early."""
    story = [order(), upload("1"), *travels(since=PAID - HOUR)]
    told = arriving(order(paid=PAID - 2 * HOUR, updated_at=PAID + DAY), PAID + DAY)
    outcome = judge([*story, told], LATER)
    assert len(outcome.withdrawn(EARLY)) == 1
    assert outcome.of(EARLY) == []


@pytest.mark.parametrize("rule", TROUBLES)
def test_trap_14_disorder_changes_nothing_that_stands(rule: str) -> None:
    """All of a history at once, last scan first: the same warnings as told in order."""
    story = TROUBLES[rule]("douyin")
    end = PAID + 12 * DAY
    told = [arriving(message, end) for message in reversed(story)]
    assert standing_ids(told) == standing_ids(story)


def standing_ids(story: list[Message]) -> dict[str, str]:
    """The warnings that stand in the end, and their states."""
    newest = judge(story, LATER).newest
    return {key: one["state"] for key, one in newest.items() if one["state"] != "withdrawn"}


# ---- 15 times


def test_trap_15_naive_times_are_refused() -> None:
    """A time without an offset could be Beijing's or anybody's."""
    raw = b'{"order_id":"1","shop_id":"s","platform":"douyin","paid_at":"2026-11-20T10:00:00"}'
    verdict = decode_order(raw, None, 1 << 62, 0)
    assert isinstance(verdict, Bad)
    assert verdict.reason == "naive_time"


@pytest.mark.parametrize(
    "at", ["0", "1795140000", '"1970-01-01T00:00:00Z"', '"2000-01-01T00:00:00+08:00"']
)
def test_trap_15_sentinels_and_bare_numbers_are_no_times(at: str) -> None:
    """0, seconds, milliseconds and 946656000000 name no moment in a required field."""
    raw = f'{{"carrier":"zto","tracking_number":"{NUMBER}","status":"hub","occurred_at":{at}}}'
    verdict = decode_tracking(raw.encode(), 1 << 62)
    assert isinstance(verdict, Bad)
    assert verdict.reason in ("wrong_type", "implausible_time")


@pytest.mark.parametrize("sentinel", ["1970-01-01T08:00:00+08:00", "2000-01-01T00:00:00+08:00"])
def test_trap_15_a_sentinel_promise_is_no_promise(sentinel: str) -> None:
    """In an optional field it is as if it were not there: the default of 48 h."""
    value = {**order(), "promised_ship_by": sentinel, "final_paid_at": sentinel}
    assert times(judge([value], LATER).one(SHIP))["deadline"] == PAID + 48 * HOUR


def test_trap_15_end_of_day_in_beijing() -> None:
    """A promise of 23:59:59 Beijing time means that instant, in whatever offset it is spelt."""
    end = datetime(2026, 11, 21, 23, 59, 59, tzinfo=CHINA)
    for zone in (CHINA, UTC, timezone(-timedelta(hours=5))):
        warning = judge([order(promised_ship_by=end.astimezone(zone))], LATER).one(SHIP)
        assert times(warning)["breached_at"] == end


def test_trap_15_one_instant_in_two_spellings_is_one_fact() -> None:
    """A checkpoint in UTC and in Beijing time is the same checkpoint, for repeats as well."""
    story = [order(), upload("1"), upload("1", UPLOADED.astimezone(UTC)), picked_up()]
    story += [picked_up(PICKED.astimezone(zone)) for zone in (UTC, timezone(timedelta(hours=9)))]
    story += [record("hub", PICKED + 30 * HOUR), record("delivered", PICKED + 40 * HOUR)]
    outcome = judge(story, LATER)
    assert len(outcome.of(INACTIVE, "violation")) == 1
    assert outcome.of("repeated_track") == []


# ---- 17 clock skew


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("skew", "quiet"), [(MINUTE, True), (5 * MINUTE, True), (5 * MINUTE + US, False)]
)
def test_trap_17_clock_skew_between_payment_and_pickup(
    skew: timedelta, quiet: bool, platform: str
) -> None:
    """A pickup a few minutes before the payment is this order's pickup, and no early one."""
    story = [order(platform=platform), upload("1", PAID + MINUTE), *travels(since=PAID - skew)]
    outcome = judge([*story[:2], story[2]], LATER)
    assert (outcome.of(SHIP) == []) is quiet
    assert (judge(story, LATER).of(EARLY) == []) is quiet


# ---- 18 waiting in a locker


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("status", ["out_for_delivery", "ready_for_pickup"])
def test_trap_18_waiting_in_a_locker_is_no_stall(status: str, platform: str) -> None:
    """Ten days in a locker: the buyer's affair. No silence, no stall, no second pickup."""
    story = [order(platform=platform), upload("1"), *travels()[:3]]
    story += [record(status, PICKED + 40 * HOUR)]
    assert judge(story, LATER).newest == {}
    story += [record("delivered", PICKED + 11 * DAY)]
    assert judge(story, PAID + 25 * DAY).newest == {}


def test_trap_18_a_locker_straight_after_the_pickup() -> None:
    """Same-city parcels skip the hub: the locker ends the silence after the pickup."""
    story = [order(), upload("1"), picked_up(), record("ready_for_pickup", PICKED + 3 * HOUR)]
    assert judge(story, LATER).newest == {}


def test_trap_18_fetched_late_and_scanned_again_is_no_stall() -> None:
    """Reminders while it waits are no nodes of the chain."""
    story = [order(), upload("1"), *travels()[:3], record("ready_for_pickup", PICKED + 40 * HOUR)]
    story += [record("hub", PICKED + n * DAY, location=HANGZHOU) for n in (5, 10)]
    assert judge(story, LATER).of(STALLED) == []
