"""How far a shop or a product is from the lines that a platform draws for one day, or for several.

A profile's `Meter` says what is counted and where the lines are. `Counts` are the orders of one
subject and day; `reading` says of each line how many more orders cross it. Integers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import NamedTuple

from streams.facts.facts import STATUS_CODE
from streams.facts.times import DAY, HOUR, SECOND, from_datetime
from streams.state.windows import Window

WHOLE = 10_000
"""Basis points in the whole: 100 is one percent."""

Counts = Sequence[int]
"""Orders of one subject and day, one number for each of MEASURES; what is not there is 0."""

MEASURES = (
    "due",
    "late",
    "unshipped",
    "shipped",
    "abnormal",
    "confirmed",
    "untracked",
    "delivery_due",
    "delivered_late",
    "paid",
    "cancelled",
)
"""What is counted of a day: orders promised on it; of these, those whose promise was broken, and
those that even now nobody picked up; orders picked up on it; orders judged abnormal on it.

Further, where a line looks at it: orders uploaded on it, and of these those without a valid track;
orders promised to arrive on it, and of these those that did not; orders paid on it, and of these
those that the seller cancelled. Only ever append."""

ALWAYS = 5
"""So many of MEASURES are counted of every shop."""

FURTHER = ("confirmed", "delivery_due", "paid")
"""The measures that are counted where a line looks at them; after each comes the one that is part
of it."""

PAIRS = {
    ("late", "due"): True,
    ("unshipped", "due"): True,
    ("abnormal", "shipped"): False,
    ("untracked", "confirmed"): True,
    ("delivered_late", "delivery_due"): True,
    ("cancelled", "paid"): True,
}
"""Which orders a line may compare with which: (orders, among) → whether the first are part of the
second. Where they are not (an order can be abnormal on another day than the one on which it
shipped), the least number of a line is one of the first."""

DELIVERED = frozenset((STATUS_CODE["delivered"], STATUS_CODE["ready_for_pickup"]))
"""What counts as delivered where a profile does not say."""

DAYS = range(47_482)
"""Days that are counted: to the end of 2099. Who promises for later promises nothing (9999-12-31);
a day beyond the calendar has no name either."""

_EPOCH = date(1970, 1, 1).toordinal()


class Few(NamedTuple):
    """Of up to `up_to` orders among which they are, `enough` cross the line, whatever their
    share."""

    up_to: int
    enough: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a platform draws: a share of the day's orders, and a least number of them.

    Crossed on a day when `orders` are more than `share` basis points of those `among` (at least as
    many: `at_least`) and `counting` reaches `least`; where `days` is more than 1, on that many days
    running, this one the last. With a `window` its days are taken together. `consequence` says what
    the platform does, in Chinese and in English.
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
    few: Few | None = None
    window: Window | None = None
    consequence: tuple[str, str] | None = None

    @property
    def reach(self) -> int:
        """How many days before its day it looks at."""
        return self.days - 1 if self.window is None else self.window.reach


@dataclass(frozen=True, slots=True)
class Meter:
    """What a profile counts of a day, and its lines. Times in µs.

    `abnormal` are the findings, as (rule, stage), by which an order counts as judged abnormal.
    A day begins at midnight in `zone`, or where that is None `day_offset` ahead of UTC. An order
    counts as `unshipped` once its promise is broken for more than `unshipped_after`, as `untracked`
    while its parcels have fewer than `valid_scans` records of progress. `received` are the statuses
    that count as delivered. `further` are those of FURTHER that its lines look at.
    """

    lines: tuple[Line, ...] = ()
    abnormal: frozenset[tuple[str, str]] = frozenset()
    day_offset: int = 8 * HOUR
    unshipped_after: int = 0
    zone: tzinfo | None = None
    valid_scans: int = 1
    received: frozenset[int] = DELIVERED
    further: frozenset[str] = frozenset()

    @property
    def reach(self) -> int:
        """How many days before its day a line looks at, at most."""
        return max((line.reach for line in self.lines), default=0)

    @property
    def asks_parcels(self) -> bool:
        """Whether orders must hear more of their parcels than their first progress."""
        return "delivery_due" in self.further or (
            self.valid_scans > 1 and "confirmed" in self.further
        )

    def counted(self) -> tuple[str, ...]:
        """The names of what is counted."""
        places = [MEASURES.index(whole) for whole in FURTHER if whole in self.further]
        return (*MEASURES[:ALWAYS], *(name for at in places for name in MEASURES[at : at + 2]))

    def day_of(self, moment: int) -> int:
        """The day of a moment (µs) as the platform counts it, in days since 1970-01-01."""
        if self.zone is None or moment // DAY not in DAYS:
            return (moment + self.day_offset) // DAY
        return datetime.fromtimestamp(moment // SECOND, self.zone).toordinal() - _EPOCH

    def midnight(self, day: int) -> int:
        """When a day begins (µs)."""
        if self.zone is None or day not in DAYS:
            return day * DAY - self.day_offset
        return from_datetime(
            datetime.combine(date.fromordinal(_EPOCH + day), time(), tzinfo=self.zone)
        )


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
    run = [days[n] if n < len(days) else () for n in range(line.days)]
    return Reading(line, sum(_distance(line, counts) for counts in run))


def together(days: Iterable[Counts], names: Iterable[str]) -> Counts:
    """Some numbers of several days, added up; the others are 0."""
    total = [0] * len(MEASURES)
    places = [_PLACES[name] for name in names]
    for counts in days:
        for place in places:
            if place < len(counts):
                total[place] += counts[place]
    return total


_PLACES = {name: place for place, name in enumerate(MEASURES)}


def rate(part: int, whole: int) -> int | None:
    """`part` of `whole` in basis points, rounded down; None where there is no whole."""
    return None if whole <= 0 else part * WHOLE // whole


def measure(counts: Counts, name: str) -> int:
    """One number of a subject and day."""
    place = _PLACES[name]
    return counts[place] if place < len(counts) else 0


def _distance(line: Line, counts: Counts) -> int:
    """The fewest further `orders` with which one day is over the line; 0: it is."""
    part = measure(counts, line.orders)
    if line.few is None or measure(counts, line.among) > line.few.up_to:
        return _by_share(line, line.least, line.counting, counts)
    enough = max(0, line.few.enough - part)
    if not PAIRS[line.orders, line.among]:
        return enough
    # Or so many new ones go wrong that they are no longer few.
    many, missing = line.few.up_to + 1, 0
    if line.counting == line.among:
        many = max(many, line.least)
    else:
        missing = line.least - part
    return min(enough, max(missing, _by_share(line, many, line.among, counts)))


def _by_share(line: Line, least: int, counting: str, counts: Counts) -> int:
    """The fewest further `orders` with which their share is over the line, `least` of `counting`
    being there."""
    part, whole = measure(counts, line.orders), measure(counts, line.among)
    missing = max(0, least - measure(counts, counting))
    if counting == line.orders:
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
