"""Times in which clocks stand still, and dates to which they run: holidays, closed regions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from heapq import merge
from operator import itemgetter
from typing import Literal, NamedTuple

Pause = tuple[int, int]
"""From the first moment (µs) to the second, the second itself not."""

_end = itemgetter(1)


class Until(NamedTuple):
    """A date that takes the place of an earlier deadline: `date` (µs), for orders that are `paid`
    or `due` from the first moment of `within` (µs) to the second, the second itself not."""

    date: int
    counts: Literal["paid", "due"]
    within: Pause

    def holds(self, paid_at: int, due_at: int) -> bool:
        """Whether it is about an order of this payment, which is due then without it."""
        since, to = self.within
        return since <= (paid_at if self.counts == "paid" else due_at) < to


class Exemption(NamedTuple):
    """One row of a profile: the clocks that it is about stand still in its `pauses`, or run on to
    the date of `until`.

    `pauses` are in order of time and disjoint. `regions` are provinces by two digits and cities by
    four. An empty set is every region, carrier or rule. `promises` says that they also hold a clock
    that runs to a time which the order itself gives.
    """

    name: str
    pauses: tuple[Pause, ...]
    regions: frozenset[int] = frozenset()
    carriers: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    promises: bool = True
    until: Until | None = None

    def covers(self, rule: str, regions: Iterable[int], carriers: Iterable[str]) -> bool:
        """Whether a clock of `rule` is held: one of its regions is named (an unknown one never
        is), and one of its carriers."""
        return (
            (not self.rules or rule in self.rules)
            and (not self.regions or not self.regions.isdisjoint(regions))
            and (not self.carriers or not self.carriers.isdisjoint(carriers))
        )


def reached(started_at: int, length: int, pauses: Iterable[Pause]) -> int:
    """The first moment at which a clock has run for `length` µs; `pauses` in order of start."""
    moment, left = started_at, length
    for start, end in pauses:
        if end <= moment:
            continue
        if start - moment >= left:
            break
        if start > moment:
            left -= start - moment
        moment = end
    return moment + left


def overlapping(
    rows: Sequence[Exemption], started_at: int, length: int
) -> tuple[tuple[Pause, ...], tuple[str, ...]]:
    """The pauses of `rows` that hold a clock before it has run for `length` µs, joined where they
    meet, and the names of the rows that they are of."""
    later = []
    for row in rows:
        ahead = row.pauses[bisect_right(row.pauses, started_at, key=_end) :]
        later.append([(pause, row.name) for pause in ahead])
    pauses: list[Pause] = []
    names: set[str] = set()
    moment, left = started_at, length
    for (start, end), name in merge(*later):
        if start - moment >= left:
            break
        names.add(name)
        if end <= moment:
            continue
        if start > moment:
            left -= start - moment
            pauses.append((start, end))
        elif pauses:
            pauses[-1] = (pauses[-1][0], end)
        else:
            pauses.append((start, end))
        moment = end
    return tuple(pauses), tuple(sorted(names))


def dated(
    rows: Iterable[Exemption], started_at: int, length: int, deadline: int
) -> tuple[tuple[Pause, ...], tuple[str, ...]]:
    """As `overlapping`, where a row sets a later date than `deadline`, to which the other rows
    bring a clock: one pause from its start on, after which it runs to that date; else nothing."""
    dates = [
        (row.until.date, row.name)
        for row in rows
        if row.until is not None and row.until.holds(started_at, started_at + length)
    ]
    latest = max((date for date, _ in dates), default=deadline)
    if latest <= deadline:
        return (), ()
    names = tuple(sorted(name for date, name in dates if date == latest))
    return ((started_at, latest - length),), names
