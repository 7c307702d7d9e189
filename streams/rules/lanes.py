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
