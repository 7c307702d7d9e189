"""What is kept, and for how long; and what a rebuild reads again."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, select, text

from streams.desk.database.database import Database, sequence
from streams.desk.database.sums import COUNTS
from streams.desk.database.tables import (
    actions,
    attempts,
    checkpoints,
    links,
    notices,
    notifications,
    offsets,
    order_versions,
    product_days,
    product_stock,
    revisions,
    route_states,
    sessions,
    shop_days,
    unreadable,
    warning_orders,
    warnings,
    work,
)
from streams.facts.times import DAY, to_datetime

_AT_ONCE = 5_000
"""Rows that one transaction deletes: others wait no longer than for that."""

_STANDING = select(warnings.c.warning_id).where(warnings.c.standing.is_(True))

READ = (
    *(warnings, revisions, warning_orders, checkpoints, links, order_versions),
    *(*COUNTS, shop_days, product_days, product_stock, unreadable),
)
"""What topics say, and a rebuild reads again; the rest was done here, and is nowhere else."""


def prune(
    database: Database,
    now: int,
    keep_days: int,
    audit_days: int,
    log_days: int,
    forget: Callable[[Connection, list[str]], None],
) -> dict[str, int]:
    """Delete what is older than it is to be kept; how many rows of each table.

    What stands is kept however old it is. `forget` takes warnings out.
    """
    since, audited, logged = (now - each * DAY for each in (keep_days, audit_days, log_days))
    day = to_datetime(since).date().isoformat()
    done = {"warnings": _ended(database, since, forget)}
    for table, old in (
        (checkpoints, checkpoints.c.at < since),
        (links, links.c.at < since),
        (order_versions, order_versions.c.updated_at < since),
        (shop_days, shop_days.c.day < day),
        (product_days, product_days.c.day < day),
        (product_stock, product_stock.c.detected_at < since),
        (unreadable, unreadable.c.seen_at < since),
        (actions, actions.c.at < audited),
        (sessions, sessions.c.expires_at < now),
        (attempts, attempts.c.last_at < now - DAY),
        # Of what stands it is still to be known whom its end concerns.
        (notices, (notices.c.made_at < logged) & notices.c.warning_id.not_in(_STANDING)),
        (notifications, (notifications.c.made_at < logged) & (notifications.c.state != "queued")),
        *((table, table.c.n == 0) for table in COUNTS),
    ):
        done[table.name] = _deleted(database, table, old)
    unheard = route_states.c.warning_id.not_in(select(warnings.c.warning_id))
    done["route_states"] = _deleted(
        database, route_states, unheard & (route_states.c.changed_at < min(since, logged))
    )
    gone = work.c.warning_id.not_in(select(warnings.c.warning_id))
    done["work"] = _deleted(database, work, gone & (work.c.changed_at < since))
    if database.is_sqlite:
        with database.reading() as connection:
            connection.execute(text("PRAGMA optimize"))
    return done


def clear(database: Database) -> None:
    """Have all topics read again from their beginning. What was done about warnings stays."""
    with database.writing() as connection:
        sequence(connection, 1)
        for table in (*READ, offsets):
            connection.execute(delete(table))


def _ended(database: Database, since: int, forget: Callable[[Connection, list[str]], None]) -> int:
    """Take out warnings that stand no more and of which nothing new was heard."""
    count = 0
    while True:
        with database.writing() as connection:
            sequence(connection, 1)
            old = list(
                connection.execute(
                    select(warnings.c.warning_id)
                    .where(warnings.c.detected_at < since, warnings.c.standing.is_(False))
                    .limit(_AT_ONCE)
                ).scalars()
            )
            forget(connection, old)
        count += len(old)
        if len(old) < _AT_ONCE:
            return count


def _deleted(database: Database, table: Table, old: ColumnElement[bool]) -> int:
    keys = list(table.primary_key)
    count = 0
    while True:
        with database.writing() as connection:
            found = connection.execute(select(*keys).where(old).limit(_AT_ONCE)).all()
            if found:
                one = delete(table)
                for key in keys:
                    one = one.where(key == bindparam(f"key_{key.name}"))
                names = [f"key_{key.name}" for key in keys]
                connection.execute(one, [dict(zip(names, row, strict=True)) for row in found])
        count += len(found)
        if len(found) < _AT_ONCE:
            return count
