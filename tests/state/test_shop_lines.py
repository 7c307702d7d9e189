"""Lines that platforms draw: crossed or not, and how far away, to the last order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from streams.facts.times import DAY, HOUR, from_datetime
from streams.profiles.loader import load
from streams.profiles.model import Profile
from streams.state.shop_lines import (
    DAYS,
    MEASURES,
    PAIRS,
    WHOLE,
    Counts,
    Few,
    Line,
    Meter,
    rate,
    reading,
    together,
)


def counts(**numbers: int) -> Counts:
    """Counts of a day; what is not named is zero."""
    return [numbers.get(name, 0) for name in MEASURES]


def profile(name: str) -> Profile:
    """A built-in profile."""
    return next(profile for profile in load().all if profile.id == name)


def drawn(name: str, profile_id: str = "douyin-2026-07-09") -> Line:
    """A line of a built-in profile."""
    meter = profile(profile_id).meter
    assert meter is not None
    return next(line for line in meter.lines if line.name == name)


def over(line: Line, *days: Counts) -> bool:
    """Whether the line is crossed, said as the platform says it: with fractions, day by day."""
    for n in range(line.days):
        day = days[n] if n < len(days) else counts()
        part = day[MEASURES.index(line.orders)]
        whole = day[MEASURES.index(line.among)]
        if line.few is not None and whole <= line.few.up_to:
            if part < line.few.enough:
                return False
            continue
        share = part * WHOLE - line.share * whole
        if share < 0 or (share == 0 and not line.at_least):
            return False
        if day[MEASURES.index(line.counting)] < line.least:
            return False
    return True


@pytest.mark.parametrize(
    ("name", "days", "distance"),
    [
        ("track_abnormal", [counts(abnormal=20, shipped=200)], 1),  # 10.0 % is not more than 10 %
        ("track_abnormal", [counts(abnormal=20, shipped=199)], 0),
        ("track_abnormal", [counts(abnormal=19, shipped=100)], 1),  # 19 % of too few
        ("track_abnormal", [counts(abnormal=20, shipped=100)], 0),
        ("track_abnormal", [counts(abnormal=20)], 0),  # nothing shipped: 20 are more than 10 %
        ("track_abnormal", [counts(abnormal=0, shipped=1_000)], 101),
        ("late_one_day", [counts(late=60, due=200)], 0),  # 30.0 % is reached
        ("late_one_day", [counts(late=59, due=200)], 1),
        ("late_one_day", [counts(late=199, due=199)], 1),  # one order too few is due
        ("late_one_day", [counts(late=0, due=199)], 60),  # a new one, and 59 that are due already
        ("late_one_day", [counts()], 200),
        ("late_two_days", [counts(late=80, due=200), counts(late=80, due=200)], 0),
        ("late_two_days", [counts(late=80, due=200), counts(late=79, due=200)], 1),
        ("late_two_days", [counts(late=79, due=200), counts(late=80, due=200)], 1),
        ("late_two_days", [counts(late=80, due=200)], 200),  # nothing is known of the day before
        ("late_product", [counts(late=50, due=100)], 0),
        ("late_product", [counts(late=49, due=100)], 1),
        ("late_product", [counts(late=99, due=99)], 1),
        ("out_of_stock", [counts(unshipped=30, due=100)], 1),  # 30.0 % is not more than 30 %
        ("out_of_stock", [counts(unshipped=30, due=99)], 0),
        ("out_of_stock", [counts(unshipped=29, due=40)], 1),
    ],
)
def test_douyin_lines_on_both_sides(name: str, days: list[Counts], distance: int) -> None:
    """Each figure of the platform's text, one order on either side of it."""
    found = reading(drawn(name), days)
    assert found.distance == distance
    assert found.crossed == (distance == 0) == over(drawn(name), *days)


@pytest.mark.parametrize(
    ("unshipped", "due", "crossed"),
    [(5, 100, False), (6, 100, True), (1, 20, False), (1, 19, True)],
)
def test_a_valid_tracking_rate_of_95_percent_is_kept(
    unshipped: int, due: int, crossed: bool
) -> None:
    """95.0 % is enough, less is not."""
    line = drawn("valid_tracking", "tiktok-us-2026")
    assert reading(line, [counts(unshipped=unshipped, due=due)]).crossed is crossed


@pytest.mark.parametrize(
    ("late", "due", "crossed"),
    [
        (1, 10, False),
        (2, 10, False),
        (3, 10, True),
        (3, 3, True),
        (1, 11, False),
        (2, 11, True),
        (10, 100, False),
        (11, 100, True),
    ],
)
def test_instant_retail_has_90_percent_in_time_or_two_late_of_few(
    late: int, due: int, crossed: bool
) -> None:
    """Up to ten orders due, three late are too many; of more, a tenth may be late."""
    line = drawn("late_one_day", "douyin-instant-2026-07-06")
    assert reading(line, [counts(late=late, due=due)]).crossed is crossed


