"""What a route makes of a revision: whether it is news, and when it may be was. Times are µs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from streams.notify.hours import next_of, quiet_until
from streams.notify.message import Change
from streams.notify.routes import Route

OVER = ("resolved", "withdrawn")
"""States of what nobody can act upon any more."""

GONE = ""
"""In place of a state: the warning was deleted, what follows begins anew."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What routes look at of a revision; `shop_id` is empty where the warning names no shop."""

    warning_id: str
    revision: int
    state: str
    platform: str
    shop_id: str
    rule: str
    stage: str
    severity: str
    deadline: int | None
    currency: str | None
    most: int | None
    detected_at: int


@dataclass(frozen=True, slots=True)
class RouteState:
    """What a route has heard of a warning last: its state, by which revision, and how often that
    changed (`turn`). `reminded` is how near a deadline was spoken of; None: of none."""

    state: str
    revision: int
    turn: int
    reminded: int | None = None


class Heard(NamedTuple):
    """What came of a revision: what to remember, and what to tell (None: nothing). `ends`: what
    waits to be told of the warning is no longer so."""

    becomes: RouteState
    change: Change | None
    ends: bool


class When(NamedTuple):
    """From when on something may be told, and when it has waited long enough for others."""

    due_at: int
    ready_at: int


def matches(route: Route, fact: Fact) -> bool:
    """Whether a standing warning is one of a route's, whenever its deadline is."""
    return (
        fact.state in route.states
        and (not route.platforms or fact.platform in route.platforms)
        and (not route.shops or f"{fact.platform}/{fact.shop_id}" in route.shops)
        and (not route.rules or fact.rule in route.rules)
        and (not route.stages or fact.stage in route.stages)
        and (not route.severities or fact.severity in route.severities)
        and (
            route.money is None
            or (fact.currency == route.currency and (fact.most or 0) >= route.money)
        )
    )


def is_near(route: Route, fact: Fact, now: int) -> bool:
    """Whether a deadline is near enough for a route; a breached one is."""
    if route.near is None or fact.state != "open":
        return True
    return fact.deadline is not None and fact.deadline - now <= route.near


def covered(route: Route, fact: Fact, now: int) -> int | None:
    """The shortest of a route's reminders whose moment has come; None: none has."""
    if fact.state != "open" or fact.deadline is None:
        return None
    return min((each for each in route.reminders if fact.deadline - now <= each), default=None)


def heard(route: Route, was: RouteState | None, fact: Fact, now: int, old: bool) -> Heard | None:
    """What a route makes of a revision; None: nothing.

    `old`: it was so before the route began to listen, and is not announced.
    """
    if was is not None and fact.revision <= was.revision:
        return None
    if fact.state in OVER:
        if was is None:
            return None
        if was.state in (fact.state, GONE):
            return Heard(RouteState(fact.state, fact.revision, was.turn), None, False)
        change: Change | None = None
        if route.follow_up:
            # It may come from another end that nobody was told of yet.
            change = "resolved" if fact.state == "resolved" else "withdrawn"
        return Heard(RouteState(fact.state, fact.revision, was.turn + 1), change, True)
    if was is not None and was.state == fact.state:
        reminded = covered(route, fact, now)
        if was.reminded is None or (reminded is not None and reminded <= was.reminded):
            return None
        # The deadline moved away: what was a reminder then is none of the new one.
        return Heard(replace(was, reminded=reminded), None, False)
    if not matches(route, fact):
        if was is None:
            return None
        return Heard(RouteState(fact.state, fact.revision, was.turn + 1), None, True)
    if was is None and old:
        return None
    if not is_near(route, fact, now):
        # Once its deadline nears, time will tell; what waits of its former state is no longer so.
        return None if was is None else Heard(was, None, True)
    turn = 1 if was is None else was.turn + 1
    return Heard(
        RouteState(fact.state, fact.revision, turn, covered(route, fact, now)),
        "breached" if fact.state == "breached" else "new",
        True,
    )


def when(route: Route, fact: Fact, now: int) -> When:
    """When a route may speak of a warning: quiet hours and digests hold what is not urgent."""
    to_deadline = None
    if fact.state == "open" and fact.deadline is not None:
        to_deadline = fact.deadline - route.urgent
    if to_deadline is not None and to_deadline <= now and route.urgent:
        return When(now, now)
    due = next_of(route.digests, now, route.tz) if route.digests else now
    due = quiet_until(route.quiets, due, route.tz)
    if to_deadline is not None and route.urgent:
        due = min(due, to_deadline)
    ready = due if route.digests else due + route.wait
    return When(due, ready)


def group_key(route: Route, fact: Fact) -> str:
    """What a route puts into one message, by a name."""
    if route.group == "warning":
        return fact.warning_id
    return f"{fact.platform}/{fact.shop_id}" if route.group == "shop" else ""
