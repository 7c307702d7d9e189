"""`address_mismatch`: the track or the waybill is for another place than the order's recipient."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from itertools import permutations
from typing import Any

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
    NUMBER,
    PAID,
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

RULE = "address_mismatch"
THERE = PICKED + DAY
START = [order(), upload("1"), picked_up()]


def story(platform: str, **fields: Any) -> list[Message]:
    """Delivered in another province than the buyer's."""
    story = [order(platform=platform, **fields), upload("1", platform=platform)]
    return [*story, *travels(location={"province": "浙江省", "city": "杭州市"})]


def arrived(place: Message | None, status: str = "delivered", at: datetime = THERE) -> Message:
    """The parcel is at its recipient's end, wherever that is."""
    return record(status, at, location=place)


def label(recipient: Message, status: str = "hub", at: datetime = THERE, **more: Any) -> Message:
    """A record that says for whom the parcel is."""
    return record(status, at, recipient=recipient, **more)


STORY = [*START, arrived(HANGZHOU)]


def test_fires_where_the_parcel_arrives_in_another_province() -> None:
    """Anna lives in Shenzhen, the parcel is delivered in Hangzhou: critical, from then on."""
    warning = judge(STORY, LATER).one(RULE)
    assert (warning["state"], warning["severity"]) == ("open", "critical")
    assert warning["order_ids"] == ["1"]
    assert warning["evidence"]["detail"] == "province"
    assert times(warning) == {
        "opened_at": THERE,
        "deadline": None,
        "breached_at": None,
        "resolved_at": None,
    }


def test_stays_quiet_at_the_right_place() -> None:
    """However the place is spelled."""
    short = {"province": "广东", "city": "深圳"}
    for place in (SHENZHEN, short, {"region_code": "440305"}, {"province": "广东省"}):
        assert judge([*START, arrived(place)], LATER).states(RULE) == []


@pytest.mark.parametrize(
    "status", ["arrived_dest_city", "out_for_delivery", "ready_for_pickup", "delivered"]
)
def test_places_where_the_recipient_should_be(status: str) -> None:
    """The four statuses of the parcel's end."""
    assert judge([*START, arrived(HANGZHOU, status)], LATER).one(RULE)["state"] == "open"


@pytest.mark.parametrize("status", ["picked_up", "hub", "in_transit", "attempt_failed", "customs"])
def test_places_on_the_road_do_not_count(status: str) -> None:
    """Every parcel passes through other provinces."""
    assert judge([*START, arrived(HANGZHOU, status)], LATER).of(RULE) == []


def test_another_city_is_the_lesser_risk() -> None:
    """The right province and the wrong city: a warning."""
    warning = judge([*START, arrived(GUANGZHOU)], LATER).one(RULE)
    assert (warning["severity"], warning["evidence"]["detail"]) == ("warning", "city")


@pytest.mark.parametrize(
    ("recipient", "detail"),
    [
        pytest.param(BORIS, "province", id="all different"),
        pytest.param({**ANNA, **GUANGZHOU}, "city", id="other city, one key"),
        pytest.param({**ANNA, "address_key": "other"}, "address", id="other key"),
        pytest.param({"address_key": "other"}, "address", id="key alone"),
        pytest.param({"city": "杭州市"}, "province", id="city alone, which gives its province"),
        pytest.param(ANNA, None, id="the recipient"),
        pytest.param({"person_key": "person-boris"}, None, id="persons do not matter"),
        pytest.param({"province": "火星"}, None, id="a place that nobody knows"),
    ],
)
def test_the_label_is_compared_field_by_field(recipient: Message, detail: str | None) -> None:
    """Province, city and address key, each where both sides know it."""
    found = judge([*START, label(recipient)], LATER).of(RULE)
    assert [value["evidence"]["detail"] for value in found] == ([] if detail is None else [detail])


def test_a_label_decides_over_the_place() -> None:
    """Where a track says its recipient, the place of the last record does not matter."""
    assert judge([*STORY, label(ANNA)], LATER).of(RULE) == []
    found = judge([*START, label(BORIS), arrived(SHENZHEN, at=THERE + DAY)], LATER)
    assert times(found.one(RULE))["opened_at"] == THERE


