"""Working days: where the day of the payment, a cut-off, weekends, holidays and DST draw lines."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.builders import us

from streams.facts.times import to_datetime
from streams.rules.business_days import BusinessDays
from streams.rules.lanes import Lanes
from streams.rules.terms import Terms

PACIFIC, HANOI, BEIJING = (
    ZoneInfo(name) for name in ("America/Los_Angeles", "Asia/Ho_Chi_Minh", "Asia/Shanghai")
)
WEEK = frozenset(range(5))
END = time(23, 59, 59)
US_DAYS = BusinessDays(
    2, PACIFIC, WEEK, END, holidays=frozenset((date(2026, 11, 26), date(2026, 12, 25)))
)
SAME_DAY = BusinessDays(0, HANOI, frozenset(range(6)), END, cut_off=time(14))
SPRING = BusinessDays(
    1,
    BEIJING,
    WEEK,
    time(18),
    holidays=frozenset(date(2026, 2, 15) + timedelta(n) for n in range(9)),
    working_days=frozenset((date(2026, 2, 14), date(2026, 2, 28))),
)
MICROSECOND = timedelta(microseconds=1)


def due(days: BusinessDays, start: str) -> str:
    """The deadline of a payment, both in the profile's own time."""
    moment = datetime.fromisoformat(start).replace(tzinfo=days.zone)
    found = days.due(us(moment))
    assert found is not None
    return to_datetime(found).astimezone(days.zone).isoformat(" ")[:19]


