"""The present day's lines of shops, where they look at several days."""

from __future__ import annotations

from pathlib import Path

from streams.facts.times import DAY as DAY_US
from streams.gauges.days import Days
from streams.profiles.loader import load
from streams.tables.observations import Day

PACK = """
extends = "douyin-2026-07-09"
[[lines]]
name = "late_7_days"
orders = "late"
percent = 10
comparator = "gt"
window = { days = 7, lag_days = 1 }
"""
NOW = 20_779 * DAY_US
TODAY = 20_779


def days(folder: Path) -> Days:
    """Of a profile with a line over seven days up to yesterday."""
    (folder / "own.toml").write_text(PACK, encoding="utf-8")
    return Days(load([folder]))


def test_a_shop_without_orders_today_is_near_a_line_over_days(tmp_path: Path) -> None:
    """Its distance is measured, and of the lines of today alone nothing is said."""
    known = days(tmp_path)
    for back, late in ((1, 1), (7, 2), (8, 50)):
        known.set(Day("douyin", "s-1", TODAY - back, (20, late, 0, 0, 0)), NOW)
    (today,) = known.at(NOW)()
    assert (today.shop, tuple(today.counts)) == (("douyin", "s-1"), ())
    # More than 4 of 40 are 5; yesterday and the day a week before it count, and none before.
    assert today.distances == (("late_7_days", 2),)
    known.set(Day("douyin", "s-1", TODAY, (1, 0, 0, 0, 0)), NOW)
    (today,) = known.at(NOW)()
    assert dict(today.distances)["late_7_days"] == 2
    assert len(today.distances) == 5


def test_a_shop_is_forgotten_when_no_line_looks_back_to_it(tmp_path: Path) -> None:
    """A day too old is not taken in, and one that grows old goes."""
    known = days(tmp_path)
    known.set(Day("douyin", "s-1", TODAY - 7, (20, 2, 0, 0, 0)), NOW)
    known.set(Day("douyin", "s-2", TODAY - 9, (20, 2, 0, 0, 0)), NOW)
    assert [today.shop[1] for today in known.at(NOW)()] == ["s-1"]
    assert list(known.at(NOW + DAY_US)()) == []
    assert list(known.at(NOW + 3 * DAY_US)()) == []
    assert not known.knows("douyin", "s-1", TODAY - 7)