@pytest.mark.parametrize("said", [{}, {"province": None, "address_key": None}])
def test_a_recipient_of_nothing_is_none(said: Message) -> None:
    """Only nulls say nothing, and the place of arrival decides."""
    assert judge([*STORY, label(said, at=THERE + HOUR)], LATER).one(RULE)["state"] == "open"


def test_the_newest_label_counts() -> None:
    """Corrected on the way: the last word stands, in either order of arrival."""
    right = label(ANNA, "in_transit", THERE + HOUR)
    for sent in permutations([label(BORIS), right]):
        story = [arriving(message, LATER - DAY) for message in sent]
        assert judge([*START, *story], LATER).of(RULE) == []
    assert judge([*START, label(ANNA), label(BORIS, at=THERE + HOUR)], LATER).one(RULE)


@pytest.mark.parametrize("status", ["ordered", "unknown", "exception", "cancelled"])
def test_any_fact_may_carry_the_label(status: str) -> None:
    """Also one that is no record of the track."""
    assert judge([*START, label(BORIS, status)], LATER).one(RULE)["state"] == "open"


def test_an_upload_may_carry_the_label() -> None:
    """The waybill as the seller uploaded it: it holds from the upload."""
    story = [order(), upload("1", recipient=BORIS)]
    assert times(judge(story, LATER).one(RULE))["opened_at"] == UPLOADED


@pytest.mark.parametrize("status", ["ordered", "hub", "unknown"])
def test_labels_of_other_orders_do_not_count(status: str) -> None:
    """A fact that names orders speaks of these alone."""
    both = [order(), order("2", recipient=BORIS), upload(["1", "2"])]
    named = label(BORIS, status, order_ids=["2"])
    assert judge([*both, named], LATER).of(RULE) == []
    named = label(BORIS, status, order_ids=["1", "2"])
    assert judge([*both, named], LATER).one(RULE)["order_ids"] == ["1"]
    for_all = label(BORIS, "hub", THERE + HOUR)
    own = label(ANNA, status, order_ids=["1"])
    assert judge([*both, own, for_all], LATER).one(RULE)["order_ids"] == ["1"]
    assert (
        judge([*both, label(BORIS), {**own, "occurred_at": LATER.isoformat()}], LATER).of(RULE)
        == []
    )


@pytest.mark.parametrize("status", ["returning", "returned"])
def test_stays_quiet_on_the_way_back(status: str) -> None:
    """A parcel that was sent back ends where it began, whenever that is known."""
    assert judge([*STORY, record(status, PICKED + HOUR)], LATER).of(RULE) == []
    assert judge([*STORY, record(status, THERE + DAY)], LATER).of(RULE) == []


def test_stays_quiet_while_the_order_is_unknown() -> None:
    """There is nothing to compare with; once the order is known, there is."""
    assert judge(STORY[1:], LATER).of(RULE) == []
    late = arriving(order(), THERE + DAY)
    assert judge([*STORY[1:], late], LATER).one(RULE)["state"] == "open"
    assert judge([order(recipient=None), *STORY[1:]], LATER).of(RULE) == []


def test_a_buyer_who_moves_later_accuses_nobody() -> None:
    """The recipient of the upload and every one stated since are accepted; none that was before."""
    moved = order(recipient=BORIS, updated_at=UPLOADED + US)
    assert judge([*STORY, moved], LATER).of(RULE) == []
    assert judge([*START, moved, arrived(SHENZHEN)], LATER).of(RULE) == []
    assert judge([*START, moved, arrived(GUANGZHOU)], LATER).one(RULE)["state"] == "open"
    again = order(recipient={**GUANGZHOU}, updated_at=UPLOADED + 2 * US)
    assert judge([*STORY, moved, again], LATER).of(RULE) == []
    before = order(recipient=BORIS, updated_at=UPLOADED)
    assert judge([*STORY, before], LATER).of(RULE) == []


