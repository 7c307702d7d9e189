"""The figures of the checks, on both sides: windows, tolerances, lengths, how many times."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from figures.tables import CHECKS, LESSER, PLATFORMS, TOLERANCE, read
from support.builders import (
    ANNA,
    BORIS,
    DAY,
    GUANGZHOU,
    HOUR,
    LATER,
    MINUTE,
    NUMBER,
    PAID,
    PICKED,
    UPLOADED,
    US,
    Message,
    judge,
    order,
    picked_up,
    record,
    times,
    upload,
)
from support.stories import TROUBLES
from support.stories import on as on_by_choice
from support.troubles import quiet, travels

from streams.profiles.loader import load

CELLS = [
    pytest.param(row["rule"], platform, row[platform] != "–", id=f"{row['rule']}-{platform}")
    for row in read(CHECKS)
    for platform in PLATFORMS
]
WORDS = {row["rule"]: row for row in read(CHECKS)}
WINDOW = 30 * DAY


@pytest.mark.parametrize(("rule", "platform", "on"), CELLS)
def test_which_platform_has_which_check(rule: str, platform: str, on: bool) -> None:
    """The profile has the rule or not, and the history that raises it raises it there only."""
    profile = load().at(platform, 1_795_140_000_000_000)
    assert (rule in on_by_choice(profile)) is on
    if rule in TROUBLES:
        assert bool(judge(TROUBLES[rule](platform), LATER).of(rule)) is on


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_honest_parcel_has_none(platform: str) -> None:
    """The histories above raise what they raise by one difference each."""
    assert judge(quiet(platform), LATER).newest == {}


@pytest.mark.parametrize("platform", ["douyin", "tmall"])
def test_which_two_recipients_are_two_by_address(platform: str) -> None:
    """Another address differs, whoever lives there; another person at one address does not."""
    address = {**ANNA, "address_key": "elsewhere"}
    person = {**ANNA, "person_key": "somebody"}
    assert used_again(platform, WINDOW, address)
    assert not used_again(platform, WINDOW, person)


def test_which_two_recipients_are_two_by_person() -> None:
    """The brief asks who, not where."""
    assert not used_again("brief", WINDOW, {**ANNA, "address_key": "elsewhere"})
    assert used_again("brief", WINDOW, {**ANNA, "person_key": "somebody"})


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("apart", "again"), [(WINDOW, True), (WINDOW + US, False)])
def test_a_number_may_be_used_again_after_30_days(
    platform: str, apart: timedelta, again: bool
) -> None:
    """30 days are still reuse, a microsecond more is not, though the number never rested."""
    assert used_again(platform, apart, BORIS) is again


def used_again(platform: str, apart: timedelta, other: Message) -> bool:
    """Whether a second recipient's use is warned of, with a scan between so that one life lasts."""
    story = [order("1", platform=platform), order("2", recipient=other, platform=platform)]
    story += [upload("1", platform=platform), record("exception", UPLOADED + apart / 2)]
    story += [upload("2", UPLOADED + apart, platform=platform)]
    return bool(judge(story, UPLOADED + apart).of("duplicate_tracking_number"))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("number", "malformed"),
    [
        ("48307", True),
        ("483071", False),
        ("48307" * 7, False),
        ("48307" * 7 + "9", True),
        ("78-30", True),
        ("783-30", False),
        ("00000000", True),
        ("0-0-0-0-0-0", True),
        ("00000001", False),
        ("aaaaaa", True),
        ("123456", True),
        ("1234567890123", True),
        ("12-34-56-78", True),
        ("1234567890124", False),
        ("01234567", False),
        ("TEST483071", True),
        ("48contest71", True),
        ("48te-st71", False),
        ("7812345678901_", True),
        ("7812345678901/2", True),
        ("78123号", True),
        ("ＳＦ１０１１７３３２", False),
        ("sf 101 173\t32", False),
        ("JD0012345678-1-2", False),
    ],
)
def test_what_a_number_may_look_like(platform: str, number: str, malformed: bool) -> None:
    """Six to 35 characters A–Z 0–9 and hyphens, after normalising; no test, no filler, no 123…"""
    story = [order(platform=platform), upload("1", number=number, platform=platform)]
    found = judge([*story, *travels(number)], LATER).of("malformed_tracking_number", "violation")
    assert bool(found) is malformed


