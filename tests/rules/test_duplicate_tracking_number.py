"""`duplicate_tracking_number`: the number was used before, for another recipient's order."""

from __future__ import annotations

from datetime import datetime, timedelta
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
    NUMBER,
    PAID,
    SHENZHEN,
    UPLOADED,
    US,
    Message,
    arriving,
    judge,
    order,
    record,
    release,
    times,
    upload,
)
from support.parcels import proofs_of
from support.troubles import travels

RULE = "duplicate_tracking_number"
AGAIN = UPLOADED + 3 * HOUR


def story(platform: str, **fields: Any) -> list[Message]:
    """The number had served another buyer's order an hour before."""
    other = order("0", platform=platform, **{**fields, "recipient": BORIS})
    story = [order(platform=platform, **fields), other]
    story += [upload("0", UPLOADED - HOUR, platform=platform), upload("1", platform=platform)]
    return [*story, *travels()]


def two(
    first: Message | None = ANNA, second: Message | None = BORIS, platform: str = "douyin"
) -> list[Message]:
    """Orders 1 and 2 of two recipients, neither of them uploaded yet."""
    return [
        order("1", recipient=first, platform=platform),
        order("2", recipient=second, platform=platform),
    ]


def used_twice() -> list[Message]:
    """One number for order 1 and, three hours later, for order 2 of another recipient."""
    return [*two(), upload("1"), upload("2", AGAIN)]


def test_fires_for_the_later_order() -> None:
    """The later upload is warned of, from its own time on; the earlier one is not."""
    warning = judge(used_twice(), LATER).one(RULE)
    assert warning["state"] == "open"
    assert warning["order_ids"] == ["2"]
    assert (warning["carrier"], warning["tracking_number"]) == ("zto", NUMBER)
    assert times(warning) == {
        "opened_at": AGAIN,
        "deadline": None,
        "breached_at": None,
        "resolved_at": None,
    }


def test_stays_quiet_for_one_recipient() -> None:
    """Several orders of one recipient in one parcel are no duplicate."""
    assert judge([*two(ANNA, ANNA), upload("1"), upload("2", AGAIN)], LATER).of(RULE) == []


def test_one_upload_for_both_accuses_the_greater_order_id() -> None:
    """Uploaded at one time: the smaller order id counts as the earlier."""
    warning = judge([*two(), upload(["2", "1"])], LATER).one(RULE)
    assert warning["order_ids"] == ["2"]


def test_three_orders_two_duplicates() -> None:
    """Every order with an earlier one of another recipient has its own warning."""
    story = [*used_twice(), order("3", recipient=ANNA), upload("3", AGAIN + HOUR)]
    found = judge(story, LATER).of(RULE)
    assert [value["order_ids"] for value in found] == [["2"], ["3"]]


@pytest.mark.parametrize(("step", "fires"), [(0 * US, True), (US, False)])
def test_window_is_thirty_days_inclusive(step: timedelta, fires: bool) -> None:
    """Exactly 30 days after the earlier upload it holds, one microsecond later it does not.

    A record between the two keeps both uploads in one life of the number.
    """
    again = UPLOADED + 30 * DAY + step
    story = [*two(), upload("1"), record("hub", UPLOADED + 15 * DAY), upload("2", again)]
    assert bool(judge(story, again + DAY).of(RULE)) is fires


@pytest.mark.parametrize(("step", "fires"), [(0 * US, True), (US, False)])
def test_lives_are_thirty_days_apart(step: timedelta, fires: bool) -> None:
    """Without anything between them the same boundary parts two lives of the number."""
    again = UPLOADED + 30 * DAY + step
    story = [*two(), upload("1"), upload("2", again)]
    assert bool(judge(story, again + DAY).of(RULE)) is fires


@pytest.mark.parametrize(("released", "fires"), [(AGAIN, False), (AGAIN + US, True)])
def test_release_at_the_upload_frees_the_number(released: datetime, fires: bool) -> None:
    """Released from the earlier order at the new upload or before: free; later: it was in use."""
    story = [*used_twice(), release("1", released)]
    found = judge(story, LATER).of(RULE)
    assert bool(found) is fires
    if fires:
        assert found[0]["state"] == "resolved"
        assert times(found[0])["resolved_at"] == released


@pytest.mark.parametrize(("closed", "fires"), [(AGAIN, False), (AGAIN + US, True)])
def test_closing_at_the_upload_frees_the_number(closed: datetime, fires: bool) -> None:
    """The earlier order closed at the new upload or before: free; a later closing is no matter."""
    story = [*used_twice(), order("1", recipient=ANNA, updated_at=closed, state="closed")]
    found = judge(story, LATER).of(RULE)
    assert bool(found) is fires
    if fires:
        assert found[0]["state"] == "open"


