"""Percentiles by the nearest rank: each is one of the values, so it can be looked up."""

from __future__ import annotations

from collections.abc import Sequence


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """The least of `ordered` values that `percent` (1 to 100) of them are not above; None: of none.

    The values are to be sorted.
    """
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None
