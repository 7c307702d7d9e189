"""Whether the dated versions of a platform follow one another without gap or overlap."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from streams.facts.times import HOUR, iso
from streams.profiles.model import Profile
from streams.state.shop_lines import Meter


def clashes(profiles: Iterable[Profile]) -> list[str]:
    """Two profiles of one platform that start at the same moment, so that it is not said which
    judges, or whose days begin at different hours: a shop's day must be one and the same."""
    starts: dict[tuple[str, int], str] = {}
    days: dict[str, Profile] = {}
    found = []
    for profile in profiles:
        if profile.meter is not None:
            first = days.setdefault(profile.platform, profile)
            if first.meter is not None and _days(first.meter) != _days(profile.meter):
                where = profile.files[0] if profile.files else profile.id
                found.append(
                    f"{where}: {profile.id}: {_days(profile.meter)}, allowed is that of "
                    f"{first.id}: {_days(first.meter)}"
                )
        other = starts.setdefault((profile.platform, profile.effective_from), profile.id)
        if other != profile.id:
            where = profile.files[0] if profile.files else profile.id
            found.append(
                f"{where}: {profile.id}: starts at the same moment as {other}; allowed: another "
                "effective_from, or its id to take its place"
            )
    return found


def _days(meter: Meter) -> str:
    """When the days of a meter begin."""
    if meter.zone is not None:
        return f"meter.zone is {meter.zone}"
    return f"meter.days_ahead_of_utc_hours is {meter.day_offset // HOUR}"


def remarks(profiles: Iterable[Profile]) -> list[str]:
    """Gaps, in which the version judges that started last, and overlaps, in which the newer does.

    A version without an end is followed by the next one; that is no overlap.
    """
    by_platform: dict[str, list[Profile]] = {}
    for profile in sorted(profiles, key=lambda each: each.effective_from):
        by_platform.setdefault(profile.platform, []).append(profile)
    found = []
    for platform, versions in by_platform.items():
        for older, newer in pairwise(versions):
            end, start = older.effective_to, newer.effective_from
            if end is not None and end > start:
                found.append(
                    f"{platform}: {older.id} and {newer.id} overlap from {iso(start)} to "
                    f"{iso(min(end, newer.effective_to or end))}; there {newer.id} judges"
                )
        covered: Profile | None = None
        for version in versions:
            end = None if covered is None else covered.effective_to
            if covered is not None and end is not None and end < version.effective_from:
                last = max(
                    (v for v in versions if v.effective_from < version.effective_from),
                    key=lambda v: v.effective_from,
                )
                found.append(
                    f"{platform}: no version is in force from {iso(end)} to "
                    f"{iso(version.effective_from)}; there {last.id} judges"
                )
            if covered is None or (
                end is not None and (version.effective_to is None or version.effective_to > end)
            ):
                covered = version
        if covered is not None and covered.effective_to is not None:
            found.append(
                f"{platform}: no version is in force from {iso(covered.effective_to)} on; there "
                f"{versions[-1].id} judges"
            )
    return found
