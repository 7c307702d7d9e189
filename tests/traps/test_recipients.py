"""Traps 2, 9, 11, 12 and 21: who gets the parcel, and what only looks like somebody else."""

from __future__ import annotations

import pytest
from support.builders import (
    ANNA,
    BORIS,
    DAY,
    HANGZHOU,
    HOUR,
    LATER,
    PICKED,
    PROMISE,
    SHENZHEN,
    UPLOADED,
    Message,
    arriving,
    judge,
    order,
    record,
    release,
    times,
    upload,
)
from support.troubles import OTHER_NUMBER, quiet, travels

RULE = "address_mismatch"
PLATFORMS = ("douyin", "tmall", "brief")

MASKED: list[Message | None] = [
    None,
    {},
    {"province": None, "city": None},
    {"address_key": "", "person_key": ""},
    {"province": "***", "city": "#Ej9x…##"},
    {"province": "广东省"},
    {"city": "深圳市"},
]
URUMQI = {"province": "新疆维吾尔自治区", "city": "乌鲁木齐市"}
WAREHOUSE = {"province": "湖北省", "city": "武汉市", "address_key": "address-warehouse"}


# ---- 2 masked personal data: unknown is not different


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("masked", MASKED)
def test_trap_02_unknown_is_not_different(platform: str, masked: Message | None) -> None:
    """What is masked, encrypted or absent on one side or both makes no second recipient."""
    for one, other in ((masked, ANNA), (ANNA, masked), (masked, masked)):
        story = [order("1", recipient=one, platform=platform), upload("1"), *travels()]
        story += [order("2", recipient=other, platform=platform), upload("2", UPLOADED + HOUR)]
        assert judge(story, LATER).newest == {}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("masked", MASKED)
def test_trap_02_a_masked_waybill_mismatches_nobody(platform: str, masked: Message | None) -> None:
    """A waybill that says little, or an order that does, is no other address."""
    known = order("1", platform=platform)
    unknown = order("1", platform=platform, recipient=masked)
    for version, told in ((known, masked), (unknown, ANNA), (unknown, masked)):
        story = [version, upload("1"), *travels()]
        story.append(record("unknown", PICKED + 40 * HOUR, recipient=told))
        assert judge(story, LATER).newest == {}


@pytest.mark.parametrize("masked", MASKED)
def test_trap_02_a_place_that_says_nothing_is_no_other_place(masked: Message | None) -> None:
    """A delivery without a place, or in a place nobody can read, is not elsewhere."""
    story = [*quiet("douyin"), record("delivered", PICKED + 46 * HOUR, location=masked)]
    assert judge(story, LATER).newest == {}


@pytest.mark.parametrize("masked", MASKED)
def test_trap_02_equal_tracks_of_masked_recipients_are_no_clones(masked: Message | None) -> None:
    """Two parcels of a feed that hides who gets them: perhaps one buyer's."""
    story = [order("1", recipient=masked), order("2"), upload("1")]
    story += [upload("2", number=OTHER_NUMBER), *travels(), *travels(OTHER_NUMBER)]
    assert judge(story, LATER).newest == {}


# ---- 9 return leg


def test_trap_09_on_its_way_back_nothing_is_overdue() -> None:
    """Returning stops the parcel's clocks; only the return itself is said."""
    story = [order(), upload("1"), *travels()[:1], record("returning", PICKED + HOUR)]
    assert {one["rule"] for one in judge(story, LATER).newest.values()} == {"recalled"}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("status", ["returning", "returned"])
def test_trap_09_the_way_back_mismatches_nobody(status: str, platform: str) -> None:
    """The seller's city is not the buyer's, and is not meant to be."""
    story = [order(platform=platform), upload("1"), *travels()[:3]]
    story += [record(status, PICKED + 32 * HOUR)]
    back = [record("arrived_dest_city", PICKED + 50 * HOUR, location=HANGZHOU)]
    back += [record("delivered", PICKED + 60 * HOUR, location=HANGZHOU, recipient=BORIS)]
    assert judge([*story, *back], LATER).of(RULE) == []
    outcome = judge([*story[:-1], *back], LATER)
    assert outcome.of(RULE), "the same places count on the way there"


def test_trap_09_a_return_told_late_withdraws_the_mismatch() -> None:
    """It looked like a wrong delivery until the feed said that the parcel was going back."""
    story = [order(), upload("1"), *travels(location=HANGZHOU)]
    told = arriving(record("returning", PICKED + 32 * HOUR), PICKED + 80 * HOUR)
    before = judge([*story, told], PICKED + 79 * HOUR)
    assert before.one(RULE)["state"] == "open"
    after = judge([*story, told], LATER)
    assert [one["state"] for one in after.withdrawn(RULE)] == ["withdrawn"]


# ---- 11 remote transit


def to_urumqi(**fields: object) -> list[Message]:
    """An order for Xinjiang, and its first leg: delivered at a transit warehouse in Wuhan."""
    story = [order(recipient={**URUMQI, "address_key": "address-buyer"}, ship_from=HANGZHOU)]
    story += [upload("1", **fields), *travels(location=WAREHOUSE)[:2]]
    return [*story, record("delivered", PICKED + 30 * HOUR, location=WAREHOUSE)]


def test_trap_11_the_first_leg_alone_looks_like_a_wrong_delivery() -> None:
    """Without a word from the seller the warehouse's city is another than the buyer's: it is."""
    assert judge(to_urumqi(), LATER).one(RULE)["order_ids"] == ["1"]


