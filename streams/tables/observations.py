"""What the pipeline notes beside a chunk's effects, for whoever keeps the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.facts.times import DAY
from streams.judge.warnings import Revision
from streams.state.state import Published


class Changed(NamedTuple):
    """What one state had published when it was read, and has now that it is written."""

    before: Sequence[Published]
    after: Sequence[Published]


class First(NamedTuple):
    """A rule's warning was published for the first time, `lead` µs before its deadline; 0: after
    it."""

    rule: str
    lead: int


class Day(NamedTuple):
    """The orders of one shop and day (days since 1970-01-01): a number for each of MEASURES."""

    platform: str
    shop_id: str
    day: int
    counts: tuple[int, ...]


class Stocked(NamedTuple):
    """What was published of a product's stock: the pieces it lacked before, and lacks now."""

    platform: str
    shop_id: str
    before: int
    after: int


HISTORY = DAY
"""A deadline that passed longer ago (µs) when its warning was first published is no matter of
being late: it lies in a past that was read in afterwards."""


def firsts(known: Sequence[Published], revisions: Sequence[Revision]) -> list[First]:
    """The revisions that are the first of a warning with a deadline that runs or has passed."""
    if not revisions:
        return []
    ids = {entry.warning_id for entry in known}
    return [
        First(
            each.finding.rule,
            max(0, each.finding.deadline - each.detected_at) if each.finding.state == "open" else 0,
        )
        for each in revisions
        if each.warning_id not in ids
        and each.finding.deadline is not None
        and each.finding.state in ("open", "breached")
        and each.detected_at - each.finding.deadline <= HISTORY
    ]
