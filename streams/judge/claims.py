"""How long a track must be for any rule to compare it."""

from __future__ import annotations

from streams.profiles.model import Profiles
from streams.rules.cloned_track import ClonedTrack


def shortest_track(profiles: Profiles) -> int | None:
    """The least records of a track that any profile compares; None where the rule is off in all."""
    limits = (
        rule.at_least_records
        for profile in profiles.all
        for rule in profile.parcel_rules
        if isinstance(rule, ClonedTrack)
    )
    return min(limits, default=None)