def test_trap_11_an_upload_that_says_where_it_goes_is_believed() -> None:
    """The seller says whom the first leg is for in the end: places of the track count no more."""
    story = to_urumqi(recipient={**URUMQI, "address_key": "address-buyer"})
    assert judge(story, LATER).of(RULE) == []


def test_trap_11_the_second_leg_takes_the_order_over() -> None:
    """Released from the first number and uploaded with the second: one journey, no warning left."""
    handed = PICKED + 26 * HOUR
    story = [*to_urumqi(), release("1", handed), upload("1", handed, OTHER_NUMBER)]
    story += [record("picked_up", handed + HOUR, OTHER_NUMBER, location=WAREHOUSE)]
    story += [record("hub", handed + 6 * HOUR, OTHER_NUMBER, location=WAREHOUSE)]
    story += [record("delivered", handed + 80 * HOUR, OTHER_NUMBER, location=URUMQI)]
    assert judge(story, LATER).newest == {}


def test_trap_11_a_second_leg_after_the_promise_is_no_reshipment() -> None:
    """The first leg moved in time: the second number is the same journey."""
    story = [*to_urumqi(), upload("1", PROMISE + DAY, OTHER_NUMBER)]
    assert judge(story, LATER).of("reshipped_while_late") == []


def test_trap_11_the_longest_limit_of_the_lane_is_the_buyers() -> None:
    """The lane is that of the order, not of the leg: 120 h for a parcel to Xinjiang."""
    story = [order(recipient=URUMQI), upload("1"), *travels()[:2]]
    story += [record("hub", PICKED + 20 * HOUR, location=WAREHOUSE)]
    warning = judge(story, LATER).one("transit_stalled")
    assert times(warning)["deadline"] == PICKED + (20 + 120) * HOUR


# ---- 12 inspection warehouse


def test_trap_12_by_way_of_an_inspection_warehouse() -> None:
    """The order says the warehouse first and the buyer later: each leg is compared with what the
    order said when its number was uploaded."""
    onward = PICKED + 50 * HOUR
    story = [order(recipient=WAREHOUSE), upload("1", recipient=WAREHOUSE)]
    story += [*travels(location=WAREHOUSE)[:2], *travels(location=WAREHOUSE)[-1:]]
    buyer = {**SHENZHEN, "address_key": "address-buyer"}
    story += [order(recipient=buyer, updated_at=onward)]
    story += [upload("1", onward, OTHER_NUMBER, recipient=buyer)]
    story += travels(OTHER_NUMBER, onward + HOUR)
    assert judge(story, LATER).newest == {}


def test_trap_12_an_order_that_hides_the_warehouse_is_said() -> None:
    """Where the order says the buyer and the parcel goes to a warehouse, that is a difference."""
    story = [order(), upload("1"), *travels(location=WAREHOUSE)]
    assert judge(story, LATER).one(RULE)["severity"] == "critical"


# ---- 21 the buyer moved


def test_trap_21_a_changed_address_accuses_nobody() -> None:
    """The recipient as it was at the upload counts, before and after the change."""
    together = [order("1"), order("2"), upload("1"), upload("2", UPLOADED + HOUR), *travels()]
    moved = order("2", recipient=BORIS, updated_at=UPLOADED + 2 * HOUR)
    assert judge([*together, moved], LATER).newest == {}
    first = order("2", recipient=BORIS, updated_at=UPLOADED + HOUR)
    outcome = judge([*together, first], LATER)
    known = outcome.one("duplicate_tracking_number")
    assert known["order_ids"] == ["2"], "changed at the upload: it was known then"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_trap_21_a_parcel_goes_where_the_buyer_lived_at_the_upload(platform: str) -> None:
    """Delivered to the old address or to the new one: right. Anywhere else: said."""
    moved = order("1", platform=platform, recipient=BORIS, updated_at=UPLOADED + 2 * HOUR)
    assert judge([*quiet(platform), moved], LATER).newest == {}
    story = [order("1", platform=platform), moved, upload("1")]
    assert judge([*story, *travels(location=HANGZHOU)], LATER).newest == {}
    elsewhere = judge([*story, *travels(location={"province": "四川省"})], LATER)
    assert elsewhere.one(RULE)["order_ids"] == ["1"]


def test_trap_21_uploaded_anew_after_the_change() -> None:
    """The seller takes the number back and uploads it for the new address: compared with that."""
    moved = order("1", recipient=BORIS, updated_at=UPLOADED + 2 * HOUR)
    story = [order("1"), moved, upload("1"), release("1", UPLOADED + 3 * HOUR)]
    story += [upload("1", UPLOADED + 4 * HOUR), *travels()[:2]]
    story += [record("delivered", PICKED + 20 * HOUR, location=HANGZHOU)]
    assert judge(story, LATER).newest == {}


def test_trap_21_the_newest_waybill_counts() -> None:
    """The carrier is told of the new address and the old one is forgotten, in any order."""
    wrong = record("unknown", PICKED, recipient=BORIS)
    right = record("unknown", PICKED + HOUR, recipient=ANNA)
    for told in ([wrong, right], [arriving(right, PICKED), arriving(wrong, PICKED + 2 * HOUR)]):
        assert judge([order(), upload("1"), *told, *travels()], LATER).of(RULE) == []
    assert judge([order(), upload("1"), wrong, *travels()], LATER).one(RULE)["carrier"] == "zto"


def test_trap_21_a_district_is_never_compared() -> None:
    """Depots lie across the river: only province and city can differ."""
    place = {**SHENZHEN, "district": "宝安区", "region_code": "440306"}
    other = order(recipient={**SHENZHEN, "district": "南山区", "region_code": "440305"})
    assert judge([other, upload("1"), *travels(location=place)], LATER).newest == {}
