"""Rows of a text with delimiters: where each begins, and what to make of a quote left open."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST_CELL = 16 << 20
"""Characters; a cell may hold a whole JSON array."""

LONGEST_ROW = 1_000
"""Lines that one row may take; in one that is longer a quote was left open."""

csv.field_size_limit(LONGEST_CELL)


class Row(NamedTuple):
    """A row: the line in which it begins, counted from 1, and its cells."""

    line: int
    cells: list[str]


class Broken(NamedTuple):
    """Lines that are no row: where they begin, their text, and why."""

    line: int
    text: str
    why: str


class _Lines:
    """Lines one at a time, which can be given back; knows what the row at hand has taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.line = 0
        """Of the last line that was taken."""
        self.ended = False
        """The row at hand asked for a line after the last one."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST_ROW:
            raise csv.Error(f"it takes more than {LONGEST_ROW} lines")
        line = self._back.popleft() if self._back else next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        self.line += 1
        return line

    def give_back(self, count: int) -> None:
        """Let the last lines of the row at hand be read again."""
        if count:
            self._back.extendleft(reversed(self.taken[-count:]))
            del self.taken[-count:]
            self.line -= count


def rows(text: Iterable[str], delimiter: str) -> Iterator[Row | Broken]:
    """The rows of a text, given as lines with their ends; blank lines are counted and left out.

    A quote that never closes takes the lines up to the one where it opened, not the whole rest.
    """
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.taken, lines.ended = [], False
        try:
            cells = next(reader)
            if lines.ended:
                raise csv.Error("the file ends inside of it")
        except StopIteration:
            if not lines.taken:
                return
            cells = []
        except csv.Error as error:
            begin = lines.line - len(lines.taken) + 1
            if not lines.taken:
                return
            yield _repaired(lines, begin, delimiter, str(error))
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if cells:
            yield Row(lines.line - len(lines.taken) + 1, cells)


def _repaired(lines: _Lines, begin: int, delimiter: str, why: str) -> Row | Broken:
    """What to make of a row that breaks the rules for quotes; the lines after it are given back."""
    opened = _opened_in(lines.taken, delimiter)
    if opened is None:
        # Quotes that close, with text after them: read as spreadsheets do.
        text = "".join(lines.taken)
        try:
            return Row(begin, next(csv.reader(lines.taken, delimiter=delimiter)))
        except (csv.Error, StopIteration):
            return Broken(begin, text, f"the row cannot be read: {why}")
    lines.give_back(len(lines.taken) - opened - 1)
    where = f"the quote that opens in line {begin + opened} never closes"
    return Broken(begin, "".join(lines.taken), where)


def _opened_in(taken: list[str], delimiter: str) -> int | None:
    """In which of a row's lines a quote opens that is not closed as it should; None: in none."""
    opened: int | None = None
    for number, line in enumerate(taken):
        fresh = opened is None
        place = 0
        while place < len(line):
            char = line[place]
            if opened is None:
                if char == '"' and fresh:
                    opened = number
                fresh = char == delimiter
            elif char == '"':
                after = line[place + 1 : place + 2]
                if after == '"':
                    place += 1
                elif after in ("", "\r", "\n", delimiter) or opened == number:
                    opened = None
                    fresh = False
                else:
                    return opened  # what closes here was meant to open: the first was left open
            place += 1
    return opened
