"""How long a track must be for any rule to compare it."""

from __future__ import annotations

from streams.profiles.model import Profiles


def shortest_track(profiles: Profiles) -> int | None:
    """The least records of a track that any profile compares; None where the rule is off in all."""
    limits = (profile.shortest_track for profile in profiles.all)
    return min((limit for limit in limits if limit is not None), default=None)
