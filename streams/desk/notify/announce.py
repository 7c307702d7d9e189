"""What is to be told of revisions, written in the transaction that takes them in.

What was told of a warning is known by route: repeats, a restart and a rebuild tell nothing again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, bindparam, case, null, select, update

from streams.desk.database.database import add, insert, sequence
from streams.desk.database.tables import notices, notify_channels, notify_routes, route_states
from streams.notify.decide import GONE, OVER, Fact, RouteState, group_key, heard, when
from streams.notify.facts import notice_key
from streams.notify.message import Change
from streams.notify.routes import Route

WAITING, SENT_OUT, OVERTAKEN, ATTENDED = "waiting", "in_notification", "overtaken", "attended"
"""What became of a notice: it waits, is in a notification, was overtaken by a later state of its
warning, or somebody took care before it was told."""

_AT_ONCE = 500
"""Values of one question: fewer than either database allows."""

_NEWS = ("route", "warning_id", "state", "revision", "turn", "reminded", "changed_at")


@dataclass(frozen=True, slots=True)
class Announcer:
    """The routes, and since when each listens (µs)."""

    routes: Mapping[str, Route]
    since: Mapping[str, int]

    def take(
        self,
        connection: Connection,
        rows: Sequence[Mapping[str, Any]],
        before: Mapping[str, Row[Any]],
        now: int,
    ) -> None:
        """Write what is to be told of revisions, which are rows of `warnings`.

        `before` is what the database had of their warnings. Call `sequence` before.
        """
        facts = [
            fact
            for row in sorted(rows, key=lambda row: int(row["revision"]))
            if (fact := fact_of(row)).warning_id not in before
            or fact.revision > before[fact.warning_id].revision
        ]
        if not facts:
            return
        ids = {fact.warning_id for fact in facts}
        known = known_of(connection, ids)
        spoken = _spoken_of(connection, {f.warning_id for f in facts if f.state in OVER})
        changed: dict[tuple[str, str], RouteState] = {}
        ended: set[tuple[str, str]] = set()
        made: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for fact in facts:
            for route in self.routes.values():
                place = route.name, fact.warning_id
                was = changed.get(place, known.get(place))
                old = self._is_old(route, fact, before.get(fact.warning_id))
                found = heard(route, was, fact, now, old)
                if found is None:
                    continue
                if found.becomes != was:
                    changed[place] = found.becomes
                if found.ends:
                    ended.add(place)
                    made.pop(place, None)
                if found.change is None:
                    continue
                channels: Iterable[str] = route.channels
                if fact.state in OVER:
                    # Who was never told that it stood is not told that it is over.
                    channels = [c for c in route.every_channel if spoken.get((*place, c))]
                made[place] = [
                    notice(route, channel, fact, found.becomes.turn, found.change, now)
                    for channel in channels
                ]
        overtake(connection, ended)
        remember(connection, changed, now)
        add(connection, notices, [each for some in made.values() for each in some])

    def _is_old(self, route: Route, fact: Fact, before: Row[Any] | None) -> bool:
        since = self.since[route.name]
        return fact.detected_at < since or (
            before is not None
            and before.detected_at < since
            and (before.state, before.severity) == (fact.state, fact.severity)
        )


def begin(
    connection: Connection, routes: Mapping[str, Route], channels: Iterable[str], now: int
) -> Announcer:
    """Have routes listen that did not yet, and channels known; what listens already goes on."""
    sequence(connection, 1)
    add(connection, notify_routes, [{"name": name, "since": now} for name in routes])
    add(
        connection,
        notify_channels,
        [
            {"name": name, "owner": "", "lease_until": 0, "next_at": 0, "failures": 0}
            for name in channels
        ],
    )
    found = connection.execute(select(notify_routes.c.name, notify_routes.c.since))
    since = {name: moment for name, moment in found if name in routes}
    return Announcer(routes, since)


def fact_of(row: Mapping[str, Any] | RowMapping) -> Fact:
    """What routes look at, from a row of `warnings`."""
    return Fact(**{name: row[name] for name in Fact.__dataclass_fields__})


def notice(
    route: Route,
    channel: str,
    fact: Fact,
    turn: int,
    change: Change,
    now: int,
    step: int | None = None,
    mark: int | None = None,
) -> dict[str, Any]:
    """A row of `notices`; `turn`, `step` and `mark` are those of `notice_key`."""
    timed = when(route, fact, now)
    return {
        "key": notice_key(channel, route.name, fact, turn, change, step, mark),
        "channel": channel,
        "route": route.name,
        "group_key": group_key(route, fact),
        "warning_id": fact.warning_id,
        "revision": fact.revision,
        "state": fact.state,
        "change": change,
        "step": step,
        "is_over": fact.state in OVER,
        "made_at": now,
        "due_at": timed.due_at,
        "ready_at": timed.ready_at,
        "outcome": WAITING,
        "notification_id": None,
    }


def remember(
    connection: Connection, changed: Mapping[tuple[str, str], RouteState], now: int
) -> None:
    """Note what routes have heard; what was to come of the former state comes no more."""
    if not changed:
        return
    statement = insert(connection, route_states)
    is_news = statement.excluded.turn != route_states.c.turn
    values: dict[str, Any] = {name: statement.excluded[name] for name in _NEWS[2:]}
    for name in ("escalate_at", "again"):
        values[name] = case((is_news, null()), else_=route_states.c[name])
    connection.execute(
        statement.on_conflict_do_update(index_elements=["route", "warning_id"], set_=values),
        [
            {
                "route": route,
                "warning_id": warning_id,
                "state": each.state,
                "revision": each.revision,
                "turn": each.turn,
                "reminded": each.reminded,
                "changed_at": now,
            }
            for (route, warning_id), each in changed.items()
        ],
    )


def overtake(connection: Connection, ended: Iterable[tuple[str, str]]) -> None:
    """What waits to be told of these (route, warning) is so no longer."""
    places = [{"of_route": route, "of_warning": warning_id} for route, warning_id in ended]
    if places:
        connection.execute(
            update(notices)
            .where(
                notices.c.route == bindparam("of_route"),
                notices.c.warning_id == bindparam("of_warning"),
                notices.c.outcome == WAITING,
            )
            .values(outcome=OVERTAKEN),
            places,
        )


def known_of(connection: Connection, ids: Iterable[str]) -> dict[tuple[str, str], RouteState]:
    """What routes have heard of warnings, by route and warning."""
    columns = [route_states.c[name] for name in _NEWS if name != "changed_at"]
    return {
        (row.route, row.warning_id): RouteState(row.state, row.revision, row.turn, row.reminded)
        for some in slices(ids)
        for row in connection.execute(select(*columns).where(route_states.c.warning_id.in_(some)))
    }


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Warnings were deleted from the topic: what comes of them is new, nothing waits."""
    for some in slices(ids):
        connection.execute(
            update(route_states)
            .where(route_states.c.warning_id.in_(some))
            .values(state=GONE, revision=-1)
        )
        connection.execute(
            update(notices)
            .where(notices.c.warning_id.in_(some), notices.c.outcome == WAITING)
            .values(outcome=OVERTAKEN)
        )


def forget_revisions(connection: Connection) -> None:
    """The topic was made anew: its revisions begin again, and states that were told stay told."""
    connection.execute(update(route_states).values(revision=-1))


def slices(values: Iterable[str]) -> Iterator[Sequence[str]]:
    """Values, as many at a time as one question may have."""
    found = sorted(values)
    for begin_at in range(0, len(found), _AT_ONCE):
        yield found[begin_at : begin_at + _AT_ONCE]


def _spoken_of(connection: Connection, ids: Iterable[str]) -> dict[tuple[str, str, str], bool]:
    """Whether the last that a route told a channel of a warning was that it stands."""
    columns = (notices.c.route, notices.c.warning_id, notices.c.channel, notices.c.is_over)
    found: dict[tuple[str, str, str], bool] = {}
    for some in slices(ids):
        query = select(*columns).where(
            notices.c.warning_id.in_(some), notices.c.outcome == SENT_OUT
        )
        for row in connection.execute(query.order_by(notices.c.id)):
            found[row.route, row.warning_id, row.channel] = not row.is_over
    return found
