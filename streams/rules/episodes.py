"""Episodes: what a rule sees in the facts, before anyone asks what time it is.

A rule turns a snapshot into clocks and checks without knowing the time; `judge_clock` and
`judge_check` say what each is worth at T and when that changes next. Every boundary of time
lives here, once.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.facts.times import HOUR
from streams.rules.pauses import Pause, reached
from streams.state.state import Advice, Proof

LONGEST_LEAD = 12 * HOUR


class Limit(NamedTuple):
    """One stage's limit: its `length` in µs; reaching it breaches (≥), or only passing it (>)."""

    length: int
    at_least: bool = False
    severity: str = "critical"

    def opens(self, started_at: int) -> int:
        """When a clock that started at `started_at` first warns: a quarter of it, at most
        LONGEST_LEAD, before its deadline."""
        length = self.length
        return started_at + length - min(length // 4, LONGEST_LEAD)

    def too_late(self, moment: int, deadline: int) -> bool:
        """Whether `moment` breaches `deadline` in this limit's sense."""
        return moment >= deadline if self.at_least else moment > deadline

    def breach_moment(self, deadline: int) -> int:
        """The first microsecond that is too late."""
        return deadline if self.at_least else deadline + 1


class Clock(NamedTuple):
    """A stretch that must end before its deadline: start, limit, end (None while it runs).

    `after` is the `violation` limit of a `serious` clock, which exists from that breach on. The
    clock stands still in its `pauses`, those of the profile's `exemptions` named; rules leave both
    empty, and a pause only ever moves what they see to later.
    """

    rule: str
    stage: str
    started_at: int
    limit: Limit
    ended_at: int | None
    proof: Proof
    after: Limit | None = None
    lane: str | None = None
    detail: str | None = None
    pauses: tuple[Pause, ...] = ()
    exemptions: tuple[str, ...] = ()
    advice: Advice = ()


class Check(NamedTuple):
    """Something that holds from `holds_from` until `ended_at` (None: still).

    `rectify_within` (µs) is how long the profile gives the seller to put it right, None: no time is
    set. `detail` is a word that says what was seen, from a closed list of the rule. `parcel` is the
    number that a check of an order is about.
    """

    rule: str
    stage: str
    severity: str
    anchor: int
    holds_from: int
    ended_at: int | None
    proof: Proof
    rectify_within: int | None = None
    detail: str | None = None
    parcel: str | None = None
    advice: Advice = ()


class Verdict(NamedTuple):
    """An episode at T: its warning's state (None: no warning) and times, all in µs.

    `next_change` is when time alone changes the verdict; None: never.
    """

    state: str | None
    opened_at: int = 0
    deadline: int | None = None
    breached_at: int | None = None
    resolved_at: int | None = None
    next_change: int | None = None


_NEVER = Verdict(None)


def judge_clock(clock: Clock, now: int) -> Verdict:
    """What a clock is worth at `now`, and when that changes if no fact comes."""
    limit, end, started, pauses = clock.limit, clock.ended_at, clock.started_at, clock.pauses
    deadline = reached(started, limit.length, pauses) if pauses else started + limit.length
    if clock.after is None:
        opens = opened = (
            reached(started, limit.opens(0), pauses) if pauses else limit.opens(started)
        )
    else:
        violation = clock.after.length
        opened = reached(started, violation, pauses) if pauses else started + violation
        # With an end beyond it, `violation` is known to breach at its deadline; else time tells.
        opens = opened if end is not None else clock.after.breach_moment(opened)
    if end is not None and end <= opened:
        return _NEVER
    if now < opens:
        return Verdict(None, 0, None, None, None, opens)
    if end is not None:
        breached = deadline if limit.too_late(end, deadline) else None
        return Verdict("resolved", opened, deadline, breached, end)
    if limit.too_late(now, deadline):
        return Verdict("breached", opened, deadline, deadline)
    return Verdict("open", opened, deadline, next_change=limit.breach_moment(deadline))


def judge_check(check: Check) -> Verdict:
    """What a check is worth: time alone never changes it."""
    opened, end, within = check.holds_from, check.ended_at, check.rectify_within
    if end is not None and end <= opened:
        return _NEVER
    deadline = None if within is None else opened + within
    if end is None:
        return Verdict("open", opened, deadline)
    return Verdict("resolved", opened, deadline, resolved_at=end)
