"""Lists of warnings and their counts, quick also where a million stand.

What is asked for is found through whatever leaves the fewest rows: the cells that match, a text, a
sum, what was done. Where none leaves few, matches are many, and the index in the wanted order meets
enough of them soon. Decision 0121.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
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
from streams.desk.database.tables import cells, revisions, warnings, work
from streams.desk.database.wanted import DIMENSIONS, STANDING, Wanted

FEW = 5_000
"""Rows that are read and sorted without a second thought."""

COUNTED = 10_000
"""Beyond so many, what the cells do not answer is no longer counted."""

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
    driver = _driver(connection, wanted, now)
    if driver is None:
        return Page((), None)
    by = warnings.c.due_at if order == "due" else warnings.c.detected_at
    # Whatever is not the driver must not tempt the planner: a term has no index.
    sorted_by: ColumnElement[int] = by if driver.many else by + 0
    ids = select(warnings.c.id).where(*_conditions(wanted, now, driver))
    if after is not None:
        ids = ids.where(_beyond(by, sorted_by, after, order))
    if order == "due":
        ids = ids.order_by(sorted_by, warnings.c.id)
    else:
        ids = ids.order_by(sorted_by.desc(), warnings.c.id.desc())
    found = connection.execute(ids.limit(limit + 1)).scalars().all()
    rows = _whole(connection, found[:limit])
    if len(found) <= limit or not rows:
        return Page(rows, None)
    last = rows[-1]
    return Page(rows, Place(last.due_at if order == "due" else last.detected_at, last.id))


def counts(connection: Connection, wanted: Wanted, now: int) -> Counts:
    """How many there are, by each dimension."""
    if not wanted.by_cells:
        return _counted_rows(connection, wanted, now)
    total = _sum(connection, _within(cells.c, wanted))
    by = {name: _facet(connection, name, wanted) for name in DIMENSIONS}
    if wanted.attention:
        cared_for = _facets(_attended(connection, wanted, now), wanted, capped=False)
        total -= cared_for.total
        for name, found in by.items():
            found.subtract(cared_for.by[name])
    return Counts(total, {name: dict(+found) for name, found in by.items()}, False)


def matching(connection: Connection, wanted: Wanted, now: int, most: int) -> list[str]:
    """The ids of what matches, at most `most`, by deadline: for actions on all of them."""
    driver = _driver(connection, wanted, now)
    if driver is None:
        return []
    query = select(warnings.c.warning_id).where(*_conditions(wanted, now, driver))
    sorted_by = warnings.c.due_at if driver.many else warnings.c.due_at + 0
    return list(connection.execute(query.order_by(sorted_by, warnings.c.id).limit(most)).scalars())


def since(connection: Connection, cursor: int, only_shops: Sight, limit: int) -> Sequence[Row[Any]]:
    """What has changed after a cursor, in the order in which it did; of each warning the newest."""
    query = select(warnings.c.id).where(warnings.c.cursor > cursor, *within(warnings.c, only_shops))
    found = connection.execute(query.order_by(warnings.c.cursor).limit(limit)).scalars().all()
    return sorted(_whole(connection, found), key=lambda row: int(row.cursor))


def one(connection: Connection, warning_id: str, only_shops: Sight) -> Row[Any] | None:
    """A warning by its id; None where there is none, or it is another's."""
    query = WITH_WORK.where(warnings.c.warning_id == warning_id, *within(warnings.c, only_shops))
    return connection.execute(query).first()


class _Driver(NamedTuple):
    """What finds the rows: a condition with an index, and whether it may match many."""

    condition: ColumnElement[bool] | None
    many: bool
    name: str = ""


def _driver(connection: Connection, wanted: Wanted, now: int) -> _Driver | None:
    """The condition that leaves the fewest rows; None where nothing matches."""
    total = _sum(connection, _within(cells.c, wanted))
    if total == 0:
        return None
    if total <= FEW:
        return _Driver(_in_cells(connection, wanted), False, "cells")
    if wanted.text is not None:
        condition = _by_index(connection, wanted.text)
        n = _up_to(connection, select(warnings.c.id).where(condition))
        if n == 0:
            return None
        if n <= FEW:
            return _Driver(condition, False, "text")
    if wanted.currency is not None and wanted.only_standing:
        condition = and_(warnings.c.standing, *_money(wanted))
        if _up_to(connection, select(warnings.c.id).where(condition)) <= FEW:
            return _Driver(condition, False, "money")
    if wanted.by_work and _asks_for_work(wanted):
        asked = select(work.c.warning_id).where(*_work(wanted, now))
        if _up_to(connection, asked) <= FEW:
            return _Driver(warnings.c.warning_id.in_(asked), False, "work")
    if total <= 4 * FEW:
        return _Driver(_in_cells(connection, wanted), False, "cells")
    return _Driver(None, True)


