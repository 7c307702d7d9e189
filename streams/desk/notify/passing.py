"""What time alone brings: deadlines that near, acknowledgements that end, patience that is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)

from streams.desk.database.database import Database, add, sequence
from streams.desk.database.tables import NEVER, notices, route_states, warnings
from streams.desk.notify.announce import (
    OVERTAKEN,
    WAITING,
    Announcer,
    fact_of,
    notice,
    remember,
)
from streams.desk.notify.matching import is_of, unattended
from streams.notify.decide import RouteState, covered
from streams.notify.message import Change
from streams.notify.routes import Route

_AT_ONCE = 500
"""Warnings of one transaction: others wait no longer than for that."""

_STATE = [
    route_states.c[name].label(f"told_{name}") for name in ("state", "revision", "turn", "reminded")
]

Rows = Sequence[Row[Any]]
Deal = Callable[[Connection, Rows], None]


def pass_time(database: Database, announcer: Announcer, now: int) -> int:
    """Write what is to be told since time has passed; how many warnings that concerned."""
    count = 0
    for route in announcer.routes.values():
        for query, write in _steps(route, announcer.since[route.name], now):
            count += _all(database, query, write)
    return count + _all(database, _STALE, _end)


def _steps(route: Route, since: int, now: int) -> Iterator[tuple[Select[Any], Deal]]:
    if route.near is not None and "open" in route.states:
        query = _open(route, now, route.near)
        is_new = or_(route_states.c.state.is_(None), route_states.c.state != "open")
        yield query.where(is_new), partial(_say, route, "new", None, now)
    for step in reversed(route.reminders):
        # The shortest first: who was reminded of it is not reminded of longer ones.
        if "open" in route.states:
            query = _open(route, now, step).where(unattended(now))
            not_yet = or_(route_states.c.reminded.is_(None), route_states.c.reminded > step)
            yield query.where(not_yet), partial(_say, route, "reminder", step, now)
    if route.escalate is not None:
        query = _known(route).where(route_states.c.escalate_at <= now)
        yield query, partial(_escalate, route, now)
    query = _known(route).where(
        warnings.c.cared_until > since,
        warnings.c.cared_until <= now,
        or_(route_states.c.again.is_(None), route_states.c.again < warnings.c.cared_until),
        *is_of(route),
        *_near(route, now),
    )
    yield query, partial(_say_again, route, now)


def _open(route: Route, now: int, within: int) -> Select[Any]:
    """Open warnings of a route with a deadline so near, and what it was told of them."""
    return _known(route).where(
        warnings.c.state == "open",
        warnings.c.due_at > now,
        warnings.c.due_at <= now + within,
        *is_of(route),
    )


def _near(route: Route, now: int) -> list[ColumnElement[bool]]:
    """As `streams.notify.decide.is_near`: what is not near yet is told of once it is."""
    if route.near is None:
        return []
    return [or_(warnings.c.state != "open", warnings.c.due_at <= now + route.near)]


def _known(route: Route) -> Select[Any]:
    of_route = and_(
        route_states.c.warning_id == warnings.c.warning_id, route_states.c.route == route.name
    )
    return select(warnings, *_STATE).join_from(warnings, route_states, of_route, isouter=True)


def _all(database: Database, query: Select[Any], write: Deal) -> int:
    """Deal with all that a query finds, some at a time; what was dealt with it finds no more."""
    count = 0
    some = query.limit(_AT_ONCE)
    while True:
        with database.reading() as connection:
            if connection.execute(some.limit(1)).first() is None:
                return count
        with database.writing() as connection:
            sequence(connection, 1)
            found = connection.execute(some).all()
            write(connection, found)
        count += len(found)


def _say(
    route: Route, change: Change, step: int | None, now: int, connection: Connection, found: Rows
) -> None:
    """Tell of open warnings: they are near now, or it is time to remind of them."""
    changed: dict[tuple[str, str], RouteState] = {}
    rows = []
    for row in found:
        fact = fact_of(row._mapping)
        was = _was(row)
        if change == "new" or was is None or was.state != fact.state:
            turn = 1 if was is None else was.turn + 1
            was = RouteState(fact.state, fact.revision, turn)
        changed[route.name, fact.warning_id] = replace(was, reminded=covered(route, fact, now))
        rows += [
            notice(route, channel, fact, was.turn, change, now, step, fact.deadline)
            for channel in route.channels
        ]
    remember(connection, changed, now)
    add(connection, notices, rows)


def _say_again(route: Route, now: int, connection: Connection, found: Rows) -> None:
    """Nobody takes care any more of what still stands."""
    changed: dict[tuple[str, str], RouteState] = {}
    rows, ends = [], []
    for row in found:
        fact = fact_of(row._mapping)
        was = _was(row)
        if was is None or was.state != fact.state:
            turn = 1 if was is None else was.turn + 1
            was = RouteState(fact.state, fact.revision, turn, covered(route, fact, now))
        changed[route.name, fact.warning_id] = was
        ends.append({"of": fact.warning_id, "ended": row.cared_until})
        rows += [
            notice(route, channel, fact, was.turn, "again", now, None, row.cared_until)
            for channel in route.channels
        ]
    remember(connection, changed, now)
    connection.execute(
        update(route_states)
        .where(route_states.c.route == route.name, route_states.c.warning_id == bindparam("of"))
        .values(again=bindparam("ended")),
        ends,
    )
    add(connection, notices, rows)


def _escalate(route: Route, now: int, connection: Connection, found: Rows) -> None:
    """Tell somebody else of what nobody has acknowledged or snoozed in time."""
    channels = () if route.escalate is None else route.escalate.channels
    rows = []
    for row in found:
        cared = row.cared_until is not None and row.cared_until > now
        if row.standing and row.state == row.told_state and not cared:
            fact = fact_of(row._mapping)
            rows += [
                notice(route, channel, fact, row.told_turn, "escalation", now)
                for channel in channels
            ]
    connection.execute(
        update(route_states)
        .where(route_states.c.route == route.name, route_states.c.warning_id == bindparam("of"))
        .values(escalate_at=NEVER),
        [{"of": row.warning_id} for row in found],
    )
    add(connection, notices, rows)


def _was(row: Row[Any]) -> RouteState | None:
    if row.told_state is None:
        return None
    return RouteState(row.told_state, row.told_revision, row.told_turn, row.told_reminded)


_STALE = select(notices.c.id).where(
    # A desk without routes took in what came after it.
    notices.c.outcome == WAITING,
    exists().where(
        warnings.c.warning_id == notices.c.warning_id,
        warnings.c.revision > notices.c.revision,
        warnings.c.state != notices.c.state,
    ),
)


def _end(connection: Connection, found: Rows) -> None:
    connection.execute(
        update(notices).where(notices.c.id.in_([row.id for row in found])).values(outcome=OVERTAKEN)
    )
