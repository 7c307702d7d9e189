"""`malformed_tracking_number`: the number cannot be a real one."""

from __future__ import annotations

from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    UPLOADED,
    US,
    Message,
    arriving,
    judge,
    order,
    release,
    times,
    upload,
)
from support.parcels import clocks_of, proofs_of
from support.troubles import travels

from streams.rules.episodes import Check
from streams.rules.malformed_tracking_number import MalformedTrackingNumber, fault_of

RULE = "malformed_tracking_number"
BAD = "TEST123456"


def story(platform: str, **fields: Any) -> list[Message]:
    """Somebody typed eight zeros."""
    number = "00000000"
    story = [order(platform=platform, **fields), upload("1", number=number, platform=platform)]
    return [*story, *travels(number)]


def numbered(number: str = BAD, **fields: Any) -> list[Message]:
    """One order whose only parcel has the number."""
    return [order(**fields), upload("1", number=number)]


def test_fires_from_the_upload_on() -> None:
    """Open from the upload, critical, without a deadline; what is wrong is said."""
    warning = judge(numbered(), LATER).one(RULE)
    assert (warning["state"], warning["severity"]) == ("open", "critical")
    assert (warning["tracking_number"], warning["order_ids"]) == (BAD, ["1"])
    assert warning["evidence"]["detail"] == "test"
    assert times(warning) == {
        "opened_at": UPLOADED,
        "deadline": None,
        "breached_at": None,
        "resolved_at": None,
    }


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("12345", "too_short"),
        ("135790", None),
        ("7" * 34 + "1", None),
        ("7" * 35 + "1", "too_long"),
        ("YT#123456", "character"),
        ("ＹT123457", "character"),
        ("YT单123456", "character"),
        ("yt123457", "character"),
        ("YT-123457", None),
        ("7.81235E+13", "scientific"),
        ("7E+13", "scientific"),
        ("78.1E+13", "character"),
        ("7.81235E13", "character"),
        ("78123456789012,78123456789013", "several"),
        ("78123456789012;78123456789013,78123456789014", "several"),
        ("78123456789012、78123456789013", "several"),
        ("78123456789012|78123456789013;", "several"),
        ("78123456789012/78123456789013", "several"),
        ("78123456789012,1", "character"),
        ("78123456789012\u2800", "invisible"),
        ("78123456789012\ufe0f", "invisible"),
        ("ATESTB1", "test"),
        ("TES-T123", None),
        ("000000000", "one_character"),
        ("000000001", None),
        ("A-A-A-A-A", "one_character"),
        ("------", "one_character"),
        ("123456", "run"),
        ("1234567890", "run"),
        ("12345678901234", "run"),
        ("12-34-56-78-90-12-3", "run"),
        ("1234567891", None),
        ("0123456789", None),
        ("X1234567890", None),
    ],
)
def test_what_can_be_no_number(number: str, fault: str | None) -> None:
    """Both sides of each boundary; hyphens stay, but count neither as a character nor in a run."""
    assert fault_of(number) == fault


def test_it_is_the_normalised_number_that_counts() -> None:
    """Spaces, full width and lower case are how people type, not what the number is."""
    assert judge(numbered(" ｙt 12 34 57 "), LATER).of(RULE) == []
    assert judge(numbered("te st123456"), LATER).one(RULE)["tracking_number"] == BAD


def test_stays_quiet_for_a_real_number() -> None:
    """Nothing for a number that looks like one."""
    assert judge(numbered("78123456789012"), LATER).states(RULE) == []


