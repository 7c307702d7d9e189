"""Every rule, by name. A rule is one file here, one test file and one table in a profile."""

from __future__ import annotations

from streams.rules.address_mismatch import AddressMismatch
from streams.rules.cloned_track import ClonedTrack
from streams.rules.delivery_overdue import DeliveryOverdue
from streams.rules.duplicate_tracking_number import DuplicateTrackingNumber
from streams.rules.inactive_after_pickup import InactiveAfterPickup
from streams.rules.malformed_tracking_number import MalformedTrackingNumber
from streams.rules.pickup_overdue import PickupOverdue
from streams.rules.recalled import Recalled
from streams.rules.repeated_track import RepeatedTrack
from streams.rules.reshipped_while_late import ReshippedWhileLate
from streams.rules.rule import LinkRule, OrderRule, ParcelRule, Rule
from streams.rules.ship_overdue import ShipOverdue
from streams.rules.tracked_before_paid import TrackedBeforePaid
from streams.rules.transit_stalled import LaneLimits, TransitStalled

RULES: tuple[str, ...] = tuple(
    rule.name
    for rule in (
        ShipOverdue,
        PickupOverdue,
        InactiveAfterPickup,
        TransitStalled,
        DeliveryOverdue,
        DuplicateTrackingNumber,
        MalformedTrackingNumber,
        AddressMismatch,
        TrackedBeforePaid,
        RepeatedTrack,
        ClonedTrack,
        Recalled,
        ReshippedWhileLate,
    )
)
"""Rule names in the order in which they are listed and judged."""

__all__ = [
    "RULES",
    "AddressMismatch",
    "ClonedTrack",
    "DeliveryOverdue",
    "DuplicateTrackingNumber",
    "InactiveAfterPickup",
    "LaneLimits",
    "LinkRule",
    "MalformedTrackingNumber",
    "OrderRule",
    "ParcelRule",
    "PickupOverdue",
    "Recalled",
    "RepeatedTrack",
    "ReshippedWhileLate",
    "Rule",
    "ShipOverdue",
    "TrackedBeforePaid",
    "TransitStalled",
]