@pytest.mark.parametrize(
    ("fake", "shipped", "crossed"),
    [(1, 3, False), (2, 6, True), (1, 10, False), (2, 10, True), (3, 11, False), (4, 11, True),
     (30, 100, False), (31, 100, True)],
)  # fmt: skip
def test_instant_retail_may_have_30_percent_fake(fake: int, shipped: int, crossed: bool) -> None:
    """Of more than ten shipped; of up to ten, one."""
    line = drawn("track_abnormal", "douyin-instant-2026-07-06")
    assert reading(line, [counts(abnormal=fake, shipped=shipped)]).crossed is crossed


@pytest.mark.parametrize(("late", "crossed"), [(10, False), (11, True)])
def test_tiktok_allows_a_tenth_late(late: int, crossed: bool) -> None:
    """10.0 % is not yet limited."""
    line = drawn("late_one_day", "tiktok-us-2026")
    assert reading(line, [counts(late=late, due=100)]).crossed is crossed


def worst(line: Line, day: Counts, more: int) -> bool:
    """Whether `more` further orders that go wrong can cross the line of one day."""
    part, whole = (MEASURES.index(name) for name in (line.orders, line.among))
    if not PAIRS[line.orders, line.among]:
        further = list(day)
        further[part] += more
        return over(line, further)
    for new in range(more + 1):
        further = list(day)
        further[part] += more
        further[whole] += new
        if further[part] <= further[whole] and over(line, further):
            return True
    return False


@pytest.mark.parametrize("share", [1, 3_000, 5_000, 9_999, 10_000])
@pytest.mark.parametrize("pair", sorted(PAIRS))
def test_the_distance_is_the_fewest_orders_that_cross(share: int, pair: tuple[str, str]) -> None:
    """Against trying every number of further orders, for every small day."""
    for at_least, least, among in product((True, False), (1, 4), (False, True)):
        if (share == WHOLE and not at_least) or (among and not PAIRS[pair]):
            continue
        counting = pair[1] if among else pair[0]
        line = Line("any", "shop", *pair, share, at_least, least, counting)
        for line in [replace(line, few=few) for few in (None, Few(3, 2), Few(5, 5))]:
            for part, whole in product(range(7), range(7)):
                if PAIRS[pair] and part > whole:
                    continue
                day = counts(**{pair[0]: part, pair[1]: whole})
                fewest = next(more for more in range(100) if worst(line, day, more))
                assert reading(line, [day]).distance == fewest, (line, day)


@pytest.mark.parametrize(("late", "distance"), [(98, 2), (99, 1), (100, 0), (101, 0)])
def test_a_number_of_orders_is_a_line_of_its_own(late: int, distance: int) -> None:
    """Whatever share of all they are."""
    line = Line("any", "shop", "late", "due", 0, at_least=True, least=100, counting="late")
    assert reading(line, [counts(late=late, due=100_000)]).distance == distance


def test_days_together_are_added_and_what_is_not_there_is_nothing() -> None:
    """Rows of older releases have five numbers."""
    days = [(1, 2, 3, 4, 5), (10, 0, 0, 0, 0, 7)]
    assert together([], ("due",)) == [0] * len(MEASURES)
    assert together(days, ("due", "confirmed")) == counts(due=11, confirmed=7)
    line = Line("any", "shop", "untracked", "confirmed", 500, False, 1, "untracked")
    assert reading(line, [(1, 2, 3, 4, 5)]).distance == 1


def test_the_days_of_a_zone_have_23_24_or_25_hours() -> None:
    """Each begins at midnight there; one microsecond before, it is the day before."""
    meter = Meter(zone=ZoneInfo("America/Los_Angeles"))
    lengths = {}
    for text in ("2026-03-08", "2026-07-01", "2026-11-01"):
        start = datetime.fromisoformat(f"{text}T00:00:00").replace(tzinfo=meter.zone)
        day = meter.day_of(from_datetime(start))
        assert meter.midnight(day) == from_datetime(start)
        assert meter.day_of(from_datetime(start) - 1) == day - 1
        lengths[text] = (meter.midnight(day + 1) - meter.midnight(day)) // HOUR
    assert lengths == {"2026-03-08": 23, "2026-07-01": 24, "2026-11-01": 25}


@pytest.mark.parametrize("zone", [None, ZoneInfo("America/Los_Angeles")])
def test_a_moment_at_the_end_of_time_is_on_no_day_that_counts(zone: ZoneInfo | None) -> None:
    """9999-12-31, in any offset, stands for never."""
    last = from_datetime(datetime.fromisoformat("9999-12-31T23:59:59+00:00"))
    for moment in (last - DAY, last, last + 12 * HOUR, (DAYS.stop + 2) * DAY):
        assert Meter(zone=zone).day_of(moment) not in DAYS


def test_rates_are_rounded_down() -> None:
    """A rate never shows more than there is; the verdict does not rest on it."""
    assert rate(1, 3) == 3_333
    assert rate(2, 3) == 6_666
    assert rate(0, 3) == 0
    assert rate(3, 0) is None


def test_only_the_second_stage_of_overtime_is_abnormal_at_douyin() -> None:
    """The profile says which findings count."""
    meter = profile("douyin-2026-07-09").meter
    assert meter is not None
    assert ("pickup_overdue", "serious") in meter.abnormal
    assert ("pickup_overdue", "violation") not in meter.abnormal
    assert ("malformed_tracking_number", "notice") not in meter.abnormal
    assert meter.reach == 1
    assert Meter().reach == 0
