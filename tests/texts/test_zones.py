"""Texts say times by the clocks of the platform, and until when an appeal may be made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.builders import LATER, PAID, judge, order, us

from streams.judge.warnings import Revision
from streams.outputs.message import local, warning_value
from streams.profiles.loader import load

JULY, DECEMBER = datetime(2026, 7, 9, 20, 30, tzinfo=UTC), datetime(2026, 12, 9, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (JULY, "+08:00", "2026-07-10 04:30 (UTC+8)"),
        (JULY, "America/Los_Angeles", "2026-07-09 13:30 (UTC-7)"),
        (DECEMBER, "America/Los_Angeles", "2026-12-09 12:00 (UTC-8)"),
        (DECEMBER, "Europe/London", "2026-12-09 20:00 (UTC+0)"),
        (JULY, "Europe/London", "2026-07-09 21:30 (UTC+1)"),
        (JULY, "+05:30", "2026-07-10 02:00 (UTC+5:30)"),
    ],
)
def test_a_time_says_what_it_is_ahead_of_utc(at: datetime, zone: str, text: str) -> None:
    """By the clocks of that day."""
    assert local(us(at), zone) == text


def test_no_time_is_no_text() -> None:
    """Nor is the last hour of the calendar an error."""
    assert local(None, "America/Los_Angeles") == local(None, "+08:00") == ""
    assert local(us(datetime(9999, 12, 31, 15, 59, tzinfo=UTC)), "Pacific/Kiritimati")


def said(platform: str) -> dict[str, object]:
    """A late order's warning, with the profile that judged it."""
    paid = PAID if platform != "tiktok-us" else datetime(2026, 10, 5, 9, tzinfo=ZoneInfo("UTC"))
    (revision,) = judge([order(paid=paid, platform=platform)], LATER).log[-1:]
    return warning_value(revision, profile=load().named(revision.finding.profile))


@pytest.mark.parametrize(
    ("platform", "deadline", "days"),
    [
        ("douyin", "2026-11-22 10:00 (UTC+8)", 7),
        ("tmall", "2026-11-22 10:00 (UTC+8)", None),
        ("tiktok-us", "2026-10-07 02:00 (UTC-7)", 30),
    ],
)
def test_a_breach_says_zone_and_appeal(platform: str, deadline: str, days: int | None) -> None:
    """In both languages, and for programs."""
    value = said(platform)
    assert value["state"] == "breached"
    for language in ("zh", "en"):
        assert deadline in value["message"][language]  # type: ignore[index]
        remedy = value["remedy"][language]  # type: ignore[index]
        assert ((f"{days} 天内受理申诉" in remedy) or (f"within {days} days" in remedy)) == (
            days is not None
        )
    evidence = value["evidence"]
    zone = "America/Los_Angeles" if platform == "tiktok-us" else "+08:00"
    assert (evidence["zone"], evidence["appeal_days"]) == (zone, days)  # type: ignore[index]


def test_what_is_not_breached_has_nothing_to_appeal() -> None:
    """Nor has a warning whose profile is not at hand."""
    revision = judge([order()], PAID + timedelta(hours=40)).log[-1]
    assert revision.finding.state == "open"
    profile = load().named(revision.finding.profile)
    assert "appeal" not in warning_value(revision, profile=profile)["remedy"]["en"]
    late = judge([order()], LATER).log[-1]
    bare = warning_value(Revision("0" * 32, 1, late.finding, (), 0))
    assert "appeal" not in bare["remedy"]["en"]
    assert (bare["evidence"]["zone"], bare["evidence"]["appeal_days"]) == (None, None)
