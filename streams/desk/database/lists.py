"""Lists of warnings and their counts, quick also where a million stand.

What is asked for is found through whatever has the fewest rows looked at: the cells that match, a
text, a sum, what was done, or the index in the wanted order, which meets enough matches the sooner
the more there are. Decisions 0121 and 0131.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    any_,
    column,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    text,
)

from streams.desk.database.sight import Sight, within
from streams.desk.database.sums import table_of
from streams.desk.database.tables import NEVER, cells, revisions, warnings, work
from streams.desk.database.wanted import DIMENSIONS, STANDING, STATES, Wanted

FEW = 20_000
"""Rows that may be read and sorted for one answer; beyond so many nobody counts them."""

COUNTED = 10_000
"""Beyond so many, what the cells do not answer is no longer counted."""

_AT_ONCE = 500
"""Values of one question: fewer than either database allows."""

Order = Literal["due", "newest"]


class Place(NamedTuple):
    """Where a page ends: the value it is sorted by, and the row's id."""

    value: int
    id: int


@dataclass(frozen=True, slots=True)
class Page:
    """Warnings with their newest revision and what is done about them; `next` None: no more."""

    rows: Sequence[Row[Any]]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many match, in all and by the values of each dimension.

    A dimension's own filter is left aside in its counts. `capped`: only the first COUNTED were
    looked at.
    """

    total: int
    by: dict[str, dict[str, int]]
    capped: bool


_WORK = [each.label(f"work_{each.name}") for each in work.c if each.name != "warning_id"]
WITH_WORK = (
    select(warnings, *_WORK, revisions.c.value)
    .join_from(warnings, work, warnings.c.warning_id == work.c.warning_id, isouter=True)
    .join(
        revisions,
        and_(
            revisions.c.warning_id == warnings.c.warning_id,
            revisions.c.revision == warnings.c.revision,
        ),
    )
)
"""Whole rows: of the warning, of the work on it (`work_…`), and the revision's JSON (`value`)."""


def page(
    connection: Connection,
    wanted: Wanted,
    now: int,
    *,
    order: Order = "due",
    after: Place | None = None,
    limit: int = 50,
) -> Page:
    """The next `limit` warnings after a place: by deadline, or the newest revision first."""
    found = _places(connection, wanted, now, order, after, limit + 1)
    rows = _whole(connection, [place.id for place in found[:limit]])
    if len(found) <= limit or not rows:
        return Page(rows, None)
    last = rows[-1]
    return Page(rows, Place(last.due_at if order == "due" else last.detected_at, last.id))


def counts(connection: Connection, wanted: Wanted, now: int) -> Counts:
    """How many there are, by each dimension."""
    if not wanted.by_cells:
        return _counted_rows(connection, wanted, now)
    total = _sum(connection, wanted)
    by = {name: _facet(connection, name, wanted) for name in DIMENSIONS}
    if wanted.attention:
        cared_for = _facets(_cared_for(connection, wanted, now), wanted, capped=False)
        total -= cared_for.total
        for name, found in by.items():
            found.subtract(cared_for.by[name])
    return Counts(total, {name: dict(+found) for name, found in by.items()}, False)


def matching(connection: Connection, wanted: Wanted, now: int, most: int) -> list[str]:
    """The ids of what matches, at most `most`, by deadline: for actions on all of them."""
    found = _places(connection, wanted, now, "due", None, most)
    ids = [place.id for place in found]
    names: dict[int, str] = {}
    for begin in range(0, len(ids), _AT_ONCE):
        some = warnings.c.id.in_(ids[begin : begin + _AT_ONCE])
        query = select(warnings.c.id, warnings.c.warning_id).where(some)
        names |= {row.id: row.warning_id for row in connection.execute(query)}
    return [names[each] for each in ids]


def since(connection: Connection, cursor: int, only_shops: Sight, limit: int) -> Sequence[Row[Any]]:
    """What has changed after a cursor, in the order in which it did; of each warning the newest."""
    query = select(warnings.c.id).where(warnings.c.cursor > cursor, *within(warnings.c, only_shops))
    found = connection.execute(query.order_by(warnings.c.cursor).limit(limit)).scalars().all()
    return sorted(_whole(connection, found), key=lambda row: int(row.cursor))


def one(connection: Connection, warning_id: str, only_shops: Sight) -> Row[Any] | None:
    """A warning by its id; None where there is none, or it is another's."""
    query = WITH_WORK.where(warnings.c.warning_id == warning_id, *within(warnings.c, only_shops))
    return connection.execute(query).first()


