"""What a profile says once, for every rule: which lanes there are, and when orders are due."""

from __future__ import annotations

from typing import NamedTuple

from streams.facts.times import HOUR
from streams.rules.business_days import BusinessDays
from streams.rules.lanes import Lanes


class Terms(NamedTuple):
    """The lanes, and when an order is due that brings no promise of its own: so long (µs) after
    its base, or by working days; None: never."""

    lanes: Lanes = Lanes()
    default_promise: int | BusinessDays | None = 48 * HOUR

    def due(self, base: int) -> int | None:
        """When an order of this base (µs) is due that brings no promise of its own."""
        promise = self.default_promise
        if promise is None:
            return None
        return base + promise if isinstance(promise, int) else promise.due(base)
