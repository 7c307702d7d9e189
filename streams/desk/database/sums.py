"""Counts of warnings by dimension, changed in the transaction that changes what they count."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table

from streams.desk.database.database import insert
from streams.desk.database.tables import NEVER, cells, shop_sums, sums
from streams.desk.database.wanted import DIMENSIONS

COUNTS = (shop_sums, sums, cells)
"""Tables of counts, the smallest first; `cells` has all dimensions."""

COUNTED_BY = ("cell_id", *DIMENSIONS, "cared_until")
"""What has to be known of a warning to count it."""


class Place(NamedTuple):
    """Where a warning counts: its cell's id, and its values of DIMENSIONS."""

    cell_id: int
    values: tuple[str, ...]


class Change(NamedTuple):
    """So many warnings more or less in a place, and of those acknowledged without an end."""

    place: Place
    n: int
    cared: int


def change(row: Row[Any] | dict[str, Any], cared_until: int | None, sign: int) -> Change:
    """A warning more (`sign` 1) or less (-1) where the row, with COUNTED_BY, says it is."""
    fields: Any = row if isinstance(row, dict) else row._mapping
    place = Place(fields["cell_id"], tuple(fields[name] for name in DIMENSIONS))
    return Change(place, sign, sign * is_cared_for(cared_until))


def is_cared_for(cared_until: int | None) -> bool:
    """Whether `cared` counts it: what ends by time alone is counted by whoever asks, and when."""
    return cared_until == NEVER


def table_of(dimensions: Collection[str]) -> Table:
    """The smallest table that counts by all these."""
    return next(table for table in COUNTS if set(dimensions) <= set(table.c.keys()))


def move(connection: Connection, changes: Iterable[Change]) -> None:
    """Change all counts."""
    by_place: dict[Place, list[int]] = {}
    for place, n, cared in changes:
        _add(by_place, place, n, cared)
    for table in COUNTS:
        keys = [column.name for column in table.primary_key]
        names = [name for name in DIMENSIONS if name in table.c]
        found: dict[tuple[Any, ...], list[int]] = {}
        for place, (n, cared) in by_place.items():
            known = dict(zip(DIMENSIONS, place.values, strict=True))
            head = (place.cell_id,) if "cell_id" in keys else ()
            _add(found, (*head, *(known[name] for name in names)), n, cared)
        columns = [*(("cell_id",) if "cell_id" in keys else ()), *names, "n", "cared"]
        rows = [
            dict(zip(columns, (*key, *counts), strict=True))
            for key, counts in sorted(found.items())
            if any(counts)
        ]
        if not rows:
            continue
        statement = insert(connection, table)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=keys,
                set_={name: table.c[name] + statement.excluded[name] for name in ("n", "cared")},
            ),
            rows,
        )


def _add(into: dict[Any, list[int]], key: object, n: int, cared: int) -> None:
    counts = into.setdefault(key, [0, 0])
    counts[0] += n
    counts[1] += cared
