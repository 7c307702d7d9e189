"""`reshipped_while_late`: a further number was uploaded for an order that was late."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    MINUTE,
    PAID,
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
from support.parcels import proofs_of
from support.troubles import OTHER_NUMBER, travels

RULE = "reshipped_while_late"
FIRST, SECOND = "78000000000001", "78000000000002"
AGAIN = PROMISE + 3 * HOUR


def story(platform: str, **fields: Any) -> list[Message]:
    """A second number on top of one that never moved, when the promise had passed."""
    late = PROMISE + 3 * HOUR
    story = [order(platform=platform, **fields)]
    story += [upload("1", UPLOADED, OTHER_NUMBER, platform=platform)]
    return [*story, upload("1", late, platform=platform), *travels(since=late + HOUR)]


def start(again: datetime = AGAIN, **fields: Any) -> list[Message]:
    """One number in time, and a second at `again`."""
    return [order(**fields), upload("1", number=FIRST), upload("1", again, number=SECOND)]


STORY = start()


def test_fires_for_the_second_number() -> None:
    """Open from its upload; the warning names order, carrier and the further number."""
    warning = judge(STORY, LATER).one(RULE)
    assert (warning["state"], warning["severity"]) == ("open", "critical")
    assert warning["order_ids"] == ["1"]
    assert (warning["carrier"], warning["tracking_number"]) == ("zto", SECOND)
    assert times(warning) == {
        "opened_at": AGAIN,
        "deadline": None,
        "breached_at": None,
        "resolved_at": None,
    }


def test_stays_quiet_for_one_number() -> None:
    """Uploaded late, or again and again: one number is no further one."""
    late = upload("1", AGAIN, number=FIRST)
    assert judge([order(), late], LATER).states(RULE) == []
    assert judge([order(), late, upload("1", AGAIN + HOUR, number=FIRST)], LATER).of(RULE) == []


@pytest.mark.parametrize(("again", "fires"), [(PROMISE, False), (PROMISE + US, True)])
def test_late_is_after_the_promise(again: datetime, fires: bool) -> None:
    """At the promise it is in time, a microsecond later it is late."""
    assert bool(judge(start(again), LATER).of(RULE)) is fires


@pytest.mark.parametrize(("again", "fires"), [(PROMISE, False), (PROMISE + US, True)])
def test_an_order_without_a_promise_has_48_hours(again: datetime, fires: bool) -> None:
    """As for `ship_overdue`, after the base."""
    assert bool(judge(start(again, promised_ship_by=None), LATER).of(RULE)) is fires


def test_a_promise_before_the_payment_counts() -> None:
    """It starts no clock, but whoever uploads after it uploads late."""
    again = UPLOADED + HOUR
    outcome = judge(start(again, promised_ship_by=PAID - HOUR), LATER)
    assert outcome.of("ship_overdue") == []
    # Late from the start: the first number is a first one, the second a further one.
    assert outcome.one(RULE)["tracking_number"] == SECOND


def test_a_further_number_is_another_carriers_too() -> None:
    """The same digits with another carrier are another parcel."""
    again = upload("1", AGAIN, number=FIRST, carrier="yto")
    warning = judge([*STORY[:2], again], LATER).one(RULE)
    assert (warning["carrier"], warning["tracking_number"]) == ("yto", FIRST)


def test_a_recycled_number_is_no_further_one() -> None:
    """The same number again in another life of it: still the one number of the order."""
    again = upload("1", UPLOADED + 31 * DAY, number=FIRST)
    assert judge([*STORY[:2], again], LATER + 20 * DAY).of(RULE) == []
    second = upload("1", UPLOADED + 31 * DAY, number=SECOND)
    assert len(judge([*STORY[:2], second], LATER + 20 * DAY).of(RULE)) == 1


def test_numbers_of_one_moment_are_not_further() -> None:
    """Uploaded together they are one shipment in two parcels."""
    sent = [order(), upload("1", AGAIN, number=FIRST), upload("1", AGAIN, number=SECOND)]
    assert judge(sent, LATER).of(RULE) == []
    sent[1] = upload("1", AGAIN - US, number=FIRST)
    assert judge(sent, LATER).one(RULE)["tracking_number"] == SECOND


@pytest.mark.parametrize(("released", "fires"), [(AGAIN, False), (AGAIN + US, True)])
def test_a_corrected_number_is_no_further_one(released: datetime, fires: bool) -> None:
    """Released at the new upload or before it was replaced; released later both were there."""
    sent = [*STORY, release("1", released, number=FIRST)]
    assert bool(judge(sent, LATER).of(RULE)) is fires


@pytest.mark.parametrize(
    ("moved", "fires"),
    [
        (PAID - 5 * MINUTE - US, True),
        (PAID - 5 * MINUTE, False),
        (AGAIN - US, False),
        (AGAIN, True),
    ],
)
def test_progress_before_it_makes_it_no_risk(moved: datetime, fires: bool) -> None:
    """From the payment (less five minutes) to the new upload the order had moved; at it, not."""
    sent = [*STORY, record("hub", moved, FIRST)]
    assert bool(judge(sent, LATER).of(RULE)) is fires


def test_progress_on_a_released_number_counts() -> None:
    """It had moved on some number of the order, whatever became of that."""
    third = upload("1", UPLOADED + US, number="78000000000003")
    gone = [picked_up(UPLOADED + DAY, FIRST), release("1", UPLOADED + 2 * DAY, number=FIRST)]
    assert judge([*STORY, third], LATER).one(RULE)["state"] == "open"
    assert judge([*STORY, third, *gone], LATER).of(RULE) == []


def test_progress_on_the_further_number_does_not_count() -> None:
    """Its own track began before its upload: that is another order's, or another risk."""
    sent = [*STORY, picked_up(AGAIN - HOUR, SECOND)]
    assert judge(sent, LATER).one(RULE)["state"] == "open"


