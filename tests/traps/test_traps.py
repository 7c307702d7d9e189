"""What shipping data does that makes a naive rule accuse the innocent: a test for each trap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from support.builders import (
    ANNA,
    BORIS,
    CHINA,
    DAY,
    HANGZHOU,
    HOUR,
    LATER,
    MINUTE,
    NUMBER,
    PAID,
    PICKED,
    PROMISE,
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

from streams.decode import Bad, decode_order, decode_tracking

DUPLICATE = "duplicate_tracking_number"
SHIP = "ship_overdue"
PICKUP = "pickup_overdue"
INACTIVE = "inactive_after_pickup"


def shipped(number: str = NUMBER, since: datetime = PICKED) -> list[Message]:
    """A parcel that travels as it should."""
    return [
        picked_up(since, number),
        record("hub", since + 5 * HOUR, number),
        record("out_for_delivery", since + 40 * HOUR, number),
        record("delivered", since + 44 * HOUR, number),
    ]


# ---- 1 combined parcel


@pytest.mark.parametrize("apart", [0 * US, HOUR, 9 * HOUR])
def test_trap_01_combined_parcel(apart: timedelta) -> None:
    """Several orders of one recipient share a number, uploaded at once or one by one: quiet."""
    story = [order("1"), order("2"), order("3")]
    story += [upload(["1", "2"]), upload("3", UPLOADED + apart), *shipped()]
    assert judge(story, LATER).newest == {}


def test_trap_01_a_combined_parcel_that_stands_still_is_one_warning() -> None:
    """One parcel, one warning, all its orders named."""
    story = [order("2"), order("1"), upload(["2", "1"]), picked_up()]
    assert judge(story, LATER).one(INACTIVE)["order_ids"] == ["1", "2"]


# ---- 2 masked personal data


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
@pytest.mark.parametrize(
    "masked",
    [
        None,
        {},
        {"province": None, "city": None},
        {"address_key": "", "person_key": ""},
        {"province": "***", "city": "#Ej9x…##"},
        {"province": "广东省"},
    ],
)
def test_trap_02_unknown_is_not_different(platform: str, masked: Message | None) -> None:
    """What is masked, encrypted or absent on one side or both accuses nobody."""
    for one, other in ((masked, ANNA), (ANNA, masked), (masked, masked)):
        story = [order("1", recipient=one, platform=platform), upload("1"), *shipped()]
        story += [order("2", recipient=other, platform=platform), upload("2", UPLOADED + HOUR)]
        assert judge(story, LATER).newest == {}


# ---- 3 split parcels


def test_trap_03_split_parcels_are_all_watched() -> None:
    """One order, two numbers: the one that stands still is found, though the other travels."""
    story = [order(), upload("1", number="A0000001"), upload("1", number="A0000002")]
    story += [*shipped("A0000001"), picked_up(PICKED, "A0000002")]
    outcome = judge(story, LATER)
    assert outcome.one(INACTIVE)["tracking_number"] == "A0000002"
    assert outcome.of(SHIP) == []


# ---- 4 mother and child waybills


def test_trap_04_mother_and_child_waybills_are_parcels_of_their_own() -> None:
    """A suffix makes another number: a child is no duplicate of its mother, nor its pickup hers."""
    story = [order("1"), order("2", recipient=BORIS)]
    story += [upload("1", number="JD0012345678-1-2"), upload("2", number="JD0012345678-2-2")]
    story += [upload("2", UPLOADED + HOUR, number="JD0012345678"), *shipped("JD0012345678-1-2")]
    outcome = judge(story, LATER)
    assert outcome.of(DUPLICATE) == []
    overdue = {warning["tracking_number"] for warning in outcome.of(PICKUP, "violation")}
    assert overdue == {"JD0012345678-2-2", "JD0012345678"}


# ---- 5 same digits, different carriers


def test_trap_05_same_digits_of_another_carrier() -> None:
    """Two carriers may use the same digits: two parcels."""
    story = [order("1"), order("2", recipient=BORIS)]
    story += [upload("1"), upload("2", UPLOADED + HOUR, carrier="yto"), *shipped()]
    outcome = judge(story, LATER)
    assert outcome.of(DUPLICATE) == []
    assert {warning["carrier"] for warning in outcome.of(PICKUP)} == {"yto"}


def test_trap_05_one_number_in_many_spellings() -> None:
    """Full width, lower case, blanks: one number; carrier likewise."""
    story = [order("1"), order("2", recipient=BORIS), upload("1", number="yt0012345678")]
    again = upload("2", UPLOADED + HOUR, number=" ＹＴ00 1234\t5678　")
    again["carrier"] = " ZTO "
    assert judge([*story, again], LATER).one(DUPLICATE)["tracking_number"] == "YT0012345678"


# ---- 6 recycled number


def test_trap_06_a_former_life_is_no_duplicate_and_no_shipment() -> None:
    """A number that comes back after more than 30 days: old scans and old owners are history."""
    long_ago = PAID - 60 * DAY
    former = [
        order("0", long_ago, recipient=BORIS),
        upload("0", long_ago),
        *shipped(NUMBER, long_ago),
    ]
    outcome = judge([*former, order("1"), upload("1")], LATER)
    assert outcome.of(DUPLICATE) == []
    assert outcome.one(SHIP)["state"] == "breached", "old scans ship nothing"
    assert times(outcome.one(PICKUP))["deadline"] == UPLOADED + DAY


@pytest.mark.parametrize(("gap", "fires"), [(30 * DAY, True), (30 * DAY + US, False)])
def test_trap_06_the_window_ends_at_day_thirty(gap: timedelta, fires: bool) -> None:
    """Thirty days to the microsecond is reuse, one more is a new life."""
    story = [order("1"), upload("1"), order("2", recipient=BORIS), upload("2", UPLOADED + gap)]
    assert bool(judge(story, PAID + 60 * DAY).of(DUPLICATE)) is fires


# ---- 7 redelivered records


def test_trap_07_a_redelivered_upload_never_accuses_itself() -> None:
    """The record that claimed a number comes again, with other unknown fields, months of times."""
    first = upload("1")
    again = [arriving({**first, "source": "replay"}, UPLOADED + n * HOUR) for n in range(1, 20)]
    once = judge([order(), first, *shipped()], LATER)
    assert judge([order(), first, *again, *shipped()], LATER).log == once.log == []


def test_trap_07_the_whole_history_every_time() -> None:
    """Some sources send all checkpoints with each new one, newest first."""
    track = shipped()
    pushed = [
        arriving(checkpoint, datetime.fromisoformat(track[last]["occurred_at"]) + MINUTE)
        for last in range(len(track))
        for checkpoint in reversed(track[: last + 1])
    ]
    assert judge([order(), upload("1"), *pushed], LATER).newest == {}


# ---- 8 corrected, released, replaced


def test_trap_08_typed_on_the_wrong_order_then_corrected() -> None:
    """The number is taken off the wrong order and put on the right one: nothing stands."""
    story = [order("1"), order("2", recipient=BORIS), upload("2", UPLOADED)]
    story += [release("2", UPLOADED + 10 * MINUTE), upload("1", UPLOADED + 11 * MINUTE), *shipped()]
    story += [
        upload("2", UPLOADED + 12 * MINUTE, number="B0000001"),
        *shipped("B0000001"),
    ]
    assert judge(story, LATER).newest == {}


def test_trap_08_corrected_after_the_right_order_had_it() -> None:
    """Wrongly on a second order for a while: the warning ends with the correction."""
    story = [order("1"), order("2", recipient=BORIS), upload("1"), upload("2", UPLOADED + HOUR)]
    story += [release("2", UPLOADED + 2 * HOUR), *shipped()]
    assert judge(story, LATER).of(DUPLICATE) == []


def test_trap_08_refunded_then_used_again() -> None:
    """Released by a refund before the next order gets it: free to use."""
    story = [order("1"), upload("1"), order("1", updated_at=UPLOADED + HOUR, state="closed")]
    story += [release("1", UPLOADED + HOUR)]
    story += [order("2", recipient=BORIS), upload("2", UPLOADED + 2 * HOUR), *shipped()]
    assert judge(story, LATER).newest == {}


def test_trap_08_a_gift_to_another_address_is_said() -> None:
    """A real second use is still found: that is what the rule is for."""
    story = [order("1"), upload("1"), order("2", recipient=BORIS), upload("2", UPLOADED + HOUR)]
    assert judge([*story, *shipped()], LATER).one(DUPLICATE)["order_ids"] == ["2"]


# ---- 9 return leg (the address checks are other rules; here: the clocks stop)


def test_trap_09_on_its_way_back_nothing_is_overdue() -> None:
    """Returning stops the parcel's clocks."""
    story = [order(), upload("1"), picked_up(), record("returning", PICKED + HOUR)]
    assert judge(story, LATER).newest == {}


