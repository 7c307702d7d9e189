"""The track, or the waybill, is for another place than the order's recipient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from streams.facts.facts import STATUS_CODE
from streams.rules.episodes import Check
from streams.rules.fields import Reads, RectifyWithin, Severity
from streams.rules.snapshot import LinkedOrder, ParcelLife, proof_of
from streams.rules.spec import RuleSpec
from streams.rules.whereabouts import Compared, arrival, differs, said
from streams.state.state import Proof

_LESSER = ("city", "address")
_BACK = (STATUS_CODE["returning"], STATUS_CODE["returned"])


@dataclass(frozen=True, slots=True)
class AddressMismatch:
    """Holds from the fact that shows it, or from the upload, until the order ends.

    The recipient that the track says decides, else the place where the parcel arrived; it must
    differ from every recipient that is accepted for the parcel. `compares` is "place" (province,
    city, address key) or "postal_code". Where the province is right and only city or address key
    differ, `lesser_severity` applies.
    """

    name = "address_mismatch"
    compares: Annotated[Compared, Reads("by {}")] = "place"
    severity: Severity = "critical"
    lesser_severity: Annotated[Severity, Reads("{} where only city or address differ")] = "warning"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife, order: LinkedOrder) -> Iterable[Check]:
        """The check of one order; none for a parcel on its way back."""
        recipient, compares = order.recipient, self.compares
        if recipient is None or (parcel.began_at is None and not parcel.recipients):
            return ()
        if parcel.firsts[_BACK[0]] is not None or parcel.firsts[_BACK[1]] is not None:
            return ()
        proof: Proof
        newest = said(parcel, order.order_id)
        if newest is not None:
            at, _, there, proof = newest
        else:
            arrived = arrival(parcel, compares)
            if arrived is None:
                return ()
            record, there = arrived
            at, proof = record.at, (proof_of(record),)
        detail = differs(there, recipient, compares)
        if detail is None:
            return ()
        if not all(differs(there, accepted, compares) for accepted in order.accepted()):
            return ()
        t, within = order.uploaded_at, self.rectify_within
        severity = self.lesser_severity if detail in _LESSER else self.severity
        # An upload may itself say the other recipient: it is named once.
        shown = dict.fromkeys((*order.recipient_proof(), *order.proof(), *proof))
        holds, proof = max(t, at), tuple(shown)
        check = Check(
            self.name, "violation", severity, t, holds, order.ended_at, proof, within, detail
        )
        return (check,)


RULE = RuleSpec("address_mismatch", "parcel × order", rule=AddressMismatch)
