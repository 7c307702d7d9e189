"""The tracking number was used before, for an order of another recipient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.core.episodes import Check
from streams.core.facts import Place
from streams.core.snapshot import LinkedOrder, ParcelLife
from streams.core.times import DAY


@dataclass(frozen=True, slots=True)
class DuplicateTrackingNumber:
    """Holds from the upload until the order ends, or until the last earlier order is released.

    `differs_by` is "address" (address hashes, else province or city) or "person" (person hashes).
    """

    name = "duplicate_tracking_number"
    differs_by: str = "address"
    window: int = 30 * DAY
    severity: str = "critical"

    def episodes(self, parcel: ParcelLife, order: LinkedOrder) -> Iterable[Check]:
        """The check of one order of the parcel against all orders linked to it now or before."""
        if len(parcel.linked) < 2:
            return ()
        recipient = order.recipient
        if recipient is None:
            return ()
        earlier: LinkedOrder | None = None
        released: int | None = 0
        for other in parcel.linked:
            if not self._used_before(other, order) or not self._differs(other.recipient, recipient):
                continue
            if earlier is None or _upload(other) < _upload(earlier):
                earlier = other
            if other.released_at is None or released is None:
                released = None
            else:
                released = max(released, other.released_at)
        if earlier is None:
            return ()
        ended = order.ended_at
        if released is not None and (ended is None or released < ended):
            ended = released
        proof = (*earlier.proof(), *order.proof())
        at = order.uploaded_at
        return (Check(self.name, "violation", self.severity, at, at, ended, proof),)

    def _used_before(self, other: LinkedOrder, order: LinkedOrder) -> bool:
        at = order.uploaded_at
        return (
            other is not order
            and _upload(other) <= _upload(order)
            and at - other.uploaded_at <= self.window
            and (other.released_at is None or other.released_at > at)
            and (other.closed_at is None or other.closed_at > at)
        )

    def _differs(self, a: Place | None, b: Place) -> bool:
        """Whether two recipients are known to be different; unknown is not different."""
        if a is None:
            return False
        if self.differs_by == "person":
            return _unequal(a.person_key, b.person_key)
        if a.address_key is not None and b.address_key is not None:
            return a.address_key != b.address_key
        return _unequal(a.province, b.province) or _unequal(a.city, b.city)


def _unequal(a: str | None, b: str | None) -> bool:
    return a is not None and b is not None and a != b


def _upload(order: LinkedOrder) -> tuple[int, str]:
    return order.uploaded_at, order.order_id
