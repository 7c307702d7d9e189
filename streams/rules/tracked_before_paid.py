"""The track is older than the payment of its order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from streams.facts.statuses import PICKED_UP
from streams.facts.times import TOLERANCE
from streams.rules.episodes import Check
from streams.rules.fields import InMinutes, Reads, RectifyWithin, Severity
from streams.rules.snapshot import LinkedOrder, ParcelLife, proof_of
from streams.rules.spec import RuleSpec

_PICKED_UP = frozenset((PICKED_UP,))


@dataclass(frozen=True, slots=True)
class TrackedBeforePaid:
    """Holds from the upload, or the first record if that is later, until the order ends.

    Times that are estimated, of a record or of the payment, accuse nobody.

    `base` is the payment that counts ("first", or "final" of a deposit presale), `first` the record
    that counts ("any_record" or "picked_up"); `tolerance` (µs) allows for clocks that differ.
    """

    name = "tracked_before_paid"
    base: Annotated[Literal["final", "first"], Reads("against the {} payment")]
    first: Annotated[Literal["any_record", "picked_up"], Reads("by the first of: {}")]
    tolerance: Annotated[InMinutes, Reads("more than {} earlier")] = TOLERANCE
    severity: Severity = "critical"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife, order: LinkedOrder) -> Iterable[Check]:
        """The check of one order, once its payment is known."""
        facts = order.facts
        if facts is None or not facts.known:
            return ()
        base = facts.base if self.base == "final" else facts.paid_at
        earliest = None if base is None else base - self.tolerance
        if earliest is None or facts.paid_estimated:
            return ()
        if parcel.began_at is None or parcel.began_at >= earliest:
            return ()
        record = parcel.first_exact(None if self.first == "any_record" else _PICKED_UP)
        if record is None or record.at >= earliest:
            return ()
        t = order.uploaded_at
        proof = (*order.payment_proof(), *order.proof(), proof_of(record))
        holds, within = max(t, record.at), self.rectify_within
        check = Check(
            self.name, "violation", self.severity, t, holds, order.ended_at, proof, within
        )
        return (check,)


RULE = RuleSpec("tracked_before_paid", "parcel × order", rule=TrackedBeforePaid)