def _places(
    connection: Connection,
    wanted: Wanted,
    now: int,
    order: Order,
    after: Place | None,
    limit: int,
) -> list[Place]:
    """Where the next matches are, in order."""
    driver = _driver(connection, wanted, now, order, limit)
    if driver is None:
        return []
    by = warnings.c.due_at if order == "due" else warnings.c.detected_at
    # Whatever is not the driver must not tempt the planner: a term has no index.
    sorted_by: ColumnElement[int] = by if driver.is_order else by + 0
    query = select(by, warnings.c.id).where(*_conditions(wanted, now, driver))
    if after is not None:
        query = query.where(_beyond(by, sorted_by, after, order))
    if order == "due":
        query = query.order_by(sorted_by, warnings.c.id).limit(limit)
    else:
        query = query.order_by(sorted_by.desc(), warnings.c.id.desc()).limit(limit)
    if driver.name != "due":
        return [Place(*row) for row in connection.execute(query)]
    # The states one after the other: what is open is due later than all that is breached, so in one
    # order it would be found behind a million of others.
    found = [
        Place(*row)
        for state in wanted.state or STATES
        for row in connection.execute(query.where(warnings.c.state == state))
    ]
    return sorted(found)[:limit]


class _Driver(NamedTuple):
    """What finds the rows: the index in an order, whose name it has then, or a condition."""

    name: str
    condition: ColumnElement[bool] | None = None
    cost: float = 0.0

    @property
    def is_order(self) -> bool:
        """Whether rows come in the wanted order."""
        return self.condition is None


def _driver(
    connection: Connection, wanted: Wanted, now: int, order: Order, sought: int
) -> _Driver | None:
    """What looks at the fewest rows to find `sought` matches; None where nothing matches."""
    total = _sum(connection, wanted)
    if total == 0:
        return None
    everything = _sum(connection, Wanted(state=wanted.state))
    share = total / everything
    found = []
    if total <= FEW:
        found.append(_Driver("cells", _in_cells(connection, wanted), total))
    for name, rows, condition in _narrow(connection, wanted, now):
        n = _up_to(connection, rows)
        if n == 0:
            return None
        share *= min(1.0, n / everything)
        if n <= FEW:
            found.append(_Driver(name, condition, n))
    found.append(_Driver(order, None, sought / share))
    return min(found, key=lambda each: each.cost)


def _narrow(
    connection: Connection, wanted: Wanted, now: int
) -> Iterator[tuple[str, Select[Any], ColumnElement[bool]]]:
    """What else has an index: its name, a query to count its rows, and the condition."""
    if wanted.text is not None:
        condition = _by_index(connection, wanted.text)
        yield "text", _hits(connection, wanted.text), condition
    if wanted.currency is not None and wanted.only_standing:
        condition = and_(warnings.c.standing, *_money(wanted))
        yield "money", select(warnings.c.id).where(condition), condition
    if wanted.by_work and _asks_for_work(wanted):
        asked = select(work.c.warning_id).where(*_work(wanted, now))
        yield "work", asked, warnings.c.warning_id.in_(asked)


def _sum(connection: Connection, wanted: Wanted) -> int:
    """How many warnings the dimensions ask for."""
    table = table_of(_asked(wanted))
    query = select(func.coalesce(func.sum(_n(table, wanted)), 0))
    return int(connection.execute(query.where(*_within(table.c, wanted))).scalar_one())


def _asked(wanted: Wanted) -> set[str]:
    """The dimensions that are asked for."""
    shops = set() if wanted.only_shops is None else {"platform", "shop_id"}
    return shops | {name for name in DIMENSIONS if getattr(wanted, name)}


def _n(table: Table, wanted: Wanted) -> ColumnElement[int]:
    """What a row of a table of counts counts."""
    n: ColumnElement[int] = table.c.n
    return n - table.c.cared if wanted.attention else n


def _in_cells(connection: Connection, wanted: Wanted) -> ColumnElement[bool]:
    """The condition that a warning is in one of the cells that are asked for."""
    ids = select(cells.c.cell_id).where(cells.c.n > 0, *_within(cells.c, wanted))
    if connection.dialect.name == "sqlite":
        return warnings.c.cell_id.in_(ids)
    # PostgreSQL might join with all warnings instead; of values that are given it asks the index.
    found = list(connection.execute(ids).scalars())
    return warnings.c.cell_id == any_(literal(found, ARRAY(BigInteger)))


def _up_to(connection: Connection, query: Select[Any]) -> int:
    """How many rows a query has, counted to one more than FEW."""
    bounded = query.limit(FEW + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(bounded)).scalar_one())


