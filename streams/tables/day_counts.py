"""The counts of shops' days, each read from the store once: lines look back many days, again and
again, and a stored day also has its products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from streams.state.shop_days import ShopDay, row_key
from streams.state.shop_lines import Counts

MOST_DAYS = 50_000
"""Days that are remembered of one partition; then it begins anew."""

Shop = tuple[str, str]
"""(platform, shop id)."""

_Read = Callable[[Sequence[bytes]], dict[bytes, Counts]]
"""Gives the counts of the stored days of some keys."""


class DayCounts:
    """What is known of the days of each partition's shops; None: that nothing is stored.

    Whoever writes a day says so to `note`, and `forget` begins an assignment.
    """

    def __init__(self) -> None:
        self._known: dict[int, dict[Shop, dict[int, Counts | None]]] = {}
        self._days: dict[int, int] = {}

    def of(self, partition: int, shop: Shop, days: Iterable[int], read: _Read) -> dict[int, Counts]:
        """The counts of those of `days` that are stored."""
        wanted = list(days)
        known = self._of(partition, shop)
        missing = [day for day in wanted if day not in known]
        if missing and self._days[partition] + len(missing) > MOST_DAYS:
            self.forget(partition)
            known, missing = self._of(partition, shop), wanted
        if missing:
            found = read([row_key(*shop, day) for day in missing])
            known.update((day, found.get(row_key(*shop, day))) for day in missing)
            self._days[partition] += len(missing)
        return {day: counts for day in wanted if (counts := known.get(day)) is not None}

    def note(self, partition: int, row: ShopDay, *, ended: bool = False) -> None:
        """A day is written, or its row is gone."""
        known = self._known.get(partition, {}).get((row.platform, row.shop_id))
        if known is not None and row.day in known:
            known[row.day] = None if ended else tuple(row.counts)

    def forget(self, partition: int) -> None:
        """Nothing is known of a partition any more."""
        self._known.pop(partition, None)
        self._days.pop(partition, None)

    def _of(self, partition: int, shop: Shop) -> dict[int, Counts | None]:
        self._days.setdefault(partition, 0)
        return self._known.setdefault(partition, {}).setdefault(shop, {})
