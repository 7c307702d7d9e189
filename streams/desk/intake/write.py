"""Writing a batch: rows and offsets in one transaction, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, delete, select, update

from streams.desk.actions.ledger import Entry, cared_until, standing_work
from streams.desk.actions.ledger import write as write_actions
from streams.desk.database.database import add, insert, sequence
from streams.desk.database.sums import COUNTED_BY, change, move
from streams.desk.database.tables import (
    checkpoints,
    links,
    offsets,
    order_versions,
    product_days,
    product_stock,
    revisions,
    shop_days,
    unreadable,
    warning_orders,
    warnings,
)
from streams.desk.intake.messages import (
    Checkpoint,
    Day,
    Deletion,
    Message,
    Revision,
    Unreadable,
    Version,
)
from streams.desk.notify import announce
from streams.desk.notify.announce import Announcer

DESK = "desk"
"""Whom the audit names where nobody acted."""

_AT_ONCE = 500
"""Values of one question: fewer than either database allows."""


class Fenced(RuntimeError):
    """Another desk has taken a partition: nothing of the batch was written."""


class Origin(NamedTuple):
    """Where a record is."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A partition as its owner knows it: nobody with another epoch may write."""

    topic: str
    partition: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Read:
    """A record: where, how large, and what it is."""

    origin: Origin
    size: int
    message: Message


@dataclass(frozen=True, slots=True)
class Written:
    """How many warnings were new or changed, and how many of their revisions were no news."""

    changed: int
    repeated: int


def write(
    connection: Connection,
    reads: Sequence[Read],
    progress: Sequence[tuple[Taken, int, int]],
    now: int,
    announcer: Announcer | None = None,
) -> Written:
    """Write what was read, and how far: of each partition its owner, from which offset and up to
    which (excluded). Raises Fenced where a partition is another's by now, or was read elsewhere.

    `announcer` writes what is to be told of it; None: nothing is.
    """
    # First of all: writers wait for each other here, and see what those before them committed.
    sequence(connection, 1)
    for taken, begin, end in progress:
        moved = connection.execute(
            update(offsets)
            .where(
                offsets.c.topic == taken.topic,
                offsets.c.partition == taken.partition,
                offsets.c.epoch == taken.epoch,
                offsets.c.next_offset == begin,
            )
            .values(next_offset=end)
        )
        if moved.rowcount != 1:
            raise Fenced(f"{taken.topic}, partition {taken.partition}")
    by_kind: dict[type[Message], list[Any]] = {}
    for read in reads:
        by_kind.setdefault(type(read.message), []).append(read.message)
    written = _warnings(connection, _in_order(reads), now, announcer)
    _days(connection, by_kind.get(Day, ()))
    _facts(connection, by_kind.get(Checkpoint, ()), by_kind.get(Version, ()))
    add(
        connection,
        unreadable,
        [
            {
                **read.origin._asdict(),
                "reason": read.message.reason,
                "field": read.message.field,
                "size": read.size,
                "seen_at": now,
            }
            for read in reads
            if isinstance(read.message, Unreadable)
        ],
    )
    return written


def _in_order(reads: Iterable[Read]) -> Iterator[Sequence[Revision | Deletion]]:
    """Revisions and deletions: a deletion is alone, as what follows it begins anew."""
    run: list[Revision | Deletion] = []
    for read in reads:
        if isinstance(read.message, Deletion):
            if run:
                yield run
            yield [read.message]
            run = []
        elif isinstance(read.message, Revision):
            run.append(read.message)
    if run:
        yield run


def _warnings(
    connection: Connection,
    runs: Iterable[Sequence[Revision | Deletion]],
    now: int,
    announcer: Announcer | None,
) -> Written:
    changed = repeated = 0
    for run in runs:
        if isinstance(run[0], Deletion):
            forget(connection, [run[0].warning_id])
            announce.forget(connection, [run[0].warning_id])
            continue
        found = [each for each in run if isinstance(each, Revision)]
        new = _revisions(connection, found, now, announcer)
        changed += new
        repeated += len(found) - new
    return Written(changed, repeated)


