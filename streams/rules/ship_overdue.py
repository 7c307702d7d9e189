"""The order was not picked up by the promised ship-by time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.facts.times import TOLERANCE
from streams.rules.episodes import Clock, Limit
from streams.rules.fields import OwnPromise
from streams.rules.snapshot import OrderSnapshot
from streams.rules.spec import RuleSpec

_WHEN_PASSED = Limit(0)


@dataclass(frozen=True, slots=True)
class ShipOverdue:
    """Runs from the base time to the promise; ended by progress or by the order's closing."""

    name = "ship_overdue"
    violation: OwnPromise = _WHEN_PASSED

    def episodes(self, order: OrderSnapshot) -> Iterable[Clock]:
        """The order's clock; none where it could not warn: its base unknown, its promise not after
        it, or its end too early."""
        base, deadline = order.base, order.promise
        if base is None or deadline is None or deadline <= base:
            return ()
        ended = order.closed_at
        for _, life in order.lives:
            for at in life.progress:
                if at >= base - TOLERANCE:
                    if ended is None or at < ended:
                        ended = at
                    break
        violation = self.violation
        limit = Limit(deadline - base, violation.at_least, violation.severity)
        if ended is not None and ended <= limit.opens(base):
            return ()
        return (Clock(self.name, "violation", base, limit, ended, order.proof()),)


RULE = RuleSpec("ship_overdue", "order", rule=ShipOverdue, terms=("promise",))
