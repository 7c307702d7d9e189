"""A spreadsheet of a form: its header is checked before any row, then each row by its fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from streams.inputs.cells import Cell, blank
from streams.inputs.delimited import Broken
from streams.inputs.grid import grid_of
from streams.inputs.opened import Opened, Unreadable
from streams.inputs.sheets.form import Column, Form
from streams.inputs.table import HEADER_WITHIN, Row, fold, header_among, listed, shown

EMPTY = {"-", "--", "—", "——", "null", "#n/a"}
"""Cells, folded, in which an export says that it has nothing to say."""

_LONGEST_EMPTY = 8
"""Characters, marks around them included."""


class Held(NamedTuple):
    """A cell that says something: its column's own name, what is in it, and how it is read."""

    name: str
    cell: Cell
    read: str


class Cells(NamedTuple):
    """A row below the header: its line, counted from 1, and by field what says anything."""

    line: int
    fields: Mapping[str, Held]


class BadRow(NamedTuple):
    """Lines that are no row of the table, and why."""

    line: int
    why: str


class Unfit(Unreadable):
    """A table of which the forms know no column, or not all that one needs; or several fit."""


class Sheet:
    """A spreadsheet whose form is known and has all that it needs.

    Raises Unfit, Unreadable, OSError. Of several forms the one is taken that knows the most columns
    and lacks nothing. `remarks` are sentences for whoever runs the command, `unknown` the names of
    columns that no row of the form's table has.
    """

    def __init__(self, opened: Opened, forms: Collection[Form]) -> None:
        names = {name for form in forms for name in form.columns}
        rows, self.remarks = grid_of(opened, names)
        filled = (row for row in rows if isinstance(row, Broken) or not _is_blank(row[1]))
        first = list(islice(filled, HEADER_WITHIN))
        at = header_among(first, names)
        header = None if at is None else first[at]
        if at is None or header is None or isinstance(header, Broken):
            raise Unfit(opened.path, "holds no table: no row with names of columns")
        line, cells = header
        self._titles = [_title(cell) for cell in cells]
        self.form = _form_of(opened.path, line, self._titles, forms)
        if at:
            self.remarks.append(f"the header is in line {line}")
        self._columns = _by_preference(self.form, self._titles)
        self.unknown = [
            title for title in self._titles if title and fold(title) not in self.form.columns
        ]
        self._rows: Iterator[Row | Broken] = chain(first[at + 1 :], filled)

    @property
    def fields(self) -> set[str]:
        """The fields that have a column here."""
        return {column.field for _, column in self._columns}

    def rows(self) -> Iterator[Cells | BadRow]:
        """Each row; can be used once."""
        width = len(self._titles)
        for row in self._rows:
            if isinstance(row, Broken):
                yield BadRow(row.line, row.why)
                continue
            line, cells = row
            if len(cells) > width and not _is_blank(cells[width:]):
                yield BadRow(
                    line,
                    f"the row has {len(cells)} cells, the header {width}: a cell that holds the "
                    "delimiter belongs in quotes",
                )
                continue
            fields: dict[str, Held] = {}
            for index, column in self._columns:
                if (
                    index < len(cells)
                    and column.field not in fields
                    and not _is_empty(cells[index])
                ):
                    fields[column.field] = Held(self._titles[index], cells[index], column.read)
            yield Cells(line, fields)


def _form_of(path: Path, line: int, titles: list[str], forms: Collection[Form]) -> Form:
    """The form of a header; raises Unfit, which says what is lacking."""
    folded = {fold(title) for title in titles}

    def known(form: Form) -> int:
        return len(folded & form.columns.keys())

    whole = [form for form in forms if not _lacking(form, folded)]
    best = sorted(whole or forms, key=known, reverse=True)
    form = best[0]
    if not whole:
        lacking = ", ".join(_lacking(form, folded))
        needed = f"lacks {lacking}, which {form.title} ({form.name}) needs"
        if not known(form):
            needed = "has none of the known columns: --map reads a table by a mapping of yours"
        raise Unfit(path, f"the header in line {line} {needed}; found: {listed(titles)}")
    if len(best) > 1 and known(form) == known(best[1]):
        names = " or ".join(each.name for each in best[:2])
        raise Unfit(
            path,
            f"its columns fit {names}: say whose it is, with --as, or use "
            '"import --suggest" for another table',
        )
    return form


def _title(cell: Cell) -> str:
    """The name of a column; what its bytes do not say is shown as such."""
    return shown(cell).strip().encode(errors="replace").decode()


def _lacking(form: Form, folded: set[str]) -> list[str]:
    return form.lacking(column.field for name, column in form.columns.items() if name in folded)


def _by_preference(form: Form, titles: list[str]) -> list[tuple[int, Column]]:
    """The columns to be read, of each field the preferred one first."""
    found = [
        (index, form.columns[fold(title)])
        for index, title in enumerate(titles)
        if fold(title) in form.columns
    ]
    return sorted(
        ((index, column) for index, column in found if column.field != "-"),
        key=lambda each: each[1].rank,
    )


def _is_blank(cells: Collection[Cell]) -> bool:
    return all(blank(cell) for cell in cells)


def _is_empty(cell: Cell) -> bool:
    if not isinstance(cell, str):
        return False
    return blank(cell) or (len(cell) <= _LONGEST_EMPTY and fold(cell) in EMPTY)
