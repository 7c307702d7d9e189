"""The levels of stock that the demo's shops send beside the history of their orders."""

from __future__ import annotations

import json
from datetime import timedelta

from streams.demo.history import Entry
from streams.demo.ledger import START
from streams.demo.world import SHOPS
from streams.facts.statuses import STOCK_TOPIC
from streams.facts.times import from_datetime

COUNTED: tuple[tuple[float, float, dict[str, int], int], ...] = (
    (30.0, 30.1, {}, 300),
    (96.0, 96.1, {"gift-box": 4, "kite": 2}, 60),
    (120.0, 120.1, {"gift-box": 80, "kite": 3}, 60),
    (90.0, 121.0, {"gift-box": 2}, 0),
    (168.0, 168.1, {"blocks-500": 2}, 40),
)
"""Hours after the start at which they were counted and arrive; pieces by product; of all others,
0: nothing is said of them."""


def levels() -> list[Entry]:
    """The levels as records for Kafka, in order of arrival."""
    entries = []
    for at, arrives, known, others in COUNTED:
        for shop in SHOPS:
            for product in shop.products:
                available = known.get(product, others)
                if available:
                    value = {
                        "schema_version": 1,
                        "platform": shop.platform,
                        "shop_id": shop.id,
                        "product_id": product,
                        "available": available,
                        "at": (START + timedelta(hours=at)).isoformat(),
                    }
                    arrival = from_datetime(START + timedelta(hours=arrives))
                    key = f"{shop.platform}:{shop.id}:{product}".encode()
                    entries.append(Entry(arrival, STOCK_TOPIC, key, json.dumps(value).encode()))
    return entries


def with_levels(history: list[Entry]) -> list[Entry]:
    """A history and the levels, in order of arrival."""
    return sorted([*history, *levels()], key=lambda entry: entry.arrival)
