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
from streams.rules.whereabouts import arrival, differs, said
from streams.state.state import Proof

_BACK = (STATUS_CODE["returning"], STATUS_CODE["returned"])


@dataclass(frozen=True, slots=True)
class AddressMismatch:
    """Holds from the fact that shows it, or from the upload, until the order ends.

    The recipient that the track says decides, else the place where the parcel arrived. Where the
    province is right and only city or address key differ, `lesser_severity` applies.
    """

    name = "address_mismatch"
    severity: Severity = "critical"
    lesser_severity: Annotated[Severity, Reads("{} where only city or address differ")] = "warning"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife, order: LinkedOrder) -> Iterable[Check]:
        """The check of one order; none for a parcel on its way back."""
        recipient = order.recipient
        if recipient is None or (parcel.began_at is None and not parcel.recipients):
            return ()
        if parcel.firsts[_BACK[0]] is not None or parcel.firsts[_BACK[1]] is not None:
            return ()
        proof: Proof
        newest = said(parcel, order.order_id)
        if newest is not None:
            at, _, (place, address_key), proof = newest
        else:
            record = arrival(parcel)
            if record is None:
                return ()
            at, place, address_key, proof = record.at, record.place, None, (proof_of(record),)
        detail = differs(place, address_key, recipient)
        if detail is None:
            return ()
        t, within = order.uploaded_at, self.rectify_within
        severity = self.severity if detail == "province" else self.lesser_severity
        # An upload may itself say the other recipient: it is named once.
        shown = dict.fromkeys((*order.recipient_proof(), *order.proof(), *proof))
        holds, proof = max(t, at), tuple(shown)
        check = Check(
            self.name, "violation", severity, t, holds, order.ended_at, proof, within, detail
        )
        return (check,)


RULE = RuleSpec("address_mismatch", "parcel × order", rule=AddressMismatch)