def _conditions(wanted: Wanted, now: int, driver: _Driver) -> list[ColumnElement[bool]]:
    """All that is asked for, the driver's first."""
    found = [] if driver.condition is None else [driver.condition]
    # An index has both; where it is not what finds the rows it must not seem so.
    is_indexed = driver.name in ("due", "cells")
    state: ColumnElement[str] = warnings.c.state if is_indexed else warnings.c.state + ""
    due_at: ColumnElement[int] = warnings.c.due_at if is_indexed else warnings.c.due_at + 0
    if driver.name != "cells":
        found += _within(warnings.c, replace(wanted, state=()))
        if wanted.state:
            found.append(state.in_(wanted.state))
    if wanted.text is not None and driver.name != "text":
        found.append(_by_scan(wanted.text))
    if wanted.due_from is not None:
        found.append(due_at >= wanted.due_from)
    if wanted.due_to is not None:
        found.append(due_at <= wanted.due_to)
    if wanted.currency is not None and driver.name != "money":
        found += _money(wanted, indexed=False)
    mine = work.c.warning_id == warnings.c.warning_id
    if wanted.by_work and driver.name != "work":
        asked = _work(wanted, now)
        if _asks_for_work(wanted):
            found.append(exists().where(mine, *asked))
        else:
            found.append(not_(exists().where(mine, not_(and_(*asked)))))
    if wanted.attention:
        found.append(func.coalesce(warnings.c.cared_until, 0) <= now)
    return found


