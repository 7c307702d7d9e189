"""`[business_days]` in a profile file: what it may say, and what it makes of orders."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from support.builders import CHINA, PAID, judge, order, times, upload, us
from support.packs import Judging
from support.replaying import arrival_of

from streams.profiles.loader import ProfileError, load, read
from streams.rules.business_days import BusinessDays

HEAD = 'extends = "douyin-2026-07-09"\nid = "douyin-2026-10-01"\n'
OWN = HEAD + "effective_from = 2026-10-01T00:00:00+08:00\n"
TABLE = """\
default_promise_hours = "off"

[business_days]
promise_days = 1
zone = "Asia/Shanghai"
week = ["mon", "tue", "wed", "thu", "fri"]
cut_off = 14:00:00
ends_at = 18:00:00
working_days = [2026-11-22]

[[business_days.holidays]]
name = "ours"
source_url = "https://example.com/holidays"
days = [2026-11-23, 2026-11-24]
"""
DAYS = {
    "Thursday, in time": (datetime(2026, 11, 19, 14, tzinfo=CHINA), 20),
    "Thursday, too late": (datetime(2026, 11, 19, 14, 0, 1, tzinfo=CHINA), 22),
    "Friday": (PAID, 22),
    "the Sunday that is worked": (datetime(2026, 11, 22, 9, tzinfo=CHINA), 25),
}


def written(folder: Path, text: str, name: str = "own.toml") -> Path:
    """A profile file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_it_is_taken_as_it_is_said(tmp_path: Path) -> None:
    """All of its fields."""
    days = read(written(tmp_path, OWN + TABLE)).terms.default_promise
    assert isinstance(days, BusinessDays)
    assert (days.promise_days, str(days.zone), days.week) == (1, "Asia/Shanghai", set(range(5)))
    assert (days.cut_off, days.ends_at) == (time(14), time(18))
    assert days.holidays == {date(2026, 11, 23), date(2026, 11, 24)}
    assert days.working_days == {date(2026, 11, 22)}


@pytest.mark.parametrize(("paid", "day"), DAYS.values(), ids=list(DAYS))
def test_an_order_without_a_promise_is_due_by_it(tmp_path: Path, paid: datetime, day: int) -> None:
    """And a further number after that is one too late."""
    written(tmp_path, OWN + TABLE)
    due = datetime(2026, 11, day, 18, tzinfo=CHINA)
    judging = Judging(tmp_path)
    history = [
        order(paid=paid, promised_ship_by=None),
        upload("1", paid + timedelta(hours=1), "78123456789029"),
        upload("1", due + timedelta(microseconds=1)),
    ]
    judging.feed(sorted(history, key=arrival_of), due + timedelta(days=1))
    found = {one["rule"]: one for one in judging.standing()}
    assert times(found["ship_overdue"])["breached_at"] == due
    assert "reshipped_while_late" in found


def test_a_number_in_time_is_no_second_one(tmp_path: Path) -> None:
    """At the deadline itself nothing is late."""
    written(tmp_path, OWN + TABLE)
    due = datetime(2026, 11, 22, 18, tzinfo=CHINA)
    judging = Judging(tmp_path)
    history = [order(promised_ship_by=None), upload("1", PAID + timedelta(hours=1), "78123456789")]
    judging.feed([*history, upload("1", due)], due + timedelta(days=1))
    assert "reshipped_while_late" not in {one["rule"] for one in judging.standing()}


def test_a_promise_of_the_orders_own_stays() -> None:
    """The platform has counted its days already."""
    paid = datetime(2026, 11, 6, 12, tzinfo=CHINA)
    warning = judge([order(paid=paid, platform="tiktok-us")], paid + timedelta(days=9)).one(
        "ship_overdue"
    )
    assert times(warning)["deadline"] == paid + timedelta(hours=48)