def _revisions(
    connection: Connection, found: Sequence[Revision], now: int, announcer: Announcer | None
) -> int:
    """Keep every revision, and of each warning the newest; how many warnings changed."""
    add(
        connection,
        revisions,
        [
            {
                "warning_id": each.warning_id,
                "revision": each.revision,
                "state": each.row["state"],
                "detected_at": each.row["detected_at"],
                "value": each.value,
            }
            for each in found
        ],
    )
    newest: dict[str, Revision] = {}
    for each in found:
        known = newest.get(each.warning_id)
        if known is None or each.revision > known.revision:
            newest[each.warning_id] = each
    before = {row.warning_id: row for row in _stored(connection, list(newest))}
    news = [
        each
        for each in newest.values()
        if each.warning_id not in before or each.revision > before[each.warning_id].revision
    ]
    if news:
        first = sequence(connection, len(news))
        cared = _cared(connection, news, before)
        rows = [
            {**each.row, "cursor": cursor, "cared_until": cared[each.warning_id]}
            for cursor, each in enumerate(news, first)
        ]
        statement = insert(connection, warnings)
        columns = [c.name for c in warnings.c if c.name not in ("id", "warning_id", "cared_until")]
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["warning_id"],
                set_={name: statement.excluded[name] for name in columns},
                where=statement.excluded.revision > warnings.c.revision,
            ),
            rows,
        )
        old = [before[each.warning_id] for each in news if each.warning_id in before]
        move(
            connection,
            [
                *(change(row, row.cared_until, -1) for row in old),
                *(change(each.row, cared[each.warning_id], 1) for each in news),
            ],
        )
        _name_orders(connection, news, before)
    if announcer is not None:
        announcer.take(connection, [each.row for each in found], before, now)
    _lapse(connection, found, now)
    return len(news)


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Take warnings out, with their revisions. What was done about them stays."""
    for some in _slices(ids):
        gone = list(_stored(connection, some))
        move(connection, [change(row, row.cared_until, -1) for row in gone])
        for table in (warning_orders, revisions, warnings):
            connection.execute(delete(table).where(table.c.warning_id.in_(some)))


def _stored(connection: Connection, ids: Sequence[str]) -> Iterator[Row[Any]]:
    names = ("warning_id", "revision", "detected_at", *COUNTED_BY)
    columns = [warnings.c[name] for name in names]
    for some in _slices(ids):
        yield from connection.execute(select(*columns).where(warnings.c.warning_id.in_(some)))


def _cared(
    connection: Connection, news: Sequence[Revision], before: dict[str, Row[Any]]
) -> dict[str, int | None]:
    """Until when each is acknowledged or snoozed: what was done outlives a warning's row."""
    found = {row.warning_id: row.cared_until for row in before.values()}
    new = [each.warning_id for each in news if each.warning_id not in before]
    for some in _slices(new):
        done = standing_work(connection, some)
        found |= {each: cared_until(done[each]) if each in done else None for each in some}
    return found


def _name_orders(
    connection: Connection, news: Sequence[Revision], before: dict[str, Row[Any]]
) -> None:
    """Which orders each warning names, by its newest revision."""
    for some in _slices([each.warning_id for each in news if each.warning_id in before]):
        connection.execute(delete(warning_orders).where(warning_orders.c.warning_id.in_(some)))
    add(
        connection,
        warning_orders,
        [
            {"order_id": order_id, "warning_id": each.warning_id}
            for each in news
            for order_id in dict.fromkeys(each.order_ids)
        ],
    )


def _lapse(connection: Connection, found: Sequence[Revision], now: int) -> None:
    """End what was acknowledged or snoozed in another state than the one that came. Decision 0122.

    It depends on the revisions alone, so a rebuild from the topic ends the same.
    """
    touched: dict[str, dict[str, Any]] = {}
    for some in _slices(list({each.warning_id for each in found})):
        touched |= standing_work(connection, some)
    entries: dict[str, Entry] = {}
    for each in sorted(found, key=lambda one: one.revision):
        row = touched.get(each.warning_id)
        if row is None or each.warning_id in entries:
            continue
        state = each.row["state"]
        given = [
            (row[f"{what}_state"], row[f"{what}_revision"]) for what in ("acknowledged", "snoozed")
        ]
        if any(was is not None and was != state and since < each.revision for was, since in given):
            entries[each.warning_id] = Entry(
                f"lapse-{each.warning_id}-{each.revision}",
                each.warning_id,
                "lapse",
                DESK,
                now,
                state,
                each.revision,
            )
    write_actions(connection, list(entries.values()))


def _days(connection: Connection, days: Sequence[Day]) -> None:
    """The newest revision of each day of a shop, and of a product, and of each product's stock."""
    for table in (shop_days, product_days, product_stock):
        newest: dict[tuple[Any, ...], dict[str, Any]] = {}
        keys = [column.name for column in table.primary_key]
        for day in days:
            if _table_of(day) is not table:
                continue
            key = tuple(day.row[name] for name in keys)
            if key not in newest or day.row["revision"] > newest[key]["revision"]:
                newest[key] = day.row
        if not newest:
            continue
        statement = insert(connection, table)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=keys,
                set_={c.name: statement.excluded[c.name] for c in table.c if c.name not in keys},
                where=statement.excluded.revision > table.c.revision,
            ),
            list(newest.values()),
        )


def _table_of(day: Day) -> Table:
    """Where a row belongs, by what it has."""
    if "product_id" not in day.row:
        return shop_days
    return product_days if "day" in day.row else product_stock


def _facts(
    connection: Connection, facts: Sequence[Checkpoint], versions: Sequence[Version]
) -> None:
    """What inputs say of parcels and orders; a fact that is there already changes nothing."""
    add(connection, checkpoints, [each.row for each in facts])
    add(
        connection,
        links,
        [
            {"order_id": order_id, "parcel": each.row["parcel"], "at": each.row["at"]}
            for each in facts
            for order_id in each.order_ids
        ],
    )
    add(connection, order_versions, [each.row for each in versions])


def _slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(values), _AT_ONCE):
        yield values[begin : begin + _AT_ONCE]
