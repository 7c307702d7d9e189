"""The rows of a workbook, or of a text with delimiters, whatever its columns mean."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from streams.inputs import delimited
from streams.inputs.encodings import NAMES
from streams.inputs.opened import Opened
from streams.inputs.table import HEADER_WITHIN, SEPARATOR, Row, header_among, known_columns
from streams.inputs.text import Text
from streams.inputs.workbook import Workbook

_DELIMITERS = (",", ";", "\t")


class Grid(NamedTuple):
    """Rows, and sentences for whoever runs the command about how they are read."""

    rows: Iterator[Row | delimited.Broken]
    remarks: list[str]


def grid_of(opened: Opened, names: Collection[str]) -> Grid:
    """The rows of a file, whose delimiter is told by columns of these names, which are folded.

    Raises Unreadable, OSError.
    """
    if opened.form() == "workbook":
        return of_workbook(opened)
    text = Text(opened)
    return Grid(of_text(text, names), text_remarks(text))


def of_workbook(opened: Opened) -> Grid:
    """The rows of a workbook's first sheet that shows something; raises Unreadable, OSError."""
    book = Workbook(opened)
    others = ", ".join(repr(name) for name in book.others)
    return Grid(
        book.rows(), [f"of its sheets {book.sheet!r} is read, not {others}"] if others else []
    )


def of_text(text: Text, names: Collection[str]) -> Iterator[Row | delimited.Broken]:
    """The rows of a text with delimiters."""
    if not text.head.strip():
        return
    delimiter = _delimiter(text.head, names)
    with text.characters() as characters:
        yield from delimited.rows(characters, delimiter)


def text_remarks(text: Text) -> list[str]:
    """A sentence about an encoding that is not UTF-8."""
    if text.encoding == "utf-8-sig":
        return []
    return [f"it is not UTF-8: read as {NAMES[text.encoding]}"]


def _delimiter(head: str, names: Collection[str]) -> str:
    """What separates the cells: as the first line says, else what gives the most known columns.

    Where none gives any, what gives the widest row.
    """
    first = head.lstrip().splitlines()[0].strip('"')
    if first.casefold().startswith(SEPARATOR):
        return first[len(SEPARATOR) : len(SEPARATOR) + 1].strip('"') or "\t"

    def worth(delimiter: str) -> tuple[int, int]:
        rows = delimited.rows(io.StringIO(head, newline=""), delimiter)
        found = list(islice(rows, HEADER_WITHIN))
        at = header_among(found, names)
        if at is None:
            return 0, 0
        return known_columns(found[at], names), max(len(row[1]) for row in found)

    return max(_DELIMITERS, key=worth)
