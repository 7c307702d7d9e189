"""The frozen calendars: what they hold, and what profiles make of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from streams.profiles.calendars import calendar, names
from streams.profiles.loader import ProfileError, load, read
from streams.rules.business_days import BusinessDays

DAYS = """\
extends = "douyin-2026-07-09"
id = "own-2026"
default_promise_hours = "off"

[business_days]
promise_days = 1
zone = "Asia/Shanghai"
week = ["mon", "tue", "wed", "thu", "fri"]
calendar = "cn"
"""


def test_there_are_five() -> None:
    """Each with its first and last day, and no day that is both off and worked."""
    assert names() == ("cn", "gb-eng", "th", "us-federal", "vn")
    for name in names():
        known = calendar(name)
        assert known.first == date(2026, 1, 1)
        assert not known.holidays & known.working_days
        assert known.source_url.startswith("https://")
    last = {name: calendar(name).last.year for name in names()}
    assert last == {"cn": 2026, "gb-eng": 2028, "th": 2027, "us-federal": 2028, "vn": 2027}
    with pytest.raises(KeyError):
        calendar("mars")


def test_china_works_some_weekends() -> None:
    """Spring Festival 2026 has nine days, which a Saturday before and one after make up for."""
    known = calendar("cn")
    assert {date(2026, 2, day) for day in range(15, 24)} <= known.holidays
    assert {date(2026, 2, 14), date(2026, 2, 28)} <= known.working_days


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("vn", date(2026, 2, 17)),  # Tet
        ("vn", date(2026, 9, 2)),  # National Day
        ("th", date(2026, 4, 13)),  # Songkran
        ("th", date(2026, 12, 7)),  # in lieu of the 5th, a Saturday
        ("gb-eng", date(2026, 12, 28)),  # Boxing Day is a Saturday
        ("gb-eng", date(2027, 3, 26)),  # Good Friday
        ("us-federal", date(2026, 7, 3)),  # Independence Day is a Saturday
    ],
)
def test_days_off(name: str, day: date) -> None:
    """One of each kind."""
    assert day in calendar(name).holidays


def test_childrens_day_is_worked_in_thailand() -> None:
    """The library has it among the holidays."""
    assert date(2026, 1, 10) not in calendar("th").holidays


def test_the_us_calendar_has_the_days_of_tiktok_us() -> None:
    """Whose rows stay in the profile, and are weekdays alone."""
    days = load().named("tiktok-us-2026")
    assert days is not None
    promise = days.terms.default_promise
    assert isinstance(promise, BusinessDays)
    weekdays = {day for day in calendar("us-federal").holidays if day.weekday() < 5}
    assert promise.holidays == weekdays


def days_of(folder: Path, text: str) -> BusinessDays:
    """The business days of a profile file."""
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    promise = read(path).terms.default_promise
    assert isinstance(promise, BusinessDays)
    return promise


def test_the_profile_has_the_last_word(tmp_path: Path) -> None:
    """A day that it calls worked is no holiday of the calendar's, and the other way round."""
    plain = days_of(tmp_path, DAYS)
    assert plain.holidays == calendar("cn").holidays
    assert plain.working_days == calendar("cn").working_days
    more = "[[business_days.holidays]]\nname = 'ours'\ndays = [2026-02-28]\n"
    own = days_of(tmp_path, f"{DAYS}working_days = [2026-10-05]\n{more}")
    assert own.holidays == calendar("cn").holidays - {date(2026, 10, 5)} | {date(2026, 2, 28)}
    assert own.working_days == calendar("cn").working_days - {date(2026, 2, 28)} | {
        date(2026, 10, 5)
    }


def test_a_calendar_that_is_none_is_named(tmp_path: Path) -> None:
    """With those that there are."""
    path = tmp_path / "own.toml"
    path.write_text(DAYS.replace('"cn"', '"mars"'), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert f"{path}:9: business_days.calendar: 'mars' is no calendar; allowed: cn, gb" in problem
