"""A tracking number was uploaded and the carrier has not picked the parcel up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.facts.statuses import PROGRESS
from streams.rules.episodes import Clock, Limit
from streams.rules.snapshot import ParcelLife
from streams.rules.spec import RuleSpec
from streams.rules.stages import staged


@dataclass(frozen=True, slots=True)
class PickupOverdue:
    """Runs from the earliest upload; ended by any progress, also one before it, or by the stop."""

    name = "pickup_overdue"
    violation: Limit
    serious: Limit | None = None

    def episodes(self, parcel: ParcelLife) -> Iterable[Clock]:
        """The clocks of this parcel, one a stage."""
        started = parcel.lead.uploaded_at
        ended = parcel.stopped_at
        record = parcel.first(PROGRESS)
        if record is not None and (ended is None or record.at < ended):
            ended = record.at
        return staged(self, started, ended, parcel.lead.proof)


RULE = RuleSpec("pickup_overdue", "parcel", rule=PickupOverdue)