def _sum(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> int:
    """How many warnings some cells hold."""
    query = select(func.coalesce(func.sum(cells.c.n), 0)).where(*conditions)
    return int(connection.execute(query).scalar_one())


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
    if driver.name != "cells":
        found += _within(warnings.c, wanted)
        if wanted.only_standing:
            found.append(warnings.c.standing)
    if wanted.text is not None and driver.name != "text":
        found.append(_by_scan(wanted.text))
    if wanted.due_from is not None:
        found.append(warnings.c.due_at >= wanted.due_from)
    if wanted.due_to is not None:
        found.append(warnings.c.due_at <= wanted.due_to)
    if wanted.currency is not None:
        found += _money(wanted)
    mine = work.c.warning_id == warnings.c.warning_id
    if wanted.by_work:
        asked = _work(wanted, now)
        if _asks_for_work(wanted):
            found.append(exists().where(mine, *asked))
        else:
            found.append(not_(exists().where(mine, not_(and_(*asked)))))
    if wanted.attention:
        found.append(not_(exists().where(mine, _is_attended(now))))
    return found


def _within(columns: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The dimensions, of a warning or of a cell."""
    found = [columns[name].in_(values) for name in DIMENSIONS if (values := getattr(wanted, name))]
    return found + within(columns, wanted.only_shops)


def _money(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [warnings.c.currency == wanted.currency]
    if wanted.most_from is not None:
        found.append(warnings.c.most >= wanted.most_from)
    if wanted.most_to is not None:
        found.append(warnings.c.most <= wanted.most_to)
    return found


def _is_acknowledged(now: int) -> ColumnElement[bool]:
    until = work.c.acknowledged_until
    return and_(work.c.acknowledged_at.is_not(None), or_(until.is_(None), until > now))


def _is_snoozed(now: int) -> ColumnElement[bool]:
    return func.coalesce(work.c.snoozed_until, 0) > now


def _is_attended(now: int) -> ColumnElement[bool]:
    return or_(_is_acknowledged(now), _is_snoozed(now))


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
        phrase = '"' + wanted.lower().replace('"', '""') + '"'
        hits = text("SELECT rowid FROM warnings_search WHERE warnings_search MATCH :phrase")
        return warnings.c.id.in_(hits.bindparams(phrase=phrase).columns(column("rowid")))
    return warnings.c.search.contains(wanted.lower(), autoescape=True)


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


def _attended(connection: Connection, wanted: Wanted, now: int) -> Counter[tuple[str, ...]]:
    """How many of each cell somebody has taken care of, for now."""
    columns = [warnings.c[name] for name in DIMENSIONS]
    query = (
        select(*columns, func.count())
        .join_from(work, warnings, work.c.warning_id == warnings.c.warning_id)
        .where(_is_attended(now), *within(warnings.c, wanted.only_shops))
        .group_by(*columns)
    )
    return Counter({tuple(values): n for *values, n in connection.execute(query)})


def _facet(connection: Connection, name: str, wanted: Wanted) -> Counter[str]:
    """How many there are by one dimension, with the filters of all others.

    Who asks for what stands alone sees no other states, not even as a choice.
    """
    others = STANDING if name == "state" and wanted.only_standing else ()
    change: dict[str, Any] = {name: others}
    loose = replace(wanted, **change)
    column = cells.c[name]
    query = select(column, func.sum(cells.c.n)).where(cells.c.n > 0, *_within(cells.c, loose))
    return Counter({value: int(n) for value, n in connection.execute(query.group_by(column))})


def _counted_rows(connection: Connection, wanted: Wanted, now: int) -> Counts:
    """Counts of what no cell knows, as far as COUNTED."""
    # Facets leave their own filter aside, so the rows are those of no dimension's filter.
    open_to_all = replace(
        wanted, platform=(), shop_id=(), rule=(), stage=(), severity=(), state=(), carrier=()
    )
    if wanted.only_standing:
        open_to_all = replace(open_to_all, state=STANDING)
    driver = _driver(connection, open_to_all, now)
    if driver is None:
        return Counts(0, {name: {} for name in DIMENSIONS}, False)
    if driver.many and wanted.text is not None:
        # Nothing is sorted here, so the index may serve however much it finds.
        driver = _Driver(_by_index(connection, wanted.text), False, "text")
    columns = [warnings.c[name] for name in DIMENSIONS]
    query = select(*columns).where(*_conditions(open_to_all, now, driver))
    found = connection.execute(query.limit(COUNTED + 1)).all()
    rows = Counter(tuple(row) for row in found[:COUNTED])
    return _facets(rows, wanted, capped=len(found) > COUNTED)


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