def test_it_ends_with_the_last_order() -> None:
    """One check a parcel: it holds until the latest end; a release at the upload says nothing."""
    both = [order(), order("2"), upload(["1", "2"], number=BAD)]
    one = judge([*both, release("1", UPLOADED + HOUR, number=BAD)], LATER).one(RULE)
    assert (one["state"], one["order_ids"]) == ("open", ["2"])
    closed = order("2", state="closed", updated_at=UPLOADED + DAY)
    warning = judge([*both, closed], LATER).one(RULE)
    assert (warning["state"], warning["order_ids"]) == ("open", ["1", "2"])
    gone = order("1", state="closed", updated_at=UPLOADED + 2 * DAY)
    warning = judge([*both, closed, gone], LATER).one(RULE)
    assert times(warning)["resolved_at"] == UPLOADED + 2 * DAY
    assert judge([*numbered(), release("1", UPLOADED, number=BAD)], LATER).of(RULE) == []
    barely = judge([*numbered(), release("1", UPLOADED + US, number=BAD)], LATER).one(RULE)
    assert times(barely)["resolved_at"] == UPLOADED + US


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, upload and release in any order: one warning, one id."""
    messages = [*numbered(), release("1", UPLOADED + HOUR, number=BAD)]
    wanted = judge(messages, LATER).one(RULE)
    for places in permutations(range(3)):
        sent = [
            arriving(message, UPLOADED + (2 + place) * HOUR)
            for message, place in zip(messages, places, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_a_late_earlier_upload_moves_the_anchor() -> None:
    """The earliest upload is the anchor: known later, the old warning gives way to a new one."""
    sent = [*numbered(), arriving(upload("1", UPLOADED - HOUR, number=BAD), UPLOADED + DAY)]
    outcome = judge(sent, LATER)
    assert times(outcome.one(RULE))["opened_at"] == UPLOADED - HOUR
    assert len(outcome.withdrawn(RULE)) == 1


def test_repeated_records_change_nothing() -> None:
    """The same history twice: the same revisions."""
    assert judge(numbered() * 2, LATER).log == judge(numbered(), LATER).log


def test_an_order_that_is_not_judged_has_no_number() -> None:
    """A virtual order's placeholder is nobody's risk."""
    assert judge(numbered(delivery_method="virtual"), LATER).of(RULE) == []


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
def test_on_everywhere(platform: str) -> None:
    """Every built-in profile judges it, as critical."""
    assert judge(numbered(platform=platform), LATER).one(RULE)["severity"] == "critical"


def test_id_is_made_from_the_facts() -> None:
    """Rule, stage, platform, parcel and the earliest upload make the id."""
    text = f"{RULE}|violation|douyin|parcel:zto:{BAD}|2026-11-20T04:00:00.000000Z"
    wanted = sha256(text.encode()).hexdigest()[:32]
    assert judge(numbered(), LATER).one(RULE)["warning_id"] == wanted


def test_evidence_names_the_upload() -> None:
    """The fact that linked the lead order."""
    assert proofs_of(RULE, numbered(), LATER) == [
        [("tracking-update", 1, 101, "ordered", UPLOADED)],
    ]


def checks(rule: MalformedTrackingNumber, carrier: str, number: str) -> tuple[Check, ...]:
    """What a rule sees in a parcel of a carrier."""
    return clocks_of(rule, [order(), upload("1", number=number, carrier=carrier)])


NOTICE = MalformedTrackingNumber(notice=True, rectify_within=5)


def test_notice_where_a_number_does_not_fit_its_carrier() -> None:
    """Information, at a stage of its own; nothing for a number that fits, and only if turned on."""
    (check,) = checks(NOTICE, "ups", "1Z999AA10123456785")
    assert (check.stage, check.severity, check.detail) == ("notice", "info", "format")
    assert (check.anchor, check.rectify_within) == (check.holds_from, 5)
    assert checks(NOTICE, "ups", "1Z999AA10123456784") == ()
    assert checks(MalformedTrackingNumber(), "ups", "1Z999AA10123456785") == ()


def test_no_notice_where_nobody_knows_the_format() -> None:
    """Chinese carriers publish none: what is not known is never accused."""
    for carrier in ("zto", "yto", "sf", "jd", "nobody"):
        assert checks(NOTICE, carrier, "X123456789") == ()


def test_a_number_that_cannot_be_real_gets_no_notice_on_top() -> None:
    """One warning a number: the graver one."""
    (check,) = checks(NOTICE, "ups", BAD)
    assert (check.stage, check.severity) == ("violation", "critical")
