"""Every rule, by name. A rule is one file here, one test file and one table in a profile."""

from __future__ import annotations

from streams.rules.duplicate_tracking_number import DuplicateTrackingNumber
from streams.rules.inactive_after_pickup import InactiveAfterPickup
from streams.rules.pickup_overdue import PickupOverdue
from streams.rules.ship_overdue import ShipOverdue

OrderRule = ShipOverdue
ParcelRule = PickupOverdue | InactiveAfterPickup
LinkRule = DuplicateTrackingNumber

RULES = ("ship_overdue", "pickup_overdue", "inactive_after_pickup", "duplicate_tracking_number")
"""Rule names in the order in which they are listed and judged."""

__all__ = [
    "RULES",
    "DuplicateTrackingNumber",
    "InactiveAfterPickup",
    "LinkRule",
    "OrderRule",
    "ParcelRule",
    "PickupOverdue",
    "ShipOverdue",
]
