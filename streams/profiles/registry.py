"""Which rules there are: one `RuleSpec` each, those of this package and those of rule packs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from streams.profiles import tables
from streams.profiles.tables import Table

Subject = Literal["order", "parcel", "parcel × order"]


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A rule as profiles know it: its name, what it looks at, and its table.

    The rule that `table.rule()` makes is asked for episodes of an order (`order`), of one life of a
    parcel (`parcel`), or of one order of such a life (`parcel × order`). `about` is the subject of
    its warnings where that is another.
    """

    name: str
    sees: Subject
    table: type[Table]
    about: Subject | None = None

    @property
    def subject(self) -> Subject:
        """What the rule's warnings are about."""
        return self.about or self.sees


SPECS: Mapping[str, RuleSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            RuleSpec("ship_overdue", "order", tables.ShipOverdueTable),
            RuleSpec("pickup_overdue", "parcel", tables.PickupOverdueTable),
            RuleSpec("inactive_after_pickup", "parcel", tables.InactiveAfterPickupTable),
            RuleSpec("transit_stalled", "parcel", tables.TransitStalledTable),
            RuleSpec("delivery_overdue", "parcel", tables.DeliveryOverdueTable),
            RuleSpec(
                "duplicate_tracking_number", "parcel × order", tables.DuplicateTrackingNumberTable
            ),
            RuleSpec("malformed_tracking_number", "parcel", tables.MalformedTrackingNumberTable),
            RuleSpec("address_mismatch", "parcel × order", tables.AddressMismatchTable),
            RuleSpec("tracked_before_paid", "parcel × order", tables.TrackedBeforePaidTable),
            RuleSpec("repeated_track", "parcel", tables.RepeatedTrackTable),
            RuleSpec("cloned_track", "parcel", tables.ClonedTrackTable),
            RuleSpec("recalled", "parcel × order", tables.RecalledTable),
            RuleSpec(
                "reshipped_while_late", "order", tables.ReshippedWhileLateTable, "parcel × order"
            ),
        )
    }
)
"""The rules of this package, in the order in which they are listed and judged."""