def test_an_exception_is_no_progress() -> None:
    """A record, but not on its way."""
    sent = [*STORY, record("exception", UPLOADED + DAY, FIRST)]
    assert judge(sent, LATER).one(RULE)["state"] == "open"


def test_every_further_number_has_its_own() -> None:
    """Three numbers: two warnings with two ids."""
    sent = [*STORY, upload("1", AGAIN + HOUR, number="78000000000003")]
    found = judge(sent, LATER).of(RULE)
    assert [value["tracking_number"] for value in found] == [SECOND, "78000000000003"]


def test_it_ends_with_the_release_or_the_closing() -> None:
    """Whichever comes first; at the upload itself it was never there."""
    released = release("1", AGAIN + HOUR, number=SECOND)
    warning = judge([*STORY, released], LATER).one(RULE)
    assert (warning["state"], times(warning)["resolved_at"]) == ("resolved", AGAIN + HOUR)
    closed = order(state="closed", updated_at=AGAIN + US)
    for sent in ([*STORY, closed], [*STORY, released, closed]):
        assert times(judge(sent, LATER).one(RULE))["resolved_at"] == AGAIN + US
    assert judge([*STORY, order(state="closed", updated_at=AGAIN)], LATER).of(RULE) == []
    assert judge([*STORY, release("1", AGAIN, number=SECOND)], LATER).of(RULE) == []


def test_a_parcel_that_is_another_orders_by_now_says_nothing() -> None:
    """Released from this order while linked to another: it is judged for that one alone."""
    other = [order("2"), upload("2", AGAIN, number=SECOND)]
    sent = [*STORY, *other, release("1", AGAIN + HOUR, number=SECOND)]
    assert judge(sent, LATER).of(RULE) == []
    outcome = judge([*sent, release("2", AGAIN + 2 * HOUR, number=SECOND)], LATER)
    assert outcome.of(RULE) == []
    together = [*STORY, *other, release(["1", "2"], AGAIN + HOUR, number=SECOND)]
    assert judge(together, LATER).one(RULE)["order_ids"] == ["1"]


def test_an_order_that_is_not_judged_hides_nothing() -> None:
    """A virtual order on the same number does not count as the one that it is linked to."""
    other = [order("2", delivery_method="virtual"), upload("2", AGAIN, number=SECOND)]
    sent = [*STORY, *other, release("1", AGAIN + HOUR, number=SECOND)]
    assert judge(sent, LATER).one(RULE)["state"] == "resolved"


def test_nothing_while_the_final_payment_is_unknown() -> None:
    """The base is unknown, so nobody can say whether the order had moved."""
    assert judge(start(presale="deposit"), LATER).of(RULE) == []
    paid = order(presale="deposit", final_paid_at=PAID + HOUR, updated_at=AGAIN)
    assert judge([*start(presale="deposit"), paid], LATER).one(RULE)["state"] == "open"


def test_stays_quiet_for_an_order_that_is_not_known() -> None:
    """Two numbers of an order that nobody has heard of; once it is known, there is a warning."""
    assert judge(STORY[1:], LATER).of(RULE) == []
    assert judge([*STORY[1:], arriving(order(), AGAIN + DAY)], LATER).one(RULE)["state"] == "open"


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, both uploads and a release in any order: one warning, one id."""
    messages = [*STORY, release("1", AGAIN + HOUR, number=FIRST)]
    wanted = judge(messages, LATER).one(RULE)
    for places in permutations(range(4)):
        sent = [
            arriving(message, AGAIN + (1 + place) * HOUR)
            for message, place in zip(messages, places, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_a_late_pickup_withdraws() -> None:
    """Known days later: the first parcel had been picked up in time."""
    late = arriving(picked_up(UPLOADED + HOUR, FIRST), AGAIN + DAY)
    outcome = judge([*STORY, late], LATER)
    assert outcome.of(RULE) == []
    assert outcome.states(RULE) == ["open", "withdrawn"]


def test_repeated_records_change_nothing() -> None:
    """The same history twice: the same revisions."""
    assert judge(STORY * 2, LATER).log == judge(STORY, LATER).log


@pytest.mark.parametrize("platform", ["tmall", "brief"])
def test_off_elsewhere(platform: str) -> None:
    """Only Douyin's text has it."""
    assert judge(start(platform=platform), LATER).of(RULE) == []


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel, order and the upload make the id."""
    text = f"{RULE}|violation|douyin|parcel:zto:{SECOND}:order:1|2026-11-22T05:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge(STORY, LATER).one(RULE)["warning_id"] == wanted


def test_evidence_names_the_order() -> None:
    """It is judged with the order, whose newest version says what was promised."""
    assert proofs_of(RULE, STORY, LATER) == [[("order-paid", 0, 100, "paid", PAID)]]
