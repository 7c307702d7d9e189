"""Rates that platforms judge shops by: each line's window, and one order on either side of it."""

from __future__ import annotations

import pytest

from streams.profiles.loader import load
from streams.state.shop_lines import MEASURES, Line, reading

RATES = """
| profile                        | line                   | window | in order | crossed   |
| amazon-us-2026                 | late_10_days           | 10     | 3/100    | 4/100     |
| amazon-us-2026                 | late_30_days           | 30     | 3/100    | 4/100     |
| amazon-us-2026                 | untracked_30_days      | 30-3   | 5/100    | 6/100     |
| amazon-us-2026                 | delivered_late_14_days | 14-7   | 1/10     | 2/10      |
| amazon-us-2026                 | cancelled_7_days       | 7      | 4/200    | 5/200     |
| amazon-uk-2026                 | late_10_days           | 10     | 3/100    | 4/100     |
| amazon-uk-2026                 | late_30_days           | 30     | 3/100    | 4/100     |
| amazon-uk-2026                 | untracked_30_days      | 30-3   | 5/100    | 6/100     |
| amazon-uk-2026                 | delivered_late_14_days | 14-7   | 9/19     | 3/20      |
| amazon-uk-2026                 | cancelled_7_days       | 7      | 4/200    | 5/200     |
| ebay-us-2026                   | late_90_days           | 90     | 7/10     | 8/100     |
| ebay-us-2026                   | late_90_days_top_rated | 90     | 5/10     | 6/100     |
| ebay-us-2026                   | untracked_90_days      | 90     | 5/100    | 6/100     |
| walmart-us-2026                | untracked_30_days      | 30     | 1/100    | 2/100     |
| walmart-us-2026                | delivered_late_30_days | 30     | 10/100   | 11/100    |
| walmart-us-2026                | cancelled_30_days      | 30     | 2/100    | 3/100     |
| etsy-2026                      | late_90_days           | 90     | 4/4      | 1/5       |
| tiktok-us-2026                 | late_30_days           | 30     | 10/100   | 11/100    |
| tiktok-us-2026                 | untracked_30_days      | 30     | 5/100    | 6/100     |
| tiktok-us-2026                 | delivered_late_30_days | 30     | 20/100   | 21/100    |
| tiktok-th-2025-06-18           | late_7_days_10         | 7      | 9/100    | 10/100    |
| tiktok-th-2025-06-18           | late_7_days_30         | 7      | 29/100   | 30/100    |
| tiktok-th-2025-06-18           | late_7_days_50         | 7      | 49/100   | 50/100    |
| jd-hk-2026                     | late_week              | week   | 5/100    | 6/100     |
| tmall-global-bonded-2026-04-22 | late_month_count_100   | month  | 99/9999  | 100/9999  |
| tmall-global-bonded-2026-04-22 | late_month_count_1000  | month  | 999/9999 | 1000/9999 |
| tmall-global-bonded-2026-04-22 | late_month             | month  | 15/100   | 16/100    |
| tmall-global-direct-2026-04-22 | late_month_count_100   | month  | 99/9999  | 100/9999  |
| tmall-global-direct-2026-04-22 | late_month_count_1000  | month  | 999/9999 | 1000/9999 |
| tmall-global-direct-2026-04-22 | late_month             | month  | 15/100   | 16/100    |
"""
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in RATES.strip().splitlines()[1:]
]
AMONG = {
    "late": "due",
    "untracked": "confirmed",
    "delivered_late": "delivery_due",
    "cancelled": "paid",
}
LINES = {
    (profile.id, line.name): line
    for profile in load().all
    if profile.meter is not None
    for line in profile.meter.lines
}


def test_every_line_over_a_window_is_in_the_table() -> None:
    """A new one is compared with its text, too."""
    found = {key for key, line in LINES.items() if line.window is not None}
    assert found == {(row[0], row[1]) for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_one_order_on_either_side(row: list[str]) -> None:
    """What is counted among what, over which days, and from where on it is too much."""
    profile, name, days, in_order, crossed = row
    line = LINES[profile, name]
    window = line.window
    assert window is not None
    assert name.startswith(line.orders)
    assert line.among == AMONG[line.orders]
    lag = f"-{window.lag}" if window.lag else ""
    assert (window.calendar or f"{window.days}{lag}") == days
    assert not reading(line, [_counts(line, in_order)]).crossed
    assert reading(line, [_counts(line, crossed)]).crossed


def _counts(line: Line, said: str) -> list[int]:
    part, _, whole = said.partition("/")
    numbers = {line.orders: int(part), line.among: int(whole)}
    return [numbers.get(name, 0) for name in MEASURES]
