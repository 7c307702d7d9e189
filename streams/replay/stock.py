"""The stock of a replay: what a worker would have published last of every product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.facts.facts import StockFact
from streams.shops.stock import stock_risk
from streams.state.contributions import ContributionChange, owed_changes
from streams.state.shop_days import product_row_key
from streams.state.stock import Product, Stock, hear_level, hear_owed


class Stocks:
    """The stock of all products, in memory and each in one part; what a worker would have forgotten
    stays as it was."""

    def __init__(self) -> None:
        self._rows: dict[Product, Stock] = {}

    def level(self, fact: StockFact) -> bool:
        """A level arrives; False where it came too late to count."""
        row = self._row((fact.platform, fact.shop_id, fact.product_id))
        return not hear_level(row, (fact,)).late

    def take(self, change: ContributionChange) -> None:
        """Take over what an order is owed."""
        for facts in owed_changes(change):
            hear_owed(self._row((facts.platform, facts.shop_id, facts.product_id)), (facts,))

    def values(self, now: int) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """The final records at `now` (µs), each with its key."""
        for product, row in self._rows.items():
            # Nothing was published before.
            row.revision = row.shown = 0
            value = stock_risk(row, row.owed.items(), now)
            if value is not None:
                yield product_row_key(*product), value

    def _row(self, product: Product) -> Stock:
        return self._rows.setdefault(product, Stock(*product))