@pytest.mark.parametrize("platform", [*PLATFORMS, "tiktok-us"])
@pytest.mark.parametrize(
    ("carrier", "number", "noticed"),
    [
        ("ups", "1Z5R89390357567127", False),
        ("ups", "1Z5R89390357567128", True),
        ("zto", "1Z5R89390357567128", False),
        ("sf", "99", False),
    ],
)
def test_a_number_that_merely_does_not_fit(
    platform: str, carrier: str, number: str, noticed: bool
) -> None:
    """An international carrier's wrong check digit is worth a notice; who publishes no format is
    never judged by one."""
    story = [order(platform=platform), upload("1", number=number, carrier=carrier)]
    found = judge(story, UPLOADED).of("malformed_tracking_number", "notice")
    assert [one["severity"] for one in found] == ["info"] * noticed


def paid_late(platform: str, first: str, early: timedelta, **fields: str) -> bool:
    """Whether a parcel first heard of `early` before the payment is warned of."""
    story = [order(platform=platform, **fields), upload("1", platform=platform)]
    story += [record(first, PAID - early, location=GUANGZHOU), *travels()]
    return bool(judge(story, LATER).of("tracked_before_paid"))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_five_minutes_between_payment_and_pickup(platform: str) -> None:
    """Five minutes are clock skew, one microsecond more is not."""
    assert not paid_late(platform, "picked_up", TOLERANCE)
    assert paid_late(platform, "picked_up", TOLERANCE + US)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("status", ["in_transit", "hub", "exception"])
def test_whose_first_record_counts(platform: str, status: str) -> None:
    """Any record on Douyin, the pickup alone elsewhere."""
    any_record = WORDS["tracked_before_paid"][platform].startswith("any record")
    assert paid_late(platform, status, TOLERANCE + US) is any_record
    assert not paid_late(platform, status, TOLERANCE)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_printed_label_is_no_record(platform: str) -> None:
    """A number may well be made before the buyer pays."""
    assert not paid_late(platform, "ordered", DAY)
    assert not paid_late(platform, "unknown", DAY)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_which_payment_counts(platform: str) -> None:
    """Between deposit and final payment: too early on Douyin, in time where the first counts."""
    final = PAID + 3 * DAY
    fields = {"presale": "deposit", "final_paid_at": final, "updated_at": final}
    story = [order(platform=platform, promised_ship_by=final + 2 * DAY, **fields)]
    story += [upload("1", platform=platform), *travels()]
    by_final = WORDS["tracked_before_paid"][platform].endswith("final payment")
    assert bool(judge(story, LATER).of("tracked_before_paid")) is by_final


@pytest.mark.parametrize("platform", PLATFORMS)
def test_three_times_the_same_node(platform: str) -> None:
    """Twice is a slip, three times are a pattern; it holds from the third on."""
    story = [*quiet(platform)]
    nodes = [
        record("in_transit", PICKED + n * HOUR, location=GUANGZHOU, description="运输中")
        for n in (6, 7, 8)
    ]
    assert judge([*story, *nodes[:2]], LATER).of("repeated_track") == []
    warning = judge([*story, *nodes], LATER).one("repeated_track")
    assert times(warning)["opened_at"] == PICKED + 8 * HOUR


