"""What a profile says once, for every rule: which lanes there are, when orders are due, and which
clocks of a track are violations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from streams.facts.times import HOUR
from streams.rules.business_days import BusinessDays
from streams.rules.episodes import Clock
from streams.rules.lanes import Lanes


class TrackRule(Protocol):
    """A rule that sees clocks in a parcel; a snapshot knows no more of it."""

    def episodes(self, parcel: Any, /) -> Iterable[Clock]: ...


class Terms(NamedTuple):
    """The lanes, and when an order is due that brings no promise of its own: so long (µs) after
    its base, or by working days; None: never. `track_rules` are its rules for the track of a
    parcel, for those that go by their breaches: empty where none of them does."""

    lanes: Lanes = Lanes()
    default_promise: int | BusinessDays | None = 48 * HOUR
    track_rules: tuple[TrackRule, ...] = ()

    def due(self, base: int) -> int | None:
        """When an order of this base (µs) is due that brings no promise of its own."""
        promise = self.default_promise
        if promise is None:
            return None
        return base + promise if isinstance(promise, int) else promise.due(base)
