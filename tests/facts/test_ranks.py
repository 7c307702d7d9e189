"""Percentiles by the nearest rank."""

from __future__ import annotations

import pytest

from streams.facts.ranks import nearest_rank


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([], 50, None),
        ([7], 1, 7),
        ([7], 100, 7),
        ([1, 2], 50, 1),
        ([1, 2], 51, 2),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90, 9),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 91, 10),
        (list(range(1, 101)), 99, 99),
    ],
)
def test_so_many_are_not_above_it(values: list[int], percent: int, found: int | None) -> None:
    """And it is one of the values."""
    assert nearest_rank(values, percent) == found
