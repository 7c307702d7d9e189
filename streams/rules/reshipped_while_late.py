"""A further number was uploaded for an order that was late and had not moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.facts.facts import LinkedLife
from streams.facts.times import TOLERANCE
from streams.rules.episodes import Check
from streams.rules.fields import RectifyWithin, Severity
from streams.rules.snapshot import OrderSnapshot
from streams.rules.spec import RuleSpec
from streams.state.state import LinkedParcel


@dataclass(frozen=True, slots=True)
class ReshippedWhileLate:
    """Holds from the upload of the further number until that is released, or the order closed."""

    name = "reshipped_while_late"
    severity: Severity = "critical"
    rectify_within: RectifyWithin = None

    def episodes(self, order: OrderSnapshot) -> Iterable[Check]:
        """One check for each further number that its parcel is judged for."""
        base, late, uses = order.base, order.promise, order.uses
        if base is None or late is None or len(uses) < 2:
            return ()
        moved = _moved(uses, base - TOLERANCE)
        return [
            self._check(order, parcel, life)
            for parcel, life in uses
            if life.uploaded_at > late
            and life.judged
            and (moved is None or moved >= life.uploaded_at)
            and any(_had(other, former, parcel, life) for other, former in uses)
        ]

    def _check(self, order: OrderSnapshot, parcel: LinkedParcel, life: LinkedLife) -> Check:
        t, ended = life.uploaded_at, life.released_at
        if ended is None or (order.closed_at is not None and order.closed_at < ended):
            ended = order.closed_at
        return Check(
            self.name,
            "violation",
            self.severity,
            t,
            t,
            ended,
            order.proof(),
            self.rectify_within,
            parcel=parcel.key,
        )


RULE = RuleSpec(
    "reshipped_while_late",
    "order",
    about="parcel × order",
    rule=ReshippedWhileLate,
    terms=("promise",),
)


def _moved(uses: Iterable[tuple[LinkedParcel, LinkedLife]], earliest: int) -> int | None:
    """Since when one of the order's numbers had both its upload and progress from `earliest` on."""
    since: int | None = None
    for _, life in uses:
        for at in life.progress:
            if at >= earliest:
                both = max(at, life.uploaded_at)
                since = both if since is None or both < since else since
                break
    return since


def _had(other: LinkedParcel, former: LinkedLife, parcel: LinkedParcel, life: LinkedLife) -> bool:
    """Whether the order had another number already, and had it still, when this one came."""
    t, released = life.uploaded_at, former.released_at
    return other.key != parcel.key and former.uploaded_at < t and (released is None or released > t)