def test_end_at_the_upload_is_no_warning() -> None:
    """A check that ends the moment it begins says nothing; a microsecond later it is resolved."""

    def closed(at: datetime) -> Message:
        return order("2", recipient=BORIS, updated_at=at, state="closed")

    assert judge([*used_twice(), closed(AGAIN)], LATER).of(RULE) == []
    warning = judge([*used_twice(), closed(AGAIN + US)], LATER).one(RULE)
    assert times(warning)["resolved_at"] == AGAIN + US


def test_freeing_the_earlier_order_resolves() -> None:
    """The number is taken off the earlier order: the later one's duplicate ends then."""
    corrected = AGAIN + 2 * HOUR
    warning = judge([*used_twice(), release("1", corrected)], LATER).one(RULE)
    assert warning["state"] == "resolved"
    assert times(warning)["resolved_at"] == corrected


def test_correcting_the_later_order_withdraws() -> None:
    """Taken off the later order the parcel is the earlier one's alone, and judged for it alone."""
    outcome = judge([*used_twice(), release("2", AGAIN + 2 * HOUR)], LATER)
    assert outcome.states(RULE) == ["open", "withdrawn"]


def test_both_released_last_are_judged_still() -> None:
    """Where no order is linked any more those released last are the parcel's: resolved then."""
    end = AGAIN + 2 * HOUR
    warning = judge([*used_twice(), release(["1", "2"], end)], LATER).one(RULE)
    assert warning["order_ids"] == ["2"]
    assert times(warning)["resolved_at"] == end


def test_it_holds_until_the_last_earlier_order_is_released() -> None:
    """With two earlier orders the release of one is not enough."""
    story = [
        *two(),
        order("0", recipient=ANNA),
        upload(["0", "1"]),
        upload("2", AGAIN),
        release("0", AGAIN + HOUR),
    ]
    assert judge(story, LATER).one(RULE)["state"] == "open"
    warning = judge([*story, release("1", AGAIN + 2 * HOUR)], LATER).one(RULE)
    assert times(warning)["resolved_at"] == AGAIN + 2 * HOUR


def test_each_order_of_arrival_gives_the_same() -> None:
    """Both orders and both uploads in any order of arrival: one warning, one id."""
    wanted = judge(used_twice(), LATER).one(RULE)
    for places in permutations(range(4)):
        sent = [
            arriving(message, AGAIN + (1 + place) * HOUR)
            for message, place in zip(used_twice(), places, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_back_filled_release_withdraws() -> None:
    """A release before the second upload, known late: the number was free."""
    sent = [*used_twice(), arriving(release("1", AGAIN - HOUR), AGAIN + DAY)]
    outcome = judge(sent, LATER)
    assert outcome.of(RULE) == []
    assert outcome.states(RULE) == ["open", "withdrawn"]


def test_late_order_that_proves_one_recipient_stays_quiet() -> None:
    """Nothing is said while a recipient is unknown, nor when he turns out the same."""
    sent = [order("1"), upload("1"), upload("2", AGAIN), arriving(order("2"), AGAIN + DAY)]
    assert judge(sent, LATER).states(RULE) == []


def test_repeated_records_change_nothing() -> None:
    """The upload that claimed a number does not accuse itself when it comes again."""
    once, twice = judge(used_twice(), LATER), judge(used_twice() * 2, LATER)
    assert twice.log == once.log
    assert judge([order("1"), upload("1"), upload("1", AGAIN)], LATER).of(RULE) == []


KEY_ONLY = {"address_key": "address-anna"}


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [
        pytest.param(ANNA, BORIS, True, id="other address key"),
        pytest.param({**ANNA, **HANGZHOU}, ANNA, False, id="one address key, other province"),
        pytest.param(SHENZHEN, HANGZHOU, True, id="no keys, other province"),
        pytest.param(SHENZHEN, GUANGZHOU, True, id="no keys, other city"),
        pytest.param(SHENZHEN, SHENZHEN, False, id="no keys, one city"),
        pytest.param(KEY_ONLY, HANGZHOU, False, id="key against place: unknown"),
        pytest.param({**KEY_ONLY, **SHENZHEN}, HANGZHOU, True, id="key of one side, provinces"),
        pytest.param({"province": "广东省"}, SHENZHEN, False, id="city known on one side"),
        pytest.param(None, BORIS, False, id="earlier recipient unknown"),
        pytest.param(ANNA, None, False, id="later recipient unknown"),
        pytest.param(
            {"person_key": "a"}, {"person_key": "b"}, False, id="persons do not matter here"
        ),
    ],
)
@pytest.mark.parametrize("platform", ["douyin", "tmall"])
def test_recipients_differ_by_address(
    platform: str, first: Message | None, second: Message | None, fires: bool
) -> None:
    """Address keys decide where both are known, else province or city; unknown is not different."""
    story = [*two(first, second, platform), upload("1"), upload("2", AGAIN)]
    assert bool(judge(story, LATER).of(RULE)) is fires


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [
        pytest.param(ANNA, BORIS, True, id="other person"),
        pytest.param({**BORIS, "person_key": "person-anna"}, ANNA, False, id="one person"),
        pytest.param(SHENZHEN, BORIS, False, id="one person unknown"),
        pytest.param(SHENZHEN, HANGZHOU, False, id="both persons unknown"),
    ],
)
def test_recipients_differ_by_person(
    first: Message | None, second: Message | None, fires: bool
) -> None:
    """The brief compares persons: another address of the same person is no duplicate."""
    story = [*two(first, second, "brief"), upload("1"), upload("2", AGAIN)]
    assert bool(judge(story, LATER).of(RULE)) is fires


