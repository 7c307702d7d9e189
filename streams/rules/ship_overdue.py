"""The order was not picked up by the promised ship-by time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from streams.facts.times import HOUR, TOLERANCE
from streams.rules.episodes import Clock, Limit
from streams.rules.fields import InHours, OwnPromise, Reads
from streams.rules.snapshot import OrderSnapshot
from streams.rules.spec import RuleSpec

_WHEN_PASSED = Limit(0)


@dataclass(frozen=True, slots=True)
class ShipOverdue:
    """Runs from the base time to the promise; ended by progress or by the order's closing."""

    name = "ship_overdue"
    violation: OwnPromise = _WHEN_PASSED
    default_promise: Annotated[InHours, Reads("without a promise {}")] = 48 * HOUR

    def episodes(self, order: OrderSnapshot) -> Iterable[Clock]:
        """The order's clock; none where it could not warn: its base unknown, its promise not after
        it, or its end too early."""
        base = order.base
        if base is None:
            return ()
        promise = order.version.promised_ship_by
        deadline = base + self.default_promise if promise is None else promise
        if deadline <= base:
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


RULE = RuleSpec("ship_overdue", "order", rule=ShipOverdue)
