"""What was sent, what waits and what is parked, for whoever looks; and sending something again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from streams.desk.database.tables import notices, notifications
from streams.desk.notify.announce import WAITING
from streams.desk.notify.form import PARKED, QUEUED, SENT
from streams.notify.routes import Plan

STATES = (QUEUED, SENT, PARKED)


@dataclass(frozen=True, slots=True)
class Load:
    """What a channel has before it: notices that wait, notifications queued and parked, and since
    when the oldest could have been sent (µs; None: nothing waits)."""

    waiting: int
    queued: int
    parked: int
    since: int | None


def loads(connection: Connection, plan: Plan, now: int) -> dict[str, Load]:
    """The load of each channel. What waits for its window, a digest or the end of quiet hours is
    not late; what waits of a route that is gone is never sent."""
    names = list(plan.channels)
    waits = (
        notices.c.outcome == WAITING,
        notices.c.channel.in_(names),
        notices.c.route.in_(list(plan.routes)),
    )
    counts = select(notices.c.channel, func.count()).where(*waits)
    waiting = {
        row[0]: int(row[1]) for row in connection.execute(counts.group_by(notices.c.channel))
    }
    oldest = select(notices.c.channel, func.min(notices.c.ready_at)).where(
        *waits, notices.c.ready_at <= now
    )
    ready = {row[0]: int(row[1]) for row in connection.execute(oldest.group_by(notices.c.channel))}
    states: dict[tuple[str, str], tuple[int, int]] = {
        (row[0], row[1]): (row[2], row[3])
        for row in connection.execute(
            select(
                notifications.c.channel,
                notifications.c.state,
                func.count(),
                func.min(notifications.c.made_at),
            )
            .where(notifications.c.state.in_((QUEUED, PARKED)), notifications.c.channel.in_(names))
            .group_by(notifications.c.channel, notifications.c.state)
        )
    }
    found = {}
    for name in names:
        queued, made_at = states.get((name, QUEUED), (0, None))
        moments = [each for each in (made_at, ready.get(name)) if each is not None]
        found[name] = Load(
            waiting.get(name, 0),
            queued,
            states.get((name, PARKED), (0, 0))[0],
            min(moments, default=None),
        )
    return found


def listed(
    connection: Connection,
    *,
    channel: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[Row[Any]]:
    """Notifications, the newest first; `before` is the id that the page before ended with."""
    query = select(notifications).order_by(notifications.c.id.desc()).limit(limit)
    if channel is not None:
        query = query.where(notifications.c.channel == channel)
    if state is not None:
        query = query.where(notifications.c.state == state)
    if before is not None:
        query = query.where(notifications.c.id < before)
    return connection.execute(query).all()


def of_warning(connection: Connection, warning_id: str) -> Sequence[Row[Any]]:
    """Who was told of a warning, or is to be: notices, and what became of their notifications."""
    query = (
        select(
            notices,
            notifications.c.state.label("sending"),
            notifications.c.sent_at,
            notifications.c.problem,
        )
        .join_from(
            notices, notifications, notifications.c.id == notices.c.notification_id, isouter=True
        )
        .where(notices.c.warning_id == warning_id)
        .order_by(notices.c.id)
    )
    return connection.execute(query).all()


def send_again(connection: Connection, ids: Sequence[int], now: int) -> list[int]:
    """Queue notifications that were sent or parked once more, by the same keys; those that were."""
    query = (
        update(notifications)
        .where(notifications.c.id.in_(ids), notifications.c.state != QUEUED)
        .values(state=QUEUED, attempts=0, next_at=now, problem=None)
        .returning(notifications.c.id)
    )
    return sorted(connection.execute(query).scalars())
