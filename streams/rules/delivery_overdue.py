"""The parcel was not received in the time that the shop has set itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.facts.facts import STATUS_CODE
from streams.rules.episodes import Clock, Limit
from streams.rules.snapshot import ParcelLife
from streams.rules.spec import RuleSpec
from streams.rules.stages import staged

_RECEIVED = tuple(STATUS_CODE[name] for name in ("delivered", "ready_for_pickup", "returned"))


@dataclass(frozen=True, slots=True)
class DeliveryOverdue:
    """Runs from the earliest upload; ended by delivery, a parcel ready for pickup, or the stop."""

    name = "delivery_overdue"
    violation: Limit
    serious: Limit | None = None

    def episodes(self, parcel: ParcelLife) -> Iterable[Clock]:
        """The clocks of this parcel, one a stage."""
        ended = parcel.stopped_at
        for status in _RECEIVED:
            at = parcel.firsts[status]
            if at is not None and (ended is None or at < ended):
                ended = at
        return staged(self, parcel.lead.uploaded_at, ended, parcel.lead.proof)


RULE = RuleSpec("delivery_overdue", "parcel", rule=DeliveryOverdue)
