"""Settling: what news of a state changes is published once no further news came for a while.

An order, its upload and its scans come within a second, over two topics and in any order: what the
first of them says is often undone by the next. So what they change waits, and what is undone
meanwhile is never published. The law is not asked: what a state is worth at a time stays the same.
"""

from __future__ import annotations

from collections.abc import Collection

from streams.judge.evaluate import Candidate
from streams.state.state import Finding, OrderState, ParcelState, Published, Settling

MOST_TIMES = 6
"""A state that has news again and again is published after so many times the wait."""


def hear(state: OrderState | ParcelState, at: int, settle: int) -> None:
    """A state has news at `at` (µs), to be published `settle` µs after the last of it."""
    since, until = state.settling or (at, at)
    longest = since + MOST_TIMES * settle
    state.settling = Settling(since, min(max(until, at + settle), longest))


def settling_at(state: OrderState | ParcelState, now: int) -> Settling | None:
    """How long a state's news waits at `now` (µs), None where it has settled."""
    settling = state.settling
    return settling if settling is not None and now < settling.until else None


def is_near(settling: Settling | None, next_change: int | None) -> bool:
    """Whether a state changes (µs; None: never) before its news has settled."""
    return settling is not None and next_change is not None and next_change <= settling.until


def withhold(
    published: list[Published], candidates: list[Candidate], failed: Collection[str], until: int
) -> tuple[list[Candidate], bool]:
    """The candidates with what was published in place of what waits until `until` (µs), and whether
    anything does.

    What is open with a deadline by then does not wait, nor does what becomes of it: nothing is
    published after a deadline that is still ahead. What a failed rule had published is not asked.
    """
    known = {entry.warning_id: entry for entry in published}
    shown: list[Candidate] = []
    waits = False
    for each in candidates:
        old = known.pop(each.warning_id, None)
        before = None if old is None else old.finding
        if before == each.finding or _urgent(before, until) or _urgent(each.finding, until):
            shown.append(each)
            continue
        waits = True
        if before is not None:
            shown.append(each._replace(finding=before))
    for key, old in known.items():
        before = old.finding
        stays = before.state == "withdrawn" or before.rule in failed
        if not stays and not _urgent(before, until):
            waits = True
            shown.append(Candidate(key, before, ()))
    return shown, waits


def _urgent(finding: Finding | None, until: int) -> bool:
    if finding is None or finding.state != "open" or finding.deadline is None:
        return False
    return finding.deadline <= until