# ---- 10 no tracking


@pytest.mark.parametrize("method", ["self_delivery", "self_pickup", "virtual"])
def test_trap_10_orders_without_a_carrier_are_not_judged(method: str) -> None:
    """Neither the order, nor a parcel typed in for it, nor a reuse of its number."""
    story = [order("1", delivery_method=method), upload("1"), picked_up()]
    assert judge(story, LATER).newest == {}
    story += [
        order("2", recipient=BORIS),
        upload("2", UPLOADED + HOUR),
        record("hub", PICKED + HOUR),
    ]
    assert judge(story, LATER).newest == {}


def test_trap_10_known_only_later() -> None:
    """A method that becomes known later withdraws what was said before."""
    story = [order(), upload("1"), order(updated_at=PAID + 5 * DAY, delivery_method="self_pickup")]
    outcome = judge(story, LATER)
    assert {value["state"] for value in outcome.newest.values()} == {"withdrawn"}
    assert outcome.newest


# ---- 13 deposit presale


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
def test_trap_13_deposit_presale(platform: str) -> None:
    """Sent before the final payment is no offence; without it no ship-by clock runs."""
    final = PAID + 6 * DAY
    deposit = order(presale="deposit", platform=platform, promised_ship_by=None)
    paid = order(
        presale="deposit",
        platform=platform,
        promised_ship_by=None,
        updated_at=final,
        final_paid_at=final,
    )
    assert judge([deposit], LATER).newest == {}
    story = [deposit, upload("1", final - 2 * HOUR), *shipped(NUMBER, final - 4 * MINUTE), paid]
    assert judge(story, LATER).newest == {}
    warning = judge([deposit, paid], LATER).one(SHIP)
    assert times(warning)["deadline"] == final + 48 * HOUR


