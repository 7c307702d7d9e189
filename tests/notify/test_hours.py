"""Fixed local times and quiet hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from streams.facts.times import from_datetime
from streams.notify.hours import minute, next_of, quiet, quiet_until

BEIJING, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = BEIJING) -> int:
    """A local time as µs."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=zone))


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-21T08:59:59", "2026-11-21T09:00"),
        ("2026-11-21T09:00:00", "2026-11-21T09:00"),
        ("2026-11-21T09:00:01", "2026-11-21T18:30"),
        ("2026-11-21T18:30:01", "2026-11-22T09:00"),
    ],
)
def test_the_next_digest_is_the_first_that_is_not_over(now: str, then: str) -> None:
    """At its very moment it is that one."""
    assert next_of([minute("09:00"), minute("18:30")], at(now), BEIJING) == at(then)


@pytest.mark.parametrize(
    ("spans", "now", "then"),
    [
        (["22:00-08:00"], "2026-11-21T21:59:59", "2026-11-21T21:59:59"),
        (["22:00-08:00"], "2026-11-21T22:00:00", "2026-11-22T08:00"),
        (["22:00-08:00"], "2026-11-22T07:59:59", "2026-11-22T08:00"),
        (["22:00-08:00"], "2026-11-22T08:00:00", "2026-11-22T08:00:00"),
        (["12:00-14:00"], "2026-11-22T12:30:00", "2026-11-22T14:00"),
        (["22:00-00:00", "00:00-06:00"], "2026-11-21T23:00:00", "2026-11-22T06:00"),
    ],
)
def test_quiet_hours_end(spans: list[str], now: str, then: str) -> None:
    """Over midnight too, and those that touch are one."""
    assert quiet_until([quiet(each) for each in spans], at(now), BEIJING) == at(then)


def test_clocks_that_change_move_no_digest_away() -> None:
    """In New York 02:30 is missing on 8 March 2026, and 01:30 is there twice on 1 November."""
    missing = next_of([minute("02:30")], at("2026-03-08T00:00", NEW_YORK), NEW_YORK)
    assert missing == at("2026-03-08T03:30", NEW_YORK)
    twice = next_of([minute("01:30")], at("2026-11-01T00:00", NEW_YORK), NEW_YORK)
    assert twice == at("2026-11-01T01:30", NEW_YORK)
    assert next_of([minute("01:30")], twice + 1, NEW_YORK) == at("2026-11-02T01:30", NEW_YORK)


@pytest.mark.parametrize("text", ["9:00", "24:00", "09:60", "", "0900"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    """With what is allowed."""
    with pytest.raises(ValueError, match="HH:MM"):
        minute(text)


@pytest.mark.parametrize("text", ["22:00", "22:00-", "08:00-08:00"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """Also one that would never end."""
    with pytest.raises(ValueError, match=r"22:00|08:00|HH:MM"):
        quiet(text)