@pytest.mark.parametrize(
    ("platform", "profile"),
    [
        ("douyin", "douyin-2026-07-09"),
        ("tmall", "tmall-2026-04-09"),
        ("brief", "brief-2023"),
    ],
)
def test_figures_of_each_platform(platform: str, profile: str) -> None:
    """On everywhere, critical, one stage, judged by the later order's profile."""
    story = [*two(platform=platform), upload("1"), upload("2", AGAIN)]
    (warning,) = judge(story, LATER).of(RULE)
    assert (warning["profile"], warning["platform"]) == (profile, platform)
    assert (warning["stage"], warning["severity"]) == ("violation", "critical")
    assert warning["evidence"]["limit_hours"] is None


def test_the_later_orders_platform_judges() -> None:
    """A parcel × order's profile is that order's, whoever the lead order is."""
    story = [order("1", platform="brief"), order("2", platform="tmall", recipient=BORIS)]
    warning = judge([*story, upload("1"), upload("2", AGAIN)], LATER).one(RULE)
    assert warning["platform"] == "tmall"


def test_an_order_without_a_carrier_is_not_seen() -> None:
    """A virtual order's upload is no earlier use."""
    story = [order("1", delivery_method="virtual"), order("2", recipient=BORIS)]
    assert judge([*story, upload("1"), upload("2", AGAIN)], LATER).of(RULE) == []


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel, order and the order's upload make the id."""
    text = f"{RULE}|violation|douyin|parcel:zto:{NUMBER}:order:2|2026-11-20T07:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge(used_twice(), LATER).one(RULE)["warning_id"] == wanted


def test_evidence_names_both_uploads() -> None:
    """The earlier use first, then the upload that is warned of, each with its place."""
    (proof,) = proofs_of(RULE, used_twice(), LATER)
    assert proof == [
        ("tracking-update", 2, 102, "ordered", UPLOADED),
        ("tracking-update", 3, 103, "ordered", AGAIN),
    ]


def test_the_earliest_order_is_named() -> None:
    """Of several by the first upload, in the evidence and at the end of the remedy."""
    sent = [order("1", recipient=BORIS), order("2", recipient=BORIS), order("3")]
    sent += [upload("2"), upload("1", UPLOADED + US), upload("3", UPLOADED + HOUR)]
    warning = judge(sent, LATER).one(RULE)
    assert warning["evidence"]["advice"] == [{"code": "earlier_order", "value": "2"}]
    assert warning["remedy"]["zh"].endswith("此单号先前已用于订单 2。")
    closed = order("3", state="closed", updated_at=UPLOADED + DAY)
    resolved = judge([*sent, closed], LATER).one(RULE)
    assert resolved["evidence"]["advice"] == warning["evidence"]["advice"]
    assert "2" not in resolved["remedy"]["zh"]


@pytest.mark.parametrize(("length", "named"), [(64, True), (65, False)])
def test_an_id_that_fits_no_sentence_is_not_named(length: int, named: bool) -> None:
    """A placeholder with a thousand orders of such ids would outgrow its record."""
    long = "1" * length
    sent = [order(long, recipient=BORIS), order("3"), upload(long), upload("3", UPLOADED + HOUR)]
    assert bool(judge(sent, LATER).one(RULE)["evidence"]["advice"]) is named


def test_relinked_order_counts_from_its_new_upload() -> None:
    """Released and uploaded anew: only the last stretch counts, so the other one was first."""
    story = [*two(), upload("1"), release("1", UPLOADED + HOUR), upload("2", AGAIN)]
    assert judge(story, LATER).of(RULE) == []
    warning = judge([*story, upload("1", AGAIN + HOUR)], LATER).one(RULE)
    assert warning["order_ids"] == ["1"]
    assert times(warning)["opened_at"] == AGAIN + HOUR


def test_anchor_is_not_the_payment() -> None:
    """Another payment time leaves the warning as it is: its anchor is the upload."""
    before = judge(used_twice(), LATER).one(RULE)
    moved = order("2", recipient=BORIS, updated_at=AGAIN + HOUR, paid_at=PAID - HOUR)
    after = judge([*used_twice(), moved], LATER).one(RULE)
    assert after["warning_id"] == before["warning_id"]
    assert after["revision"] == before["revision"]
