"""The order was not picked up by the promised ship-by time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from streams.rules.episodes import Clock, Limit
from streams.rules.fields import OwnPromise, Reads
from streams.rules.snapshot import OrderSnapshot
from streams.rules.spec import RuleSpec

_WHEN_PASSED = Limit(0)


@dataclass(frozen=True, slots=True)
class ShipOverdue:
    """Runs from the base time to the promise; ended by as many parcels as the order takes, or by
    its closing.

    `ends_by` says what of a parcel counts: its first "progress", or already its "upload".
    """

    name = "ship_overdue"
    violation: OwnPromise = _WHEN_PASSED
    ends_by: Annotated[Literal["progress", "upload"], Reads("ended by {}")] = "progress"

    def episodes(self, order: OrderSnapshot) -> Iterable[Clock]:
        """The order's clock; none where it could not warn: its base unknown, its promise not after
        it, or its end too early."""
        base, deadline = order.base, order.promise
        if base is None or deadline is None or deadline <= base:
            return ()
        ended = order.closed_at
        sent = order.sent_at(self.ends_by)
        if sent is not None and (ended is None or sent < ended):
            ended = sent
        violation = self.violation
        limit = Limit(deadline - base, violation.at_least, violation.severity)
        if ended is not None and ended <= limit.opens(base):
            return ()
        return (Clock(self.name, "violation", base, limit, ended, order.proof()),)


RULE = RuleSpec("ship_overdue", "order", rule=ShipOverdue, terms=("promise",))
