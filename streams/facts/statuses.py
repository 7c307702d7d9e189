"""What the canonical statuses stand for: progress, records, ends; and the topics they come from."""

from __future__ import annotations

from streams.facts.facts import STATUS_CODE

PROGRESS = frozenset(
    STATUS_CODE[name]
    for name in (
        "picked_up",
        "hub",
        "in_transit",
        "arrived_dest_city",
        "out_for_delivery",
        "ready_for_pickup",
        "delivered",
        "attempt_failed",
        "customs",
        "handed_over",
    )
)
"""Statuses that show the parcel on its way; an exception is a record but no progress."""

NOT_RECORDS = frozenset((STATUS_CODE["ordered"], STATUS_CODE["unknown"]))
STOPPING = tuple(
    STATUS_CODE[name] for name in ("delivered", "returning", "returned", "handed_over", "cancelled")
)
PICKED_UP = STATUS_CODE["picked_up"]

TRACKING_TOPIC = "tracking-update"
ORDERS_TOPIC = "order-paid"
STOCK_TOPIC = "stock-level"
