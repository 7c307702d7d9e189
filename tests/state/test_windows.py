"""Days that a line looks at together: so many, or a week or month so far, and a lag."""

from __future__ import annotations

from datetime import date

import pytest

from streams.state.shop_days import EPOCH
from streams.state.windows import Window


def days(window: Window, on: str) -> tuple[str, str]:
    """The first and the last day of a window on a day."""
    found = window.of((date.fromisoformat(on) - EPOCH).days)
    assert len(found) == found[-1] - found[0] + 1
    first, last = (date.fromordinal(EPOCH.toordinal() + day) for day in (found[0], found[-1]))
    return first.isoformat(), last.isoformat()


@pytest.mark.parametrize(
    ("window", "on", "first", "last"),
    [
        (Window(1), "2026-11-22", "2026-11-22", "2026-11-22"),
        (Window(7), "2026-11-22", "2026-11-16", "2026-11-22"),
        (Window(30), "2026-03-01", "2026-01-31", "2026-03-01"),
        (Window(14, lag=7), "2026-11-22", "2026-11-02", "2026-11-15"),
        (Window(calendar="week"), "2026-11-23", "2026-11-23", "2026-11-23"),  # a Monday
        (Window(calendar="week"), "2026-11-29", "2026-11-23", "2026-11-29"),
        (Window(calendar="week", lag=1), "2026-11-30", "2026-11-23", "2026-11-29"),
        (Window(calendar="month"), "2026-11-01", "2026-11-01", "2026-11-01"),
        (Window(calendar="month"), "2028-02-29", "2028-02-01", "2028-02-29"),
        (Window(calendar="month", lag=1), "2026-12-01", "2026-11-01", "2026-11-30"),
        (Window(calendar="month", lag=3), "2027-01-02", "2026-12-01", "2026-12-30"),
    ],
)
def test_the_days_of_a_window(window: Window, on: str, first: str, last: str) -> None:
    """Both ends, over ends of months and years."""
    assert days(window, on) == (first, last)


@pytest.mark.parametrize(
    "window",
    [Window(1), Window(90, lag=30), Window(calendar="week", lag=2), Window(calendar="month")],
)
def test_no_window_begins_before_its_reach(window: Window) -> None:
    """And on some day it reaches as far."""
    began = [day - window.of(day)[0] for day in range(20_000, 20_800)]
    assert max(began) == window.reach