@pytest.mark.parametrize(
    ("days", "start", "end"),
    [
        # the day of the payment: its first and its last moment
        (US_DAYS, "2026-10-05 00:00:00", "2026-10-07 23:59:59"),
        (US_DAYS, "2026-10-05 23:59:59.999999", "2026-10-07 23:59:59"),
        (US_DAYS, "2026-10-06 00:00:00", "2026-10-08 23:59:59"),
        # a weekend: within the count, at its ends, and Monday after it
        (US_DAYS, "2026-10-02 23:59:59.999999", "2026-10-06 23:59:59"),
        (US_DAYS, "2026-10-03 00:00:00", "2026-10-07 23:59:59"),
        (US_DAYS, "2026-10-04 23:59:59.999999", "2026-10-07 23:59:59"),
        # a holiday: before it, on it, after it
        (US_DAYS, "2026-11-24 12:00:00", "2026-11-27 23:59:59"),
        (US_DAYS, "2026-11-25 12:00:00", "2026-11-30 23:59:59"),
        (US_DAYS, "2026-11-26 12:00:00", "2026-12-01 23:59:59"),
        (US_DAYS, "2026-11-27 12:00:00", "2026-12-01 23:59:59"),
        # a holiday and a weekend in a row
        (US_DAYS, "2026-12-24 12:00:00", "2026-12-29 23:59:59"),
        (US_DAYS, "2026-12-25 12:00:00", "2026-12-30 23:59:59"),
        # paid until the cut-off: the same day; later, the next day; Saturday is worked
        (SAME_DAY, "2026-10-09 13:59:59", "2026-10-09 23:59:59"),
        (SAME_DAY, "2026-10-09 14:00:00", "2026-10-09 23:59:59"),
        (SAME_DAY, "2026-10-09 14:00:00.000001", "2026-10-10 23:59:59"),
        (SAME_DAY, "2026-10-10 14:00:00", "2026-10-10 23:59:59"),
        (SAME_DAY, "2026-10-10 14:00:00.000001", "2026-10-12 23:59:59"),
        (SAME_DAY, "2026-10-11 10:00:00", "2026-10-12 23:59:59"),
        (SAME_DAY, "2026-10-11 20:00:00", "2026-10-12 23:59:59"),
        # the last working day before a long holiday, a Saturday to make up for it, another hour
        (SPRING, "2026-02-12 10:00:00", "2026-02-13 18:00:00"),
        (SPRING, "2026-02-13 10:00:00", "2026-02-14 18:00:00"),
        (SPRING, "2026-02-14 10:00:00", "2026-02-24 18:00:00"),
        (SPRING, "2026-02-15 00:00:00", "2026-02-25 18:00:00"),
        (SPRING, "2026-02-23 23:00:00", "2026-02-25 18:00:00"),
        (SPRING, "2026-02-27 10:00:00", "2026-02-28 18:00:00"),
        (SPRING, "2026-02-28 10:00:00", "2026-03-02 18:00:00"),
    ],
)
def test_an_hour_of_the_nth_working_day_after_that_of_the_payment(
    days: BusinessDays, start: str, end: str
) -> None:
    """Both sides of each line."""
    assert due(days, start) == end


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # The clocks go forward on Sunday 2026-03-08 and back on Sunday 2026-11-01.
        (datetime(2026, 3, 6, 20, tzinfo=UTC), datetime(2026, 3, 11, 6, 59, 59, tzinfo=UTC)),
        (datetime(2026, 3, 5, 20, tzinfo=UTC), datetime(2026, 3, 10, 6, 59, 59, tzinfo=UTC)),
        (datetime(2026, 3, 4, 20, tzinfo=UTC), datetime(2026, 3, 7, 7, 59, 59, tzinfo=UTC)),
        (datetime(2026, 10, 28, 20, tzinfo=UTC), datetime(2026, 10, 31, 6, 59, 59, tzinfo=UTC)),
        (datetime(2026, 10, 30, 20, tzinfo=UTC), datetime(2026, 11, 4, 7, 59, 59, tzinfo=UTC)),
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 5, 7, 59, 59, tzinfo=UTC)),
        # Whose day it is, the zone says: 07:00 UTC is midnight in summer, an hour early in winter.
        (datetime(2026, 7, 7, 6, 59, tzinfo=UTC), datetime(2026, 7, 9, 6, 59, 59, tzinfo=UTC)),
        (datetime(2026, 7, 7, 7, tzinfo=UTC), datetime(2026, 7, 10, 6, 59, 59, tzinfo=UTC)),
        (datetime(2026, 12, 1, 7, tzinfo=UTC), datetime(2026, 12, 3, 7, 59, 59, tzinfo=UTC)),
    ],
)
def test_days_are_the_zones_also_where_clocks_change(start: datetime, end: datetime) -> None:
    """An hour more or less on the way does not move the hour of the end."""
    assert US_DAYS.due(us(start)) == us(end)


def test_a_cut_off_that_is_skipped_or_comes_twice_is_the_first() -> None:
    """01:30 comes twice on 2026-11-01: what is paid after its first time is later than it."""
    every_day = BusinessDays(0, PACIFIC, frozenset(range(7)), END, cut_off=time(1, 30))
    first = datetime(2026, 11, 1, 1, 30, tzinfo=PACIFIC)
    assert to_datetime(every_day.due(us(first)) or 0).astimezone(PACIFIC).day == 1
    assert to_datetime(every_day.due(us(first + MICROSECOND)) or 0).astimezone(PACIFIC).day == 2
    assert to_datetime(every_day.due(us(first.replace(fold=1))) or 0).astimezone(PACIFIC).day == 2


def test_there_is_no_day_after_the_last() -> None:
    """What no calendar holds is never due."""
    assert US_DAYS.due(us(datetime(9999, 12, 30, tzinfo=UTC))) is None


def test_terms_are_hours_days_or_none() -> None:
    """By whichever the profile says."""
    base = us(datetime(2026, 10, 5, 20, tzinfo=UTC))
    assert Terms(Lanes(), 5).due(base) == base + 5
    assert Terms(Lanes(), US_DAYS).due(base) == us(datetime(2026, 10, 8, 6, 59, 59, tzinfo=UTC))
    assert Terms(Lanes(), None).due(base) is None
