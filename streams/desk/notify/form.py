"""Messages made of what waits: one group, or several where the channel's limit asks for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, update
from sqlalchemy.sql.selectable import Join

from schemas import ShipmentWarning
from streams.desk.database.database import insert
from streams.desk.database.tables import (
    cells,
    notices,
    notifications,
    revisions,
    route_states,
    warnings,
    work,
)
from streams.desk.notify.announce import ATTENDED, SENT_OUT, WAITING
from streams.desk.notify.matching import is_of, unattended
from streams.facts.times import HOUR, to_datetime
from streams.notify.facts import message_key, urgency, weight
from streams.notify.message import (
    MERGED,
    MOST_ITEMS,
    URGENT,
    Change,
    Counts,
    Group,
    Item,
    Message,
)
from streams.notify.routes import Route
from streams.notify.stored import to_json

MOST_AT_ONCE = 5_000
"""Notices of one message: what is beyond goes into the next one."""

MOST_BYTES = 1 << 20
"""Bytes of the warnings that a message carries in full."""

QUEUED, SENT, PARKED = "queued", "sent", "parked"
"""States of a notification."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Ready:
    route: str
    is_over: bool
    group_key: str
    ready_at: int


def anything_ready(connection: Connection, channel: str, routes: Collection[str], now: int) -> bool:
    """Whether something has waited long enough, as far as can be told without much looking."""
    query = select(notices.c.id).where(
        notices.c.channel == channel,
        notices.c.route.in_(list(routes)),
        notices.c.outcome == WAITING,
        notices.c.ready_at <= now,
    )
    return connection.execute(query.limit(1)).first() is not None


def form(
    connection: Connection, channel: str, routes: Mapping[str, Route], most: int, now: int
) -> int | None:
    """Make the message that has waited longest and return its notification; None: nothing waits.

    Where more than `most` groups wait, those of a route become one message. Call `sequence` before.
    """
    while groups := _groups(connection, channel, routes, now):
        first = groups[0]
        some = [first]
        if len(groups) > most:
            some = [g for g in groups if (g.route, g.is_over) == (first.route, first.is_over)]
        made = _form(connection, channel, routes[first.route], some, now)
        if made is not None:
            return made
    return None


def _groups(
    connection: Connection, channel: str, routes: Mapping[str, Route], now: int
) -> list[_Ready]:
    """What has waited long enough, the longest first."""
    ready = func.min(notices.c.ready_at)
    query = (
        select(notices.c.route, notices.c.is_over, notices.c.group_key, ready)
        .select_from(_WITH_WARNINGS)
        .where(_takes(channel, now), notices.c.route.in_(list(routes)))
        .group_by(notices.c.route, notices.c.is_over, notices.c.group_key)
        .having(ready <= now)
        .order_by(ready, notices.c.route, notices.c.is_over, notices.c.group_key)
    )
    return [_Ready(*row) for row in connection.execute(query)]


# While topics are read again a warning is not there yet, or not in the state that is to be told.
_WITH_WARNINGS: Join = notices.join(
    warnings,
    and_(warnings.c.warning_id == notices.c.warning_id, warnings.c.state == notices.c.state),
)


def _takes(channel: str, now: int) -> ColumnElement[bool]:
    return and_(notices.c.channel == channel, notices.c.outcome == WAITING, notices.c.due_at <= now)


def _form(
    connection: Connection, channel: str, route: Route, groups: Sequence[_Ready], now: int
) -> int | None:
    is_over = groups[0].is_over
    found = _waiting(connection, channel, route, groups, now)
    attended = [] if is_over else [row for row in found if (row.cared_until or 0) > now]
    _settle(connection, [row.id for row in attended], ATTENDED, None)
    gone = {row.id for row in attended}
    taken = [row for row in found if row.id not in gone]
    if not taken:
        return None
    chosen: dict[str, Row[Any]] = {}
    for row in taken:
        known = chosen.get(row.warning_id)
        if known is None or weight(row.change) < weight(known.change):
            chosen[row.warning_id] = row
    ordered = sorted(
        chosen.values(), key=lambda row: urgency(row.state, row.deadline, row.warning_id)
    )
    items = list(_items(connection, ordered[:MOST_ITEMS]))
    group_key = groups[0].group_key if len(groups) == 1 else MERGED
    shops = {(row.platform, row.shop_id) for row in taken}
    group = None
    if len(shops) == 1:
        platform, shop_id = shops.pop()
        group = Group(platform, shop_id or None)
    is_digest = not is_over and (bool(route.digest) or len(ordered) > 1)
    message = Message(
        key=message_key(channel, (row.key for row in taken)),
        kind="over" if is_over else "standing",
        route=route.name,
        channel=channel,
        locale=route.language,
        zone=route.tz,
        made_at=to_datetime(now),
        group=group,
        since=_since(connection, channel, route, group_key, is_over),
        changed=tuple(items),
        changed_more=len(ordered) - len(items),
        urgent=_urgent(connection, route, group, chosen, now) if is_digest else (),
        counts=_counts(connection, route, group, ordered, now) if is_digest else None,
    )
    statement = insert(connection, notifications).values(
        key=message.key,
        channel=channel,
        route=route.name,
        group_key=group_key,
        is_over=is_over,
        warnings=len(ordered),
        value=to_json(message),
        made_at=now,
        state=QUEUED,
        attempts=0,
        next_at=now,
    )
    made: int = connection.execute(statement.returning(notifications.c.id)).scalar_one()
    _settle(connection, [row.id for row in taken], SENT_OUT, made)
    if route.escalate is not None and not is_over:
        _expect(connection, route, list(chosen), now + round(route.escalate.after_hours * HOUR))
    return made


