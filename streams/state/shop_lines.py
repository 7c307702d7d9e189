"""How far a shop or a product is from the lines that a platform draws for one day.

A profile's `Meter` says what is counted and where the lines are. `Counts` are the orders of one
subject and day; `reading` says of each line how many more orders cross it. Integers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streams.facts.times import HOUR

WHOLE = 10_000
"""Basis points in the whole: 100 is one percent."""

Counts = Sequence[int]
"""Orders of one subject and day, one number for each of MEASURES."""

MEASURES = ("due", "late", "unshipped", "shipped", "abnormal")
"""What is counted of a day: orders promised on it; of these, those whose promise was broken, and
those that even now nobody picked up; orders picked up on it; orders judged abnormal on it."""

PAIRS = {("late", "due"): True, ("unshipped", "due"): True, ("abnormal", "shipped"): False}
"""Which orders a line may compare with which: (orders, among) → whether the first are part of the
second. Where they are not (an order can be abnormal on another day than the one on which it
shipped), the least number of a line is one of the first."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a platform draws: a share of the day's orders, and a least number of them.

    Crossed on a day when `orders` are more than `share` basis points of those `among` (at least as
    many: `at_least`) and `counting` reaches `least`; where `days` is more than 1, on that many days
    running, this one the last.
    """

    name: str
    subject: str
    orders: str
    among: str
    share: int
    at_least: bool
    least: int
    counting: str
    days: int = 1


@dataclass(frozen=True, slots=True)
class Meter:
    """What a profile counts of a day, and its lines. Times in µs.

    `abnormal` are the findings, as (rule, stage), by which an order counts as judged abnormal.
    A day begins at midnight `day_offset` ahead of UTC. An order counts as `unshipped` once its
    promise is broken for more than `unshipped_after`.
    """

    lines: tuple[Line, ...] = ()
    abnormal: frozenset[tuple[str, str]] = frozenset()
    day_offset: int = 8 * HOUR
    unshipped_after: int = 0

    def longest_run(self) -> int:
        """The most days that one line looks at."""
        return max((line.days for line in self.lines), default=1)


class Reading(NamedTuple):
    """One line on one day: how many more orders would cross it; at 0 it is crossed."""

    line: Line
    distance: int

    @property
    def crossed(self) -> bool:
        """Whether the line is crossed."""
        return self.distance == 0


def reading(line: Line, days: Sequence[Counts]) -> Reading:
    """A line against the counts of `days`, this day first, then the days before it.

    A day of which nothing is known counts as one without orders.
    """
    nothing = (0,) * len(MEASURES)
    run = [days[n] if n < len(days) else nothing for n in range(line.days)]
    return Reading(line, sum(_distance(line, counts) for counts in run))


def rate(part: int, whole: int) -> int | None:
    """`part` of `whole` in basis points, rounded down; None where there is no whole."""
    return None if whole <= 0 else part * WHOLE // whole


def measure(counts: Counts, name: str) -> int:
    """One number of a subject and day."""
    return counts[MEASURES.index(name)]


def _distance(line: Line, counts: Counts) -> int:
    """The fewest further `orders` with which one day is over the line; 0: it is."""
    part, whole = measure(counts, line.orders), measure(counts, line.among)
    missing = max(0, line.least - measure(counts, line.counting))
    if line.counting == line.orders:
        return max(missing, _enough(line, whole) - part)
    # Where too few are due, new ones that go wrong count on both sides; the rest of what is
    # missing are orders already due.
    return missing + max(0, _enough(line, whole + missing) - part - missing)


def _enough(line: Line, whole: int) -> int:
    """The least number that is over the line's share of `whole`."""
    exact, rest = divmod(line.share * whole, WHOLE)
    if line.at_least:
        return exact + (rest > 0)
    return exact + 1
