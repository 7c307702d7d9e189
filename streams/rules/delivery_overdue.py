"""The parcel was not received in the time that was promised, or that the shop has set itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from streams.facts.facts import STATUS_CODE
from streams.rules.episodes import Clock, Limit
from streams.rules.fields import Reads
from streams.rules.snapshot import ParcelLife
from streams.rules.spec import RuleSpec
from streams.rules.stages import limited

_RECEIVED = tuple(STATUS_CODE[name] for name in ("delivered", "ready_for_pickup", "returned"))


@dataclass(frozen=True, slots=True)
class DeliveryOverdue:
    """Runs from the earliest upload; ended by delivery, a parcel ready for pickup, or the stop.

    A promise of its lead order that is later than the upload is the deadline, whatever the limit;
    so the rule is in every profile, with no limit where the shop has set none.
    """

    name = "delivery_overdue"
    violation: Annotated[Limit | None, Reads("", otherwise="by the order's promise alone")] = None
    serious: Limit | None = None

    def episodes(self, parcel: ParcelLife) -> Iterable[Clock]:
        """The clocks of this parcel, one a stage."""
        ended = received_at(parcel)
        lead, violation, serious = parcel.lead, self.violation, self.serious
        started = lead.uploaded_at
        promised = None if lead.facts is None else lead.facts.promised_delivery_by
        if promised is not None and promised > started:
            severity = "warning" if violation is None else violation.severity
            violation, serious = Limit(promised - started, severity=severity), None
        if violation is None:
            return ()
        return limited(self.name, violation, serious, started, ended, lead.proof)


def received_at(parcel: ParcelLife) -> int | None:
    """When the parcel was received, or ready to be, or stopped otherwise (µs); None: not yet."""
    ended = parcel.stopped_at
    for status in _RECEIVED:
        at = parcel.firsts[status]
        if at is not None and (ended is None or at < ended):
            ended = at
    return ended


RULE = RuleSpec("delivery_overdue", "parcel", rule=DeliveryOverdue, always=True)
