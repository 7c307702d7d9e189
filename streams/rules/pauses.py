"""Times in which clocks stand still: holidays, closed regions, days on which nobody works."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from heapq import merge
from operator import itemgetter
from typing import NamedTuple

Pause = tuple[int, int]
"""From the first moment (µs) to the second, the second itself not."""

_end = itemgetter(1)


class Exemption(NamedTuple):
    """One row of a profile: the clocks that it is about stand still in its `pauses`.

    `pauses` are in order of time and disjoint. An empty set is every province, carrier or rule.
    `promises` says that they also hold a clock that runs to a time which the order itself gives.
    """

    name: str
    pauses: tuple[Pause, ...]
    provinces: frozenset[int] = frozenset()
    carriers: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    promises: bool = True

    def covers(self, rule: str, provinces: Iterable[int], carriers: Iterable[str]) -> bool:
        """Whether a clock of `rule` stands still: one of its provinces is named (an unknown one
        never is), and one of its carriers."""
        return (
            (not self.rules or rule in self.rules)
            and (not self.provinces or not self.provinces.isdisjoint(provinces))
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
