"""The parcel was sent back or cancelled while its order is still open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.facts.facts import STATUS_CODE, STATUSES
from streams.rules.episodes import Check
from streams.rules.fields import RectifyWithin, Severity
from streams.rules.snapshot import LinkedOrder, ParcelLife, proof_of
from streams.rules.spec import RuleSpec

_BACK = tuple(STATUS_CODE[name] for name in ("returning", "returned", "cancelled"))
_DELIVERED = STATUS_CODE["delivered"]


@dataclass(frozen=True, slots=True)
class Recalled:
    """Holds from the record that says so, or from the upload, until the order ends or the parcel is
    delivered after all. A parcel delivered before was received: what comes back then is no recall;
    nor is what comes back after the buyer asked for it.
    """

    name = "recalled"
    severity: Severity = "critical"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife, order: LinkedOrder) -> Iterable[Check]:
        """The check of one order."""
        firsts = parcel.firsts
        back: int | None = None
        found = 0
        for status in _BACK:
            at = firsts[status]
            if at is not None and (back is None or at < back):
                back, found = at, status
        if back is None:
            return ()
        asked_at = None if order.facts is None else order.facts.refund_requested_at
        if asked_at is not None and asked_at <= back:
            return ()
        delivered = firsts[_DELIVERED]
        if delivered is not None and delivered < back:
            return ()
        ended = order.ended_at
        after = parcel.first(frozenset((_DELIVERED,)), since=back + 1)
        if after is not None and (ended is None or after.at < ended):
            ended = after.at
        record = parcel.first(frozenset((found,)))
        records = (proof_of(each) for each in (record, after) if each is not None)
        proof = (*order.proof(), *records)
        t, within = order.uploaded_at, self.rectify_within
        holds, detail = max(t, back), STATUSES[found]
        check = Check(self.name, "violation", self.severity, t, holds, ended, proof, within, detail)
        return (check,)


RULE = RuleSpec("recalled", "parcel × order", rule=Recalled)
