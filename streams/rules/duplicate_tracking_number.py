"""The tracking number was used before, for an order of another recipient."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Literal

from streams.facts.recipients import differ
from streams.facts.times import DAY
from streams.rules.episodes import Check
from streams.rules.fields import Between, InDays, Reads, RectifyWithin, Severity
from streams.rules.snapshot import LinkedOrder, ParcelLife
from streams.rules.spec import RuleSpec
from streams.state.state import LONGEST_ADVICE


@dataclass(frozen=True, slots=True)
class DuplicateTrackingNumber:
    """Holds from the upload until the order ends, or until the last earlier order is released.

    `differs_by` is "address" (address hashes, else province or city) or "person" (person hashes).
    """

    name = "duplicate_tracking_number"
    differs_by: Annotated[Literal["address", "person"], Reads("another {}")] = "address"
    window: Annotated[InDays, Between(1, 30), Reads("within {}")] = 30 * DAY
    severity: Severity = "critical"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife, order: LinkedOrder) -> Iterable[Check]:
        """The check of one order of the parcel against all orders linked to it now or before."""
        if len(parcel.linked) < 2:
            return ()
        recipient = order.recipient
        if recipient is None:
            return ()
        at = order.uploaded_at
        earliest: LinkedOrder | None = None
        released: int | None = 0
        linked = parcel.linked
        for other in islice(linked, bisect_left(linked, at - self.window, key=_uploaded_at), None):
            if other is order:
                break
            if not _in_use(other, at) or not differ(other.recipient, recipient, self.differs_by):
                continue
            earliest = earliest or other
            if other.released_at is None:
                # Nobody else can end this any more: a number that everybody uses stays cheap.
                released = None
                break
            released = max(released or 0, other.released_at)
        if earliest is None:
            return ()
        ended = order.ended_at
        if released is not None and (ended is None or released < ended):
            ended = released
        proof, within = (*earliest.proof(), *order.proof()), self.rectify_within
        named = len(earliest.order_id) <= LONGEST_ADVICE
        check = Check(
            self.name,
            "violation",
            self.severity,
            at,
            at,
            ended,
            proof,
            within,
            advice=(("earlier_order", earliest.order_id),) if named else (),
        )
        return (check,)


RULE = RuleSpec("duplicate_tracking_number", "parcel × order", rule=DuplicateTrackingNumber)


def _in_use(order: LinkedOrder, at: int) -> bool:
    """Whether an order still had the number just after `at` (µs)."""
    return (order.released_at is None or order.released_at > at) and (
        order.closed_at is None or order.closed_at > at
    )


def _uploaded_at(order: LinkedOrder) -> int:
    return order.uploaded_at