def test_the_newest_place_counts() -> None:
    """Misrouted and then right: withdrawn; a record without a province says nothing."""
    story = [*START, arrived(HANGZHOU, "arrived_dest_city"), arrived(SHENZHEN, at=THERE + HOUR)]
    outcome = judge(story, LATER)
    assert outcome.of(RULE) == []
    assert outcome.states(RULE) == ["open", "withdrawn"]
    nowhere = arrived({"city": "苏市", "site": "深圳中转部"}, at=THERE + HOUR)
    assert judge([*STORY, nowhere], LATER).one(RULE)["state"] == "open"


@pytest.mark.parametrize("raw_status", ["1", "2", "3", "4", "5"])
def test_of_places_at_one_time_the_last_as_sent_counts(raw_status: str) -> None:
    """杭州市 sorts after 广州市, whatever arrives first and whatever their hashes are."""
    there = arrived(HANGZHOU, "out_for_delivery")
    places = [{**there, "raw_status": raw_status}, arrived(GUANGZHOU)]
    for pair in (places, places[::-1]):
        found = judge([*START, *pair], LATER).one(RULE)
        assert found["evidence"]["detail"] == "province"


@pytest.mark.parametrize("raw_status", ["1", "2", "3", "4", "5"])
def test_of_labels_at_one_time_the_last_as_sent_counts(raw_status: str) -> None:
    """Address keys sort first: "b" is newer than "a"."""
    one = label({"address_key": "a", **HANGZHOU}, raw_status=raw_status)
    other = label({"address_key": "b", **SHENZHEN}, raw_status=raw_status)
    for pair in ([one, other], [other, one]):
        found = judge([*START, *pair], LATER).one(RULE)
        assert found["evidence"]["detail"] == "address"


SICHUAN = {"province": "四川省"}


@pytest.mark.parametrize("place", [HANGZHOU, {"province": "浙江省"}, SHENZHEN])
def test_a_warehouse_on_the_way_is_right(place: Message) -> None:
    """Where the platform has it inspected first, or at the buyer's; nowhere else."""
    sent = [order(via=HANGZHOU), *START[1:]]
    assert judge([*sent, arrived(place)], LATER).of(RULE) == []
    warning = judge([*sent, arrived(SICHUAN)], LATER).one(RULE)
    assert (warning["severity"], warning["evidence"]["detail"]) == ("critical", "province")
    label_of_it = label({**HANGZHOU, "address_key": "any"})
    assert judge([*sent, label_of_it], LATER).of(RULE) == []


def test_each_warehouse_that_was_ever_stated_is_right() -> None:
    """Also one of a version before the upload that a later one no longer states."""
    first = order(via=HANGZHOU, updated_at=PAID + HOUR)
    later = order(via=SICHUAN, updated_at=UPLOADED + DAY)
    sent = [first, order(updated_at=PAID + 90 * MINUTE), later, *START[1:]]
    for place in (HANGZHOU, SICHUAN, SHENZHEN):
        assert judge([*sent, arrived(place)], LATER).of(RULE) == []
    assert judge([*sent, arrived({"province": "湖北省"})], LATER).one(RULE)["state"] == "open"


def test_where_the_first_recipient_is_unknown_nothing_differs() -> None:
    """Whatever is stated later, and whatever warehouse there is."""
    unknown = order(recipient=None, via=GUANGZHOU)
    known = order(updated_at=UPLOADED + US)
    assert judge([unknown, known, *START[1:], arrived(SICHUAN)], LATER).of(RULE) == []
    at_upload = order(updated_at=UPLOADED)
    found = judge([unknown, at_upload, *START[1:], arrived(SICHUAN)], LATER)
    assert found.one(RULE)["state"] == "open"


def of_zip(code: str | None, at: datetime = THERE, status: str = "delivered") -> Message:
    """A record made where the postal code is this one."""
    return record(status, at, location={"country": "US", "postal_code": code})