@pytest.mark.parametrize(
    ("row", "hours"),
    [
        ('weekdays = ["sat"]\nzone = "Asia/Shanghai"\n', 0),
        ('days = [2026-11-21]\nzone = "Asia/Shanghai"\n', 0),
        ('days = [2026-11-21]\nzone = "Asia/Shanghai"\npromises = true\n', 24),
        ("from = 2026-11-21T00:00:00+08:00\nto = 2026-11-21T06:00:00+08:00\n", 6),
    ],
)
def test_days_are_not_left_out_twice(tmp_path: Path, row: str, hours: int) -> None:
    """Rows of days hold no clock whose business days are counted, a flood does."""
    written(tmp_path, OWN + TABLE + '[[exemptions]]\nname = "row"\n' + row)
    judging = Judging(tmp_path)
    judging.feed([order(promised_ship_by=None)], PAID + timedelta(days=9))
    (warning,) = (one for one in judging.standing() if one["rule"] == "ship_overdue")
    due = datetime(2026, 11, 22, 18, tzinfo=CHINA) + timedelta(hours=hours)
    assert times(warning)["deadline"] == due


def test_rows_of_holidays_are_added_and_replaced_by_name(tmp_path: Path) -> None:
    """An operator's own holidays join the built-in ones; a row of their name takes its place."""
    rows = '[[business_days.holidays]]\nname = "{}"\ndays = [2027-07-06]\n'
    written(tmp_path, 'extends = "tiktok-us-2026"\n' + rows.format("ours"))
    added = load([tmp_path]).at("tiktok-us", us(PAID)).terms.default_promise
    written(tmp_path, 'extends = "tiktok-us-2026"\n' + rows.format("us-federal-2027"))
    replaced = load([tmp_path]).at("tiktok-us", us(PAID)).terms.default_promise
    assert isinstance(added, BusinessDays)
    assert isinstance(replaced, BusinessDays)
    assert added.holidays - replaced.holidays >= {date(2027, 1, 1), date(2027, 12, 31)}
    assert date(2027, 7, 6) in added.holidays & replaced.holidays


def test_hours_take_the_place_of_days(tmp_path: Path) -> None:
    """Where the days are taken away."""
    text = 'extends = "tiktok-us-2026"\ndefault_promise_hours = 72\nbusiness_days = "off"\n'
    written(tmp_path, text)
    assert load([tmp_path]).at("tiktok-us", us(PAID)).terms.default_promise == 72 * 3_600_000_000


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("promise_days = 1", "promise_days = -1", 7, "promise_days: Input should be greater"),
        ("promise_days = 1", "promise_days = 1.5", 7, "promise_days: Input should be a valid int"),
        ("promise_days = 1\n", "", 6, "business_days.promise_days: Field required"),
        ('"Asia/Shanghai"', '"Asia/Peking"', 8, "zone: 'Asia/Peking' is no time zone; allowed: "),
        ('"mon", ', '"mo", ', 9, "week: 'mo' is no weekday; allowed: mon, tue"),
        ('["mon", "tue", "wed", "thu", "fri"]', "[]", 9, "week: List should have at least 1"),
        ("14:00:00", "14", 10, "cut_off: Input should be a valid time (found 14)"),
        ("ends_at", "end_at", 11, "end_at: there is no such field; did you mean ends_at?"),
        ("[2026-11-22]", "[2026-11-24]", 6, "2026-11-24 is in working_days and a holiday of 'ours"),
        ("[2026-11-22]", '["sunday"]', 12, "working_days.0: Input should be a valid date"),
        ("days = [2026-11-23, ", "days = [1, ", 17, "holidays.0.days.0: Input should be a valid d"),
        ('"off"', "48", 6, "business_days: working days here, and 48 in default_promise_hours; "),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, before: str, after: str, line: int, problem: str
) -> None:
    """File, line and field."""
    assert TABLE.count(before) == 1
    path = written(tmp_path, OWN + TABLE.replace(before, after))
    with pytest.raises(ProfileError) as caught:
        read(path)
    (found,) = caught.value.problems
    assert found.startswith(f"{path}:{line}: ")
    assert problem in found


def test_two_rows_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    """Which of them counts would be chance."""
    path = written(tmp_path, OWN + TABLE + TABLE[TABLE.index("[[") :])
    with pytest.raises(ProfileError, match="holidays") as caught:
        read(path)
    assert "'ours' is the name of two rows" in caught.value.problems[0]
