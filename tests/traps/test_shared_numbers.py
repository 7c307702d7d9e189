"""Traps 1, 3, 4 and 5: one number for several orders, several numbers for one order, lookalikes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.builders import (
    ANNA,
    BORIS,
    DAY,
    HOUR,
    LATER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    judge,
    order,
    picked_up,
    record,
    upload,
)
from support.troubles import travels

PLATFORMS = ("douyin", "tmall", "brief")
MOTHER = "JD0012345678"


# ---- 1 combined parcel


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("apart", [0 * US, HOUR, 9 * HOUR])
def test_trap_01_combined_parcel(apart: timedelta, platform: str) -> None:
    """Several orders of one recipient share a number, uploaded at once or one by one: quiet."""
    story = [order(name, platform=platform) for name in "123"]
    story += [upload(["1", "2"]), upload("3", UPLOADED + apart), *travels()]
    assert judge(story, LATER).newest == {}


def test_trap_01_a_combined_parcel_that_stands_still_is_one_warning() -> None:
    """One parcel, one warning, all its orders named."""
    story = [order("2"), order("1"), upload(["2", "1"]), picked_up()]
    assert judge(story, LATER).one("inactive_after_pickup")["order_ids"] == ["1", "2"]


def test_trap_01_what_is_wrong_with_one_order_is_said_of_it_alone() -> None:
    """A combined parcel is recalled; one of its orders was refunded before: the other is named."""
    story = [order("1"), order("2"), upload(["1", "2"]), *travels()[:2]]
    story += [order("2", updated_at=PICKED + 6 * HOUR, state="closed")]
    outcome = judge([*story, record("returning", PICKED + 12 * HOUR)], LATER)
    assert outcome.one("recalled")["order_ids"] == ["1"]


def test_trap_01_parcels_that_travel_together_are_no_clones() -> None:
    """One buyer's two parcels in one van: equal tracks, one address, no warning."""
    story = [order("1"), order("2"), upload("1", number="A000481"), upload("2", number="A000482")]
    assert judge([*story, *travels("A000481"), *travels("A000482")], LATER).newest == {}


# ---- 3 split parcels


def test_trap_03_split_parcels_are_all_watched() -> None:
    """One order, two numbers: the one that stands still is found, though the other travels."""
    story = [order(), upload("1", number="A0000001"), upload("1", number="A0000002")]
    story += [*travels("A0000001"), picked_up(PICKED, "A0000002")]
    outcome = judge(story, LATER)
    assert outcome.one("inactive_after_pickup")["tracking_number"] == "A0000002"
    assert outcome.of("ship_overdue") == []


def test_trap_03_each_number_has_its_checks() -> None:
    """The second parcel of an order is recalled and misaddressed, the first one is fine."""
    story = [order(), upload("1", number="A0000001"), upload("1", number="A0000002")]
    story += [*travels("A0000001"), *travels("A0000002", location={"province": "浙江省"})]
    assert judge(story, LATER).one("address_mismatch")["tracking_number"] == "A0000002"


def test_trap_03_the_second_half_sent_later_is_no_reshipment() -> None:
    """Part of an order left in time; the rest gets its number after the promise."""
    story = [order(), upload("1", number="A0000001"), *travels("A0000001")]
    late = PROMISE + DAY
    story += [upload("1", late, "A0000002"), *travels("A0000002", late + HOUR)]
    assert judge(story, PAID + 30 * DAY).of("reshipped_while_late") == []


# ---- 4 mother and child waybills


def test_trap_04_mother_and_child_waybills_are_parcels_of_their_own() -> None:
    """A suffix makes another number: a child is no duplicate of its mother, nor its pickup hers."""
    story = [order("1"), order("2", recipient=BORIS)]
    story += [upload("1", number=f"{MOTHER}-1-2"), upload("2", number=f"{MOTHER}-2-2")]
    story += [upload("2", UPLOADED + HOUR, number=MOTHER), *travels(f"{MOTHER}-1-2")]
    outcome = judge(story, LATER)
    assert outcome.of("duplicate_tracking_number") == []
    overdue = {one["tracking_number"] for one in outcome.of("pickup_overdue", "violation")}
    assert overdue == {f"{MOTHER}-2-2", MOTHER}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("suffixes", [("", "-1-2", "-2-2"), ("", "001", "002")])
def test_trap_04_a_family_of_numbers_is_well_formed_and_no_clone(
    suffixes: tuple[str, ...], platform: str
) -> None:
    """Mother and children go to one buyer with one track: not malformed, not cloned, not again."""
    story = [order(platform=platform)]
    for suffix in suffixes:
        story += [upload("1", number=MOTHER + suffix), *travels(MOTHER + suffix)]
    assert judge(story, LATER).newest == {}


# ---- 5 same digits, different carriers


def test_trap_05_same_digits_of_another_carrier() -> None:
    """Two carriers may use the same digits: two parcels."""
    story = [order("1"), order("2", recipient=BORIS)]
    story += [upload("1"), upload("2", UPLOADED + HOUR, carrier="yto"), *travels()]
    outcome = judge(story, LATER)
    assert outcome.of("duplicate_tracking_number") == []
    assert {warning["carrier"] for warning in outcome.of("pickup_overdue")} == {"yto"}


def test_trap_05_what_another_carrier_scanned_is_not_this_parcels() -> None:
    """Old scans, a return and another address under the same digits elsewhere accuse nobody."""
    story = [order(), upload("1"), *travels()]
    story += [picked_up(PAID - DAY, carrier="yto"), record("returning", PICKED, carrier="yto")]
    story += [record("unknown", PICKED, carrier="yto", recipient=BORIS)]
    assert judge(story, LATER).newest == {}


def test_trap_05_one_number_in_many_spellings() -> None:
    """Full width, lower case, blanks: one number; carrier likewise."""
    story = [order("1"), order("2", recipient=BORIS), upload("1", number="yt0012345678")]
    again = upload("2", UPLOADED + HOUR, number=" ＹＴ00 1234\t5678　")
    again["carrier"] = " ZTO "
    warning = judge([*story, again], LATER).one("duplicate_tracking_number")
    assert warning["tracking_number"] == "YT0012345678"


def test_trap_05_another_spelling_is_no_second_number() -> None:
    """The number typed again after the promise, in small letters, is no further shipment."""
    story = [order(recipient=ANNA), upload("1", number="YT0012345678")]
    story += [upload("1", PROMISE + HOUR, number=" yt0012345678")]
    assert judge(story, LATER).of("reshipped_while_late") == []