@pytest.mark.parametrize(
    ("said", "state"),
    [
        pytest.param([of_zip("94107-1234")], None, id="five characters are equal"),
        pytest.param([of_zip("94108")], "open", id="the fifth is not"),
        pytest.param([of_zip("94108", status="in_transit")], None, id="on the road"),
        pytest.param([of_zip("94108"), of_zip("94107", THERE + HOUR)], None, id="the newest"),
        pytest.param([of_zip("94108"), of_zip(None, THERE + HOUR)], "open", id="that has one"),
        pytest.param(
            [of_zip("94108"), label({"country": "US", "address_key": "k"})],
            None,
            id="a label without",
        ),
        pytest.param(
            [of_zip("94107"), label({"postal_code": "94108"})], "open", id="a label decides"
        ),
    ],
)
def test_postal_codes_of_places(said: list[Message], state: str | None) -> None:
    """Where no recipient is sent, the newest record at the destination that has a code decides."""
    buyer = {"country": "US", "postal_code": "94107"}
    sent = [order(platform="tiktok-us", recipient=buyer), *START[1:], *said]
    found = judge(sent, LATER).of(RULE)
    assert [one["state"] for one in found] == ([] if state is None else [state])
    assert {one["evidence"]["detail"] for one in found} <= {"postal_code"}


def test_it_ends_with_the_order() -> None:
    """A release at the moment of arrival: never at risk; a microsecond later: resolved."""
    assert judge([*STORY, release("1", THERE)], LATER).of(RULE) == []
    warning = judge([*STORY, release("1", THERE + US)], LATER).one(RULE)
    assert times(warning)["resolved_at"] == THERE + US


def test_it_holds_from_a_later_upload() -> None:
    """A parcel long delivered elsewhere, uploaded for this order: from the upload on."""
    late = THERE + 2 * HOUR
    warning = judge([order(), upload("1", late), arrived(HANGZHOU)], LATER).one(RULE)
    assert times(warning)["opened_at"] == late


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, upload, label and arrival in any order: one warning, one id."""
    messages = [order(), upload("1"), label(BORIS), arrived(SHENZHEN)]
    wanted = judge(messages, LATER).one(RULE)
    for places in permutations(range(4)):
        sent = [
            arriving(message, THERE + place * HOUR)
            for message, place in zip(messages, places, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_a_late_label_withdraws() -> None:
    """Known days after the arrival: the parcel was for Anna all the time."""
    outcome = judge([*STORY, arriving(label(ANNA), LATER - DAY)], LATER)
    assert outcome.of(RULE) == []
    assert outcome.states(RULE) == ["open", "withdrawn"]


def test_repeated_records_change_nothing() -> None:
    """The same history twice: the same revisions."""
    story = [*STORY, label(BORIS)]
    assert judge(story * 2, LATER).log == judge(story, LATER).log


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
def test_on_everywhere(platform: str) -> None:
    """Every built-in profile judges it."""
    story = [order(platform=platform), upload("1"), arrived(HANGZHOU)]
    assert judge(story, LATER).one(RULE)["severity"] == "critical"


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel, order and the order's upload make the id."""
    text = f"{RULE}|violation|douyin|parcel:zto:{NUMBER}:order:1|2026-11-20T04:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge(STORY, LATER).one(RULE)["warning_id"] == wanted


def test_evidence_names_order_upload_and_fact() -> None:
    """The order, its upload, then what shows the other place; no address is in it."""
    assert proofs_of(RULE, STORY, LATER) == [
        [
            ("order-paid", 0, 100, "paid", PAID),
            ("tracking-update", 1, 101, "ordered", UPLOADED),
            ("tracking-update", 3, 103, "delivered", THERE),
        ]
    ]


def test_evidence_names_the_version_whose_recipient_counts() -> None:
    """The one known at the upload, not the buyer's later change, nor what went before."""
    moved = order("1", updated_at=UPLOADED - MINUTE, recipient=ANNA)
    later = order("1", updated_at=UPLOADED + MINUTE, recipient={**GUANGZHOU})
    first = order("1", recipient=BORIS)
    history = [first, moved, *STORY[1:], later]
    assert proofs_of(RULE, history, LATER)[-1][0] == (
        *("order-paid", 1, 101, "paid", UPLOADED - MINUTE),
    )
