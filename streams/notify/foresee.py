"""What routes would have sent: revisions of some days, gone through as time would have brought
them. Nobody acknowledges anything here, and channels take everything at once."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from streams.facts.times import HOUR
from streams.notify.decide import (
    OVER,
    Fact,
    RouteState,
    covered,
    group_key,
    heard,
    is_near,
    matches,
    when,
)
from streams.notify.facts import message_key, notice_key, urgency, weight
from streams.notify.message import Change
from streams.notify.routes import Route


@dataclass(frozen=True, slots=True)
class Line:
    """A warning in a message: as it was then, and why it is told of."""

    fact: Fact
    change: Change
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A message that would have been sent; `lines` has the most urgent first. Times are µs."""

    key: str
    at: int
    channel: str
    route: str
    group_key: str
    is_over: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Notice:
    line: Line
    key: str
    due_at: int
    ready_at: int


Place = tuple[str, bool, str]
"""A channel, whether it is over, and a group."""


def foresee(
    routes: Iterable[Route],
    facts: Iterable[Fact],
    until: int,
    before: Mapping[str, tuple[str, str]] | None = None,
) -> list[Foreseen]:
    """The messages that revisions would have brought up to a moment, in order of time.

    `before` has state and severity of warnings that were there before the first of `facts`: what
    did not change is not announced.
    """
    ordered = sorted(facts, key=lambda fact: (fact.detected_at, fact.revision))
    found: list[Foreseen] = []
    for route in routes:
        course = _Course(route, before or {}, found)
        for fact in ordered:
            course.hear(fact)
        course.pass_to(until)
    return sorted(found, key=lambda each: (each.at, each.channel, each.key))


class _Course:
    """One route: what it has heard, what waits to be told, and what time will bring."""

    def __init__(
        self, route: Route, before: Mapping[str, tuple[str, str]], found: list[Foreseen]
    ) -> None:
        self._route = route
        self._before = before
        self._found = found
        self._states: dict[str, RouteState] = {}
        self._newest: dict[str, Fact] = {}
        self._stands: set[tuple[str, str]] = set()
        self._expected: set[tuple[str, int]] = set()
        self._waiting: dict[Place, list[_Notice]] = {}
        self._later: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = count()

    def hear(self, fact: Fact) -> None:
        """A revision, at the moment that it was made."""
        now, route = fact.detected_at, self._route
        self.pass_to(now)
        was = self._states.get(fact.warning_id)
        first = fact.warning_id not in self._newest
        old = first and self._before.get(fact.warning_id) == (fact.state, fact.severity)
        self._newest[fact.warning_id] = fact
        if fact.state == "open" and fact.deadline is not None and matches(route, fact):
            moments = (*route.reminders, *(() if route.near is None else (route.near,)))
            for each in moments:
                if fact.deadline - each > now:
                    self._at(fact.deadline - each, partial(self._near, fact))
        found = heard(route, was, fact, now, old)
        if found is None:
            return
        self._states[fact.warning_id] = found.becomes
        if found.ends:
            self._end(fact.warning_id)
        if found.change is None:
            return
        for channel in route.every_channel if fact.state in OVER else route.channels:
            if fact.state not in OVER or (channel, fact.warning_id) in self._stands:
                self._notice(channel, Line(fact, found.change), found.becomes.turn, now)

    def pass_to(self, now: int) -> None:
        """Let time pass, and happen what it brings."""
        while self._later and self._later[0][0] <= now:
            at, _, act = heapq.heappop(self._later)
            act(at)

    def _at(self, moment: int, act: Callable[[int], None]) -> None:
        heapq.heappush(self._later, (moment, next(self._number), act))

    def _near(self, fact: Fact, now: int) -> None:
        """A deadline is near, if it still is that one."""
        route = self._route
        newest, was = self._newest[fact.warning_id], self._states.get(fact.warning_id)
        if newest.deadline != fact.deadline or newest.state != "open" or not matches(route, newest):
            return
        reminded = covered(route, newest, now)
        if was is None or was.state != "open":
            if not is_near(route, newest, now):
                return
            turn = 1 if was is None else was.turn + 1
            self._states[fact.warning_id] = RouteState("open", newest.revision, turn, reminded)
            change: Change = "new" if route.near is not None else "reminder"
            self._say(Line(newest, change, _hours(reminded, change)), turn, now)
        elif reminded is not None and (was.reminded is None or reminded < was.reminded):
            self._states[fact.warning_id] = replace(was, reminded=reminded)
            self._say(Line(newest, "reminder", _hours(reminded, "reminder")), was.turn, now)

    def _say(self, line: Line, turn: int, now: int) -> None:
        for channel in self._route.channels:
            self._notice(channel, line, turn, now)

    def _notice(self, channel: str, line: Line, turn: int, now: int) -> None:
        fact, route = line.fact, self._route
        timed = when(route, fact, now)
        key = notice_key(channel, route.name, fact, turn, line.change, line.step, fact.deadline)
        place = channel, fact.state in OVER, group_key(route, fact)
        self._waiting.setdefault(place, []).append(_Notice(line, key, timed.due_at, timed.ready_at))
        self._at(timed.ready_at, partial(self._send, place))

    def _end(self, warning_id: str) -> None:
        for notices in self._waiting.values():
            notices[:] = [each for each in notices if each.line.fact.warning_id != warning_id]

    def _send(self, place: Place, now: int) -> None:
        """All that a group may say by now, in one message."""
        waiting = self._waiting.get(place, [])
        taken = [each for each in waiting if each.due_at <= now]
        if not any(each.ready_at <= now for each in taken):
            return
        waiting[:] = [each for each in waiting if each.due_at > now]
        channel, is_over, group = place
        chosen: dict[str, Line] = {}
        for each in taken:
            name = each.line.fact.warning_id
            if name not in chosen or weight(each.line.change) < weight(chosen[name].change):
                chosen[name] = each.line
            if is_over:
                self._stands.discard((channel, name))
            else:
                self._stands.add((channel, name))
                self._expect(name, now)
        lines = sorted(
            chosen.values(),
            key=lambda line: urgency(line.fact.state, line.fact.deadline, line.fact.warning_id),
        )
        key = message_key(channel, (each.key for each in taken))
        self._found.append(
            Foreseen(key, now, channel, self._route.name, group, is_over, tuple(lines))
        )

    def _expect(self, warning_id: str, now: int) -> None:
        """Nobody acknowledges it: somebody else is told in the end."""
        escalate, turn = self._route.escalate, self._states[warning_id].turn
        if escalate is None or (warning_id, turn) in self._expected:
            return
        self._expected.add((warning_id, turn))
        self._at(
            now + round(escalate.after_hours * HOUR), partial(self._escalate, warning_id, turn)
        )

    def _escalate(self, warning_id: str, turn: int, now: int) -> None:
        escalate, was = self._route.escalate, self._states[warning_id]
        if escalate is None or was.turn != turn or was.state in OVER:
            return
        for channel in escalate.channels:
            self._notice(channel, Line(self._newest[warning_id], "escalation"), turn, now)


def _hours(step: int | None, change: Change) -> int | None:
    return None if step is None or change != "reminder" else round(step / HOUR)
