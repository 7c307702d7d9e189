"""The lane between two provinces, and limits by lane."""

from __future__ import annotations

from typing import NamedTuple

from streams.rules.episodes import Limit


class LaneLimits(NamedTuple):
    """One stage's limit by lane."""

    near: Limit
    cross: Limit
    remote: Limit

    def of(self, lane: str) -> Limit:
        """The limit of a lane; of an unknown one the longest."""
        if lane == "near":
            return self.near
        if lane == "cross_province":
            return self.cross
        return self.remote if lane == "remote" else max(self, key=lambda limit: limit.length)


class Lanes(NamedTuple):
    """What decides the lane between two provinces, which are numbers as GB/T 2260 has them."""

    near_groups: tuple[frozenset[int], ...] = ()
    remote: frozenset[int] = frozenset()
    excluded: frozenset[int] = frozenset()

    def between(self, start: int | None, end: int | None) -> str | None:
        """near, cross_province, remote or unknown; None: a lane that is not judged."""
        if start in self.excluded or end in self.excluded:
            return None
        if start is None or end is None:
            return "unknown"
        if start in self.remote or end in self.remote:
            return "remote"
        if start == end:
            return "near"
        for group in self.near_groups:
            if start in group and end in group:
                return "near"
        return "cross_province"
