"""What is published of a product's stock, where it changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streams.facts.times import iso
from streams.shops.revisions import digest, next_revision
from streams.state.stock import Pieces, Stock, shortage, unshipped

CONTENT = ("unshipped", "available", "level_at", "short_by", "short_since", "short_orders")
"""What a record says of a stock; where it is the same, nothing is published."""

_LARGEST = (1 << 63) - 1
"""What a reader's integer holds: a level may lack more than that."""


def stock_risk(first: Stock, owed: Iterable[tuple[str, Pieces]], now: int) -> dict[str, Any] | None:
    """What is new of a product's stock at `now` (µs), and notes it as published; None: nothing.

    `owed` is what its orders are owed, in all parts. Of a product without a level nothing is said.
    """
    if first.level is None:
        return None
    at, available = first.level
    found = shortage(first.level, owed)
    content: dict[str, Any] = {
        "unshipped": unshipped(first),
        "available": available,
        "level_at": iso(at),
        "short_by": min(found.short_by, _LARGEST),
        "short_since": iso(found.since),
        "short_orders": [
            {
                "order_id": each.order_id,
                "pieces": each.pieces,
                "promised_ship_by": iso(each.promise),
            }
            for each in found.orders
        ],
    }
    shown = digest(content)
    if shown == first.shown:
        return None
    first.shown, first.short_by = shown, content["short_by"]
    first.revision = next_revision(first.revision, now)
    return {
        "schema_version": 1,
        "platform": first.platform,
        "shop_id": first.shop_id,
        "product_id": first.product_id,
        "day": None,
        "revision": first.revision,
        "detected_at": iso(now),
        **content,
    }
