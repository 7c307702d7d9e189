"""Tables of recipients, as `shipsentry keys` reads and writes them: CSV or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from streams.inputs import delimited
from streams.inputs.opened import Opened
from streams.inputs.text import Text
from streams.keys.rows import PLACES, named

Parts = dict[str, dict[str, Any]]
"""A row by the place in it at which columns stand, `""` being the row itself."""


class TableError(ValueError):
    """A file, or a row of it, cannot be read; the sentence says why and quotes no value."""


class Row(NamedTuple):
    """A row: the line on which it begins, and what it holds, or why it cannot be read."""

    line: int
    parts: Parts | TableError


class Table(NamedTuple):
    """An open table. `header`: the columns of a CSV file, as (place, name); None of JSON Lines."""

    form: str
    header: list[tuple[str, str]] | None
    rows: Iterator[Row]


@contextmanager
def opened(path: Path) -> Iterator[Table]:
    """A table until the block ends, CSV or JSON Lines by what is in it, packed or not.

    Raises TableError, Unreadable, OSError.
    """
    found = Opened(path)
    if found.form() != "text":
        raise TableError("is a workbook, whose ids may be numbers: save it as CSV")
    with Text(found).characters() as text:
        yield _table(text)


def _table(text: io.TextIOWrapper) -> Table:
    """The table in an open file. Raises TableError."""
    first = ""
    skipped = 0
    for line in text:
        if line.strip():
            first = line
            break
        skipped += 1
    start = first.lstrip()
    if not start:
        raise TableError("is empty")
    if start.startswith("["):
        raise TableError("is a JSON array: read are JSON Lines (jq -c '.[]') and CSV")
    if start.startswith("{"):
        return Table("jsonl", None, _json_rows(_again(first, text), skipped))
    rows = delimited.rows(_again(first, text), max(",;\t", key=first.count))
    head = next(rows)
    if isinstance(head, delimited.Broken):
        raise TableError("has a header that cannot be read: a quote in it never closes")
    header = [name.strip() for name in head.cells]
    for number, name in enumerate(header, start=1):
        if name and header.index(name) + 1 < number:
            # By number: in a table without a header the names are somebody's.
            raise TableError(f"has one name for columns {header.index(name) + 1} and {number}")
    names = [_split(name) for name in header if name]
    return Table("csv", names, _csv_rows(rows, header, skipped))


def json_writer(file: IO[bytes]) -> Callable[[Parts], None]:
    """What writes a row of JSON Lines; raises TableError where it cannot be written."""

    def write(parts: Parts) -> None:
        value = {name: parts.get(name, each) for name, each in parts[""].items()}
        try:
            line = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except ValueError as error:
            raise TableError("holds half a character or a number without bound") from error
        file.write(line + b"\n")

    return write


def csv_writer(file: IO[bytes], header: list[tuple[str, str]]) -> Callable[[Parts], None]:
    """What writes a row of CSV in UTF-8; the header, as (place, name), is written now."""

    def line(cells: list[str]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        return text.getvalue().encode()

    def write(parts: Parts) -> None:
        try:
            file.write(line([parts[place][leaf] or "" for place, leaf in header]))
        except UnicodeEncodeError as error:
            raise TableError("has a cell that is no text") from error

    file.write(line([named(place, leaf) for place, leaf in header]))
    return write


def _split(name: str) -> tuple[str, str]:
    place, dot, leaf = name.partition(".")
    return (place, leaf) if dot else ("", name)


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json_rows(lines: Iterator[str], skipped: int) -> Iterator[Row]:
    for number, line in enumerate(lines, start=skipped + 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            yield Row(number, TableError("is not JSON"))
            continue
        if not isinstance(value, dict):
            yield Row(number, TableError("is no JSON object"))
            continue
        inner = {place: value[place] for place in PLACES if isinstance(value.get(place), dict)}
        yield Row(number, {"": {**value, **dict.fromkeys(inner)}, **inner})


def _csv_rows(
    rows: Iterator[delimited.Row | delimited.Broken], header: list[str], skipped: int
) -> Iterator[Row]:
    for row in rows:
        line = skipped + row.line
        if isinstance(row, delimited.Broken):
            yield Row(line, TableError("cannot be read: a quote in it never closes"))
            continue
        cells = row.cells + [""] * (len(header) - len(row.cells))
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(header) :]):
            yield Row(line, TableError("has more cells than the header"))
            continue
        parts: Parts = {}
        for name, cell in zip(header, cells, strict=False):
            if name:
                place, leaf = _split(name)
                parts.setdefault(place, {})[leaf] = cell
        yield Row(line, parts)