def _within(columns: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The dimensions, of a warning or of a cell."""
    found = [columns[name].in_(values) for name in DIMENSIONS if (values := getattr(wanted, name))]
    return found + within(columns, wanted.only_shops)


def _money(wanted: Wanted, *, indexed: bool = True) -> list[ColumnElement[bool]]:
    currency: ColumnElement[str] = warnings.c.currency
    most: ColumnElement[int] = warnings.c.most
    if not indexed:
        currency, most = currency + "", most + 0
    found = [currency == wanted.currency]
    if wanted.most_from is not None:
        found.append(most >= wanted.most_from)
    if wanted.most_to is not None:
        found.append(most <= wanted.most_to)
    return found


def _is_acknowledged(now: int) -> ColumnElement[bool]:
    until = work.c.acknowledged_until
    return and_(work.c.acknowledged_at.is_not(None), or_(until.is_(None), until > now))


def _is_snoozed(now: int) -> ColumnElement[bool]:
    return func.coalesce(work.c.snoozed_until, 0) > now


def _marks(wanted: Wanted, now: int) -> list[tuple[bool | None, ColumnElement[bool]]]:
    return [
        (wanted.acknowledged, _is_acknowledged(now)),
        (wanted.snoozed, _is_snoozed(now)),
        (wanted.handed_over, work.c.handed_over_at.is_not(None)),
        (wanted.known, work.c.known_at.is_not(None)),
    ]


def _work(wanted: Wanted, now: int) -> list[ColumnElement[bool]]:
    found = [
        mark if asked else not_(mark) for asked, mark in _marks(wanted, now) if asked is not None
    ]
    if wanted.assignee is not None:
        found.append(work.c.assignee == wanted.assignee)
    return found


def _asks_for_work(wanted: Wanted) -> bool:
    """Whether it takes a row of work to match; else a warning that nobody touched does too."""
    marks = (wanted.acknowledged, wanted.snoozed, wanted.handed_over, wanted.known)
    return wanted.assignee is not None or any(marks)


def _by_index(connection: Connection, wanted: str) -> ColumnElement[bool]:
    """The condition on a text for which there is an index."""
    if connection.dialect.name == "sqlite":
        return warnings.c.id.in_(_hits(connection, wanted))
    return warnings.c.search.contains(wanted.lower(), autoescape=True)


def _hits(connection: Connection, wanted: str) -> Select[Any]:
    """The ids of the rows that hold a text, whatever else they say."""
    if connection.dialect.name != "sqlite":
        return select(warnings.c.id).where(_by_index(connection, wanted))
    phrase = '"' + wanted.lower().replace('"', '""') + '"'
    hits = text("SELECT rowid FROM warnings_search WHERE warnings_search MATCH :phrase")
    return select(hits.bindparams(phrase=phrase).columns(column("rowid")).subquery())


def _by_scan(wanted: str) -> ColumnElement[bool]:
    """The same for rows that something else finds: no index may be taken for it."""
    return (warnings.c.search + "").contains(wanted.lower(), autoescape=True)


def _beyond(
    by: ColumnElement[int], sorted_by: ColumnElement[int], after: Place, order: Order
) -> ColumnElement[bool]:
    """Rows after a place. The first condition is what an index can use."""
    if order == "due":
        return and_(
            by >= after.value,
            or_(sorted_by > after.value, warnings.c.id > after.id),
        )
    return and_(
        by <= after.value,
        or_(sorted_by < after.value, warnings.c.id < after.id),
    )


def _whole(connection: Connection, ids: Sequence[int]) -> list[Row[Any]]:
    """Whole rows by id, in the order given."""
    if not ids:
        return []
    rows = {row.id: row for row in connection.execute(WITH_WORK.where(warnings.c.id.in_(ids)))}
    return [rows[each] for each in ids if each in rows]


def _cared_for(connection: Connection, wanted: Wanted, now: int) -> Counter[tuple[str, ...]]:
    """How many of each cell are snoozed now, or acknowledged until a time to come: those that time
    alone brings back, which no count knows."""
    until = warnings.c.cared_until
    return _by_cell(
        connection,
        select(warnings.c.cell_id).where(until > now, until < NEVER),
        within(cells.c, wanted.only_shops),
    )


def _by_cell(
    connection: Connection, query: Select[Any], conditions: Sequence[ColumnElement[bool]] = ()
) -> Counter[tuple[str, ...]]:
    """How many rows of a query, which gives `cell_id`, are of each cell."""
    rows = query.subquery()
    grouped = select(rows.c.cell_id, func.count().label("n")).group_by(rows.c.cell_id).subquery()
    dimensions = [cells.c[name] for name in DIMENSIONS]
    counted = select(*dimensions, grouped.c.n).join_from(
        grouped, cells, cells.c.cell_id == grouped.c.cell_id
    )
    found = connection.execute(counted.where(*conditions))
    return Counter({tuple(values): int(n) for *values, n in found})


def _facet(connection: Connection, name: str, wanted: Wanted) -> Counter[str]:
    """How many there are by one dimension, with the filters of all others.

    Who asks for what stands alone sees no other states, not even as a choice.
    """
    others = STANDING if name == "state" and wanted.only_standing else ()
    change: dict[str, Any] = {name: others}
    loose = replace(wanted, **change)
    table = table_of({name} | _asked(loose))
    query = select(table.c[name], func.sum(_n(table, wanted))).where(
        table.c.n > 0, *_within(table.c, loose)
    )
    found = connection.execute(query.group_by(table.c[name]))
    return Counter({value: int(n) for value, n in found})


def _counted_rows(connection: Connection, wanted: Wanted, now: int) -> Counts:
    """Counts of what no cell knows, as far as COUNTED."""
    # Facets leave their own filter aside, so the rows are those of no dimension's filter.
    open_to_all = replace(
        wanted, platform=(), shop_id=(), rule=(), stage=(), severity=(), state=(), carrier=()
    )
    if wanted.only_standing:
        open_to_all = replace(open_to_all, state=STANDING)
    driver = _driver(connection, open_to_all, now, "due", COUNTED)
    if driver is None:
        return Counts(0, {name: {} for name in DIMENSIONS}, False)
    if driver.is_order and wanted.text is not None:
        # Nothing is sorted here, so the index may serve however much it finds.
        driver = _Driver("text", _by_index(connection, wanted.text))
    query = select(warnings.c.cell_id).where(*_conditions(open_to_all, now, driver))
    rows = _by_cell(connection, query.limit(COUNTED + 1))
    capped = rows.total() > COUNTED
    if capped:
        rows[next(iter(rows))] -= 1
    return _facets(rows, wanted, capped=capped)


def _facets(rows: Counter[tuple[str, ...]], wanted: Wanted, *, capped: bool) -> Counts:
    """What the cells add up to: a cell counts for a dimension if all the others' filters hold."""
    by: dict[str, Counter[str]] = {name: Counter() for name in DIMENSIONS}
    asked = [frozenset(getattr(wanted, name)) for name in DIMENSIONS]
    total = 0
    for values, n in rows.items():
        if n <= 0:
            continue
        misses = [
            place
            for place, (value, among) in enumerate(zip(values, asked, strict=True))
            if among and value not in among
        ]
        if not misses:
            total += n
            for name, value in zip(DIMENSIONS, values, strict=True):
                by[name][value] += n
        elif len(misses) == 1:
            by[DIMENSIONS[misses[0]]][values[misses[0]]] += n
    return Counts(total, {name: dict(found) for name, found in by.items()}, capped)