@pytest.mark.parametrize("platform", ["douyin", "tmall"])
@pytest.mark.parametrize(("records", "cloned"), [(3, False), (4, True)])
def test_four_records_make_a_track(platform: str, records: int, cloned: bool) -> None:
    """Three equal records happen to parcels that travel together, four are compared."""
    other = "78123456789029"
    story = [order("1", platform=platform), order("2", recipient=BORIS, platform=platform)]
    story += [upload("1", platform=platform), upload("2", number=other, platform=platform)]
    for number in (NUMBER, other):
        story += [*travels(number)[: records - 1], travels(number)[-1]]
    found = judge(story, LATER).of("cloned_track")
    named = sorted(one["order_ids"] for one in found)
    assert named == ([["1"], ["2"]] if cloned else [])


@pytest.mark.parametrize(
    ("late", "fires"), [(timedelta(0), False), (US, True), (3 * HOUR, True), (-MINUTE, False)]
)
def test_late_is_after_the_promise(late: timedelta, fires: bool) -> None:
    """Another number at the promise itself is in time, a microsecond later it is not."""
    story = [order(), upload("1", UPLOADED, "78123456789029")]
    story += [upload("1", PAID + 48 * HOUR + late)]
    assert bool(judge(story, LATER).of("reshipped_while_late")) is fires


@pytest.mark.parametrize(("early", "moved"), [(TOLERANCE, True), (TOLERANCE + US, False)])
def test_what_moved_before_the_payment_is_another_parcels(early: timedelta, moved: bool) -> None:
    """A scan up to five minutes before the payment shows that the first number moved."""
    story = [order(), upload("1", UPLOADED, "78123456789029")]
    story += [picked_up(PAID - early, "78123456789029"), upload("1", PAID + 50 * HOUR)]
    assert bool(judge(story, LATER).of("reshipped_while_late")) is not moved


SEVERITIES = [
    (rule, LESSER.get(rule, "critical")) for rule in TROUBLES if rule != "address_mismatch"
]
"""Of a mismatch there are two; the next test has them."""


@pytest.mark.parametrize(("rule", "severity"), SEVERITIES)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_how_severe(platform: str, rule: str, severity: str) -> None:
    """Critical, except for a repeated track."""
    found = judge(TROUBLES[rule](platform), LATER).of(rule)
    assert {one["severity"] for one in found} <= {severity}
    assert found or platform != "douyin"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("told", "severity"),
    [
        ({"province": "浙江省", "city": "深圳市"}, "critical"),
        ({"province": "广东省", "city": "广州市"}, "warning"),
        ({"address_key": "elsewhere"}, "warning"),
        ({"province": "浙江省", "address_key": "elsewhere"}, "critical"),
    ],
)
def test_how_severe_another_address_is(platform: str, told: Message, severity: str) -> None:
    """Another province is strong, another city or address in it is not."""
    story = [*quiet(platform), record("unknown", PICKED + 46 * HOUR, recipient=told)]
    assert judge(story, LATER).one("address_mismatch")["severity"] == severity


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("method", ["self_delivery", "self_pickup", "virtual"])
@pytest.mark.parametrize("rule", TROUBLES)
def test_no_carrier_no_rule(rule: str, method: str, platform: str) -> None:
    """What is not sent by carrier is not judged, by any rule."""
    story = TROUBLES[rule](platform, delivery_method=method)
    assert judge(story, LATER).newest == {}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("rule", TROUBLES)
def test_a_check_has_no_deadline_of_its_own(rule: str, platform: str) -> None:
    """The texts name no time to put a check right: none is made up."""
    if rule not in WORDS:
        return
    deadlines = {one["deadline"] for one in judge(TROUBLES[rule](platform), LATER).of(rule)}
    assert deadlines <= {None}


def test_when_each_text_came_into_force() -> None:
    """Douyin 2026-07-09, Tmall 2026-04-09, the brief 2023: midnight in Beijing."""
    since = {
        profile.platform: profile.effective_from
        for profile in load().all
        if profile.platform in PLATFORMS
    }
    spelt = {"douyin": "2026-07-09", "tmall": "2026-04-09", "brief": "2023-01-01"}
    for platform, day in spelt.items():
        start = datetime.fromisoformat(f"{day}T00:00:00+08:00")
        assert since[platform] == int(start.timestamp()) * 1_000_000