# ---- 14 late and out-of-order scans


def test_trap_14_back_filled_scans_withdraw() -> None:
    """Every scan comes days late: what was said meanwhile is taken back, all of it."""
    late = [arriving(message, PAID + 9 * DAY) for message in reversed(shipped())]
    outcome = judge([order(), upload("1"), *late], LATER)
    assert {value["state"] for value in outcome.newest.values()} == {"withdrawn"}
    assert {value["rule"] for value in outcome.newest.values()} == {SHIP, PICKUP}


def test_trap_14_the_newest_scan_counts_not_the_last_to_arrive() -> None:
    """A hub that arrives before its pickup satisfies it as well."""
    hub = arriving(record("hub", PICKED + HOUR), PICKED + HOUR)
    pickup = arriving(picked_up(), PICKED + 10 * HOUR)
    assert judge([order(), upload("1"), hub, pickup], LATER).newest == {}


# ---- 15 times


def test_trap_15_naive_times_are_refused() -> None:
    """A time without an offset could be Beijing's or anybody's."""
    verdict = decode_order(b'{"order_id":"1","shop_id":"s","platform":"douyin","paid_at":"2026-11-20T10:00:00"}', None, 1 << 62, 0)  # fmt: skip  # noqa: E501
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
    """A checkpoint in UTC and in Beijing time is the same checkpoint."""
    story = [order(), upload("1"), upload("1", UPLOADED.astimezone(UTC)), picked_up()]
    story += [picked_up(PICKED.astimezone(UTC)), record("hub", PICKED + 30 * HOUR)]
    assert len(judge(story, LATER).of(INACTIVE, "violation")) == 1


# ---- 17 clock skew