def _waiting(
    connection: Connection, channel: str, route: Route, groups: Sequence[_Ready], now: int
) -> Sequence[Row[Any]]:
    query: Select[Any] = (
        select(
            notices.c.id,
            notices.c.key,
            notices.c.warning_id,
            notices.c.change,
            notices.c.step,
            warnings.c.revision,
            warnings.c.state,
            warnings.c.deadline,
            warnings.c.platform,
            warnings.c.shop_id,
            warnings.c.cared_until,
        )
        .select_from(_WITH_WARNINGS)
        .where(
            _takes(channel, now),
            notices.c.route == route.name,
            notices.c.is_over == groups[0].is_over,
        )
        .order_by(notices.c.id)
        .limit(MOST_AT_ONCE)
    )
    if len(groups) == 1:
        query = query.where(notices.c.group_key == groups[0].group_key)
    return connection.execute(query).all()


def _settle(
    connection: Connection, ids: Sequence[int], outcome: str, notification: int | None
) -> None:
    for begin in range(0, len(ids), _AT_ONCE):
        connection.execute(
            update(notices)
            .where(notices.c.id.in_(ids[begin : begin + _AT_ONCE]))
            .values(outcome=outcome, notification_id=notification)
        )


def _expect(connection: Connection, route: Route, ids: Sequence[str], at: int) -> None:
    """Somebody is to take care by then, unless that was asked for already."""
    for begin in range(0, len(ids), _AT_ONCE):
        connection.execute(
            update(route_states)
            .where(
                route_states.c.route == route.name,
                route_states.c.warning_id.in_(ids[begin : begin + _AT_ONCE]),
                route_states.c.escalate_at.is_(None),
            )
            .values(escalate_at=at)
        )


def _items(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Item]:
    size = 0
    for row in rows:
        value, assignee = connection.execute(
            select(revisions.c.value, work.c.assignee)
            .join_from(revisions, work, work.c.warning_id == revisions.c.warning_id, isouter=True)
            .where(revisions.c.warning_id == row.warning_id, revisions.c.revision == row.revision)
        ).one()
        size += len(value)
        if size > MOST_BYTES and size > len(value):
            return
        step = None if row.step is None else round(row.step / HOUR)
        yield Item(ShipmentWarning.model_validate_json(value), row.change, step, assignee)


def _since(
    connection: Connection, channel: str, route: Route, group_key: str, is_over: bool
) -> Any:
    query = select(func.max(notifications.c.made_at)).where(
        notifications.c.route == route.name,
        notifications.c.channel == channel,
        notifications.c.group_key == group_key,
        notifications.c.is_over == is_over,
    )
    at = connection.execute(query).scalar_one()
    return None if at is None else to_datetime(at)


def _of_group(columns: Any, route: Route, group: Group | None) -> list[ColumnElement[bool]]:
    found = is_of(route, columns)
    if group is not None:
        found += [columns.platform == group.platform, columns.shop_id == (group.shop_id or "")]
    return found


def _counts(
    connection: Connection,
    route: Route,
    group: Group | None,
    told_of: Sequence[Row[Any]],
    now: int,
) -> Counts:
    by: dict[str, Counter[str]] = {"severity": Counter(), "rule": Counter(), "state": Counter()}
    # Sums by cells know no money.
    table, number = (
        (cells, func.sum(cells.c.n)) if route.money is None else (warnings, func.count())
    )
    columns = [table.c[name] for name in by]
    query = select(*columns, number).where(*_of_group(table.c, route, group))
    total = 0
    for *values, n in connection.execute(query.group_by(*columns)):
        total += int(n)
        for name, value in zip(by, values, strict=True):
            by[name][value] += int(n)
    attended = select(func.count()).where(
        warnings.c.cared_until > now, *_of_group(warnings.c, route, group)
    )
    return Counts(
        standing=total,
        unattended=total - connection.execute(attended).scalar_one(),
        by_severity=dict(+by["severity"]),
        by_rule=dict(+by["rule"]),
        by_state=dict(+by["state"]),
        by_change=dict(Counter(row.change for row in told_of)),
    )


def _urgent(
    connection: Connection, route: Route, group: Group | None, told_of: Iterable[str], now: int
) -> tuple[Item, ...]:
    """What stands besides, and has to be done next."""
    named = set(told_of)
    query = (
        select(warnings.c.warning_id, warnings.c.revision)
        .where(
            warnings.c.state == "open",
            warnings.c.due_at > now,
            unattended(now),
            *_of_group(warnings.c, route, group),
        )
        .order_by(warnings.c.due_at, warnings.c.id)
        .limit(URGENT + min(len(named), MOST_AT_ONCE))
    )
    rows = [row for row in connection.execute(query) if row.warning_id not in named][:URGENT]
    values = (
        connection.execute(
            select(revisions.c.value).where(
                revisions.c.warning_id == row.warning_id, revisions.c.revision == row.revision
            )
        ).scalar_one()
        for row in rows
    )
    change: Change = "new"
    return tuple(Item(ShipmentWarning.model_validate_json(value), change) for value in values)
