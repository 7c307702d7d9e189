"""Lines that platforms draw: crossed or not, and how far away, to the last order."""

from __future__ import annotations

from itertools import product

import pytest

from streams.profiles.loader import load
from streams.profiles.model import Profile
from streams.state.shop_lines import MEASURES, PAIRS, WHOLE, Counts, Line, Meter, rate, reading


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
    ("late", "due", "name"),
    [
        (1, 10, None),
        (2, 10, None),
        (3, 10, "late_few"),
        (3, 3, "late_few"),
        (1, 11, None),
        (2, 11, "late_one_day"),
        (10, 100, None),
        (11, 100, "late_one_day"),
    ],
)
def test_instant_retail_has_90_percent_in_time_or_two_late_of_few(
    late: int, due: int, name: str | None
) -> None:
    """Up to ten orders due, three late are too many; of more, a tenth may be late."""
    drawn_here = (drawn(line, "douyin-instant-2026-07-06") for line in ("late_one_day", "late_few"))
    day = counts(late=late, due=due)
    assert {line.name for line in drawn_here if reading(line, [day]).crossed} == {name} - {None}


@pytest.mark.parametrize(
    ("fake", "shipped", "crossed"),
    [(1, 3, False), (2, 6, True), (3, 10, False), (4, 10, True), (30, 100, False), (31, 100, True)],
)
def test_instant_retail_may_have_30_percent_fake(fake: int, shipped: int, crossed: bool) -> None:
    """More than that, and two at least."""
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
        for part, whole in product(range(7), range(7)):
            if PAIRS[pair] and part > whole:
                continue
            day = counts(**{pair[0]: part, pair[1]: whole})
            fewest = next(more for more in range(100) if worst(line, day, more))
            assert reading(line, [day]).distance == fewest, (line, day)


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
    assert meter.longest_run() == 2
    assert Meter().longest_run() == 1
