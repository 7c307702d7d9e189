"""How many products of each shop are short, and of how many pieces."""

from __future__ import annotations

from collections import Counter

from streams.state.standing import Shop
from streams.tables.observations import Stocked


class Shortages:
    """Sums by shop, (platform, shop id), kept in step with what is published of products."""

    def __init__(self) -> None:
        self.products: Counter[Shop] = Counter()
        self.pieces: Counter[Shop] = Counter()

    def change(self, note: Stocked) -> None:
        """A product lacks other pieces than before."""
        shop = note.platform, note.shop_id
        _add(self.products, shop, (note.after > 0) - (note.before > 0))
        _add(self.pieces, shop, note.after - note.before)

    def merge(self, other: Shortages) -> None:
        """Add what others counted."""
        for mine, theirs in ((self.products, other.products), (self.pieces, other.pieces)):
            for shop, number in theirs.items():
                _add(mine, shop, number)

    def copy(self) -> Shortages:
        """The sums as they are now."""
        copied = Shortages()
        copied.merge(self)
        return copied


def _add(sums: Counter[Shop], shop: Shop, number: int) -> None:
    """Add to a sum; one that is 0 is none."""
    if number:
        sums[shop] += number
        if not sums[shop]:
            del sums[shop]
