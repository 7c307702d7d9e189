"""The shops' days of a replay: what a worker would have published last of every day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from streams.profiles.model import Profiles
from streams.replay.stock import Stocks
from streams.shops.risks import meter_of, risks
from streams.shops.windows import reach_of
from streams.state import shop_days
from streams.state.contributions import ContributionChange, deltas
from streams.state.shop_days import Change, ShopDay, product_key, row_key
from streams.state.shop_lines import Counts

_encoder = msgspec.json.Encoder()


class ShopDays:
    """All days of all shops, in memory; a day that a worker would have forgotten stays as it was.

    `by_profile` has what each profile counts, by its id. `stock` is there where stock is read.
    """

    def __init__(self, profiles: Profiles, *, stocked: bool = False) -> None:
        self.stock = Stocks() if stocked else None
        self._profiles = profiles
        self._rows: dict[bytes, ShopDay] = {}
        self._taken = 0
        self.by_profile = {profile.id: profile.meter for profile in profiles.all}

    def take(self, changes: Iterable[ContributionChange], now: int) -> None:
        """Count what orders say at `now` (µs)."""
        for change in changes:
            contribution = change.new or change.old
            if contribution is None:
                continue
            self._taken += 1
            if self.stock is not None:
                self.stock.take(change)
            for day, delta in deltas(change.old, change.new):
                key = row_key(contribution.platform, contribution.shop_id, day)
                row = self._rows.get(key)
                if row is None:
                    meter = meter_of(self._profiles, contribution.platform)
                    row = shop_days.new_row(contribution.platform, contribution.shop_id, day, meter)
                    self._rows[key] = row
                if row.ends_at > now:
                    shop_days.add(row, (Change(self._taken, delta),))

    def written(self, now: int) -> tuple[list[bytes], list[bytes]]:
        """The final records at `now` (µs), by key, one JSON object each: of shops, of products."""
        shops, products = self.values(now)
        return [*map(_encoder.encode, shops)], [*map(_encoder.encode, products)]

    def values(self, now: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The final values at `now` (µs), by key: of shops, of products."""
        shops: list[tuple[bytes, dict[str, Any]]] = []
        products: list[tuple[bytes, dict[str, Any]]] = []
        for key, row in self._rows.items():
            # Nothing was published before, and no crash made anybody forget it.
            row.revision = 0
            for product in row.products.values():
                product.revision = 0
            found = risks(row, self._before(row), self._profiles, now)
            if found.shop is not None:
                shops.append((key, found.shop))
            for name, value in found.products:
                its = product_key(row.platform, row.shop_id, name, row.day)
                products.append((its, value))
        if self.stock is not None:
            products += self.stock.values(now)
        return _by_key(shops), _by_key(products)

    def _before(self, row: ShopDay) -> dict[int, Counts]:
        """The counts of the days that its lines look back to."""
        found: dict[int, Counts] = {}
        for day in range(row.day - reach_of(self._profiles, row.platform), row.day):
            earlier = self._rows.get(row_key(row.platform, row.shop_id, day))
            if earlier is not None:
                found[day] = earlier.counts
        return found


def _by_key(values: list[tuple[bytes, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [value for _, value in sorted(values, key=lambda each: each[0])]