@pytest.mark.parametrize(
    ("skew", "quiet"), [(MINUTE, True), (5 * MINUTE, True), (5 * MINUTE + US, False)]
)
def test_trap_17_clock_skew_between_payment_and_pickup(skew: timedelta, quiet: bool) -> None:
    """A pickup a few minutes before the payment is this order's pickup."""
    story = [order(), upload("1", PAID + MINUTE), picked_up(PAID - skew)]
    assert (judge(story, LATER).of(SHIP) == []) is quiet


# ---- 18 waiting in a locker


def test_trap_18_waiting_in_a_locker_is_no_silence() -> None:
    """Once at the locker no clock of the track runs on, for as long as it waits."""
    story = [order(), upload("1"), picked_up(), record("ready_for_pickup", PICKED + 10 * HOUR)]
    assert judge(story, PAID + 30 * DAY).newest == {}


# ---- 19 placeholders


def test_trap_19_a_placeholder_accuses_but_does_not_explode() -> None:
    """A number typed into many orders: one warning an order after the first, and no more."""
    people = [{**HANGZHOU, "address_key": f"a{n}"} for n in range(60)]
    story = [order(str(n), recipient=person) for n, person in enumerate(people)]
    story += [upload(str(n), UPLOADED + n * MINUTE, number="00000000") for n in range(60)]
    outcome = judge(story, PAID + 4 * HOUR)
    assert len(outcome.of(DUPLICATE)) == 59
    assert len(outcome.log) == 59, "each is said once, however many follow"


# ---- 20 state growth: tests/core/test_ends.py


# ---- 21 the buyer moved


def test_trap_21_a_changed_address_accuses_nobody() -> None:
    """The recipient as it was at the upload counts, before and after the change."""
    together = [order("1"), order("2"), upload("1"), upload("2", UPLOADED + HOUR), *shipped()]
    moved = order("2", recipient=BORIS, updated_at=UPLOADED + 2 * HOUR)
    assert judge([*together, moved], LATER).newest == {}
    first = order("2", recipient=BORIS, updated_at=UPLOADED + HOUR)
    outcome = judge([*together, first], LATER)
    assert outcome.one(DUPLICATE)["order_ids"] == ["2"], "changed at the upload: it was known then"


# ---- 22 refunded or closed


def test_trap_22_closing_stops_clocks_and_closes_warnings() -> None:
    """Clocks stop at the closing; what was open is resolved, what was breached stays so."""
    closed = PROMISE + DAY
    story = [order("1"), order("2", recipient=BORIS), upload(["1", "2"])]
    story += [order(o, updated_at=closed, state="closed") for o in ("1", "2")]
    outcome = judge(story, LATER)
    standing = [value for value in outcome.newest.values() if value["state"] != "withdrawn"]
    assert {value["state"] for value in standing} == {"resolved"}
    assert {value["rule"] for value in standing} == {SHIP, PICKUP, DUPLICATE}
    assert {times(value)["resolved_at"] for value in standing} == {closed}


def test_trap_22_a_closing_known_late_counts_from_its_own_time() -> None:
    """Closed in time, told late: nothing should have been said."""
    closing = arriving(order(updated_at=PAID + HOUR, state="closed"), PAID + 9 * DAY)
    outcome = judge([order(), upload("1"), closing], LATER)
    assert {value["state"] for value in outcome.newest.values()} == {"withdrawn"}


# ---- 23 and 24 belong to the sources and to the feed; here: a silent feed speaks up late


def test_trap_24_a_feed_that_was_silent_takes_its_warnings_back() -> None:
    """Many parcels, all scans of a day late: warnings while it is silent, none left afterwards."""
    numbers = [f"A{n:07}" for n in range(20)]
    story = [order(number) for number in numbers]
    story += [upload(number, UPLOADED, number) for number in numbers]
    story += [picked_up(PICKED, number) for number in numbers]
    story += [
        arriving(record("hub", PICKED + HOUR, number), PICKED + 30 * HOUR) for number in numbers
    ]
    outcome = judge(story, LATER)
    assert outcome.of(INACTIVE) == []
    assert len(outcome.withdrawn(INACTIVE)) == 40
