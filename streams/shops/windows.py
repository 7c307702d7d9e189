"""The lines of a shop that look at several days together: what they count, and how far they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from streams.profiles.model import Profiles
from streams.state.shop_lines import Counts, Line, reading, together


class Rolling(NamedTuple):
    """A line on one day: the days that it looks at, what they count of it together, and how many
    further orders would cross it."""

    line: Line
    days: range
    counts: Counts
    distance: int


def rolling(lines: Iterable[Line], day: int, counts: Mapping[int, Counts]) -> Iterator[Rolling]:
    """The lines of shops among `lines` that have a window, on `day`.

    `counts` are those of each day of which something is known; none counts as one without orders.
    """
    for line in lines:
        if line.window is None or line.subject != "shop":
            continue
        days = line.window.of(day)
        total = together([counts[n] for n in days if n in counts], (line.orders, line.among))
        yield Rolling(line, days, total, reading(line, (total,)).distance)


def reach_of(profiles: Profiles, platform: str) -> int:
    """How many days before its day a line of a platform's profiles looks at, at most."""
    meters = [profile.meter for profile in profiles.of(platform) if profile.meter is not None]
    return max((meter.reach for meter in meters), default=0)
