"""The files of a history: looked at first, then read in order of arrival.

The form is told by the content: gzip, an encoding, JSON Lines, JSON, delimited text or a workbook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from streams.decode import Bad
from streams.inputs import grid, json_text
from streams.inputs.arrivals import Line, arrival_of, in_order
from streams.inputs.cells import Reading
from streams.inputs.messages import Message
from streams.inputs.one_order import merged
from streams.inputs.opened import Opened
from streams.inputs.table import HEADER_WITHIN, Table
from streams.inputs.text import Text

NO_TIME = 0
"""The arrival of lines before the first one that has a time."""

_FIRST_LINES = 1 << 16


class BadLine(NamedTuple):
    """A line that is no message; `number` counts from 1, `arrival` is in µs."""

    path: Path
    number: int
    raw: bytes
    bad: Bad
    arrival: int = 0


class HistoryFile:
    """A file whose form is known and whose header, if it has one, has been checked.

    `remarks` are sentences for whoever runs the command: how it is read, what is passed over.
    `unknown` are the columns that are not read. While it is read `lines` counts, and `differing`
    gathers the ids of orders of which rows of one time differ in more than their items.
    """

    def __init__(self, path: Path, message: Message, reading: Reading) -> None:
        self.path = path
        self.message = message
        self.remarks: list[str] = []
        self.unknown: list[str] = []
        self.lines = 0
        self.differing: set[str] = set()
        self._holds_items = False
        opened = Opened(path)
        if opened.form() == "workbook":
            rows, remarks = grid.of_workbook(opened)
            self.remarks += remarks
            self._found = self._table(Table(path, rows, message, reading))
            return
        text = Text(opened)
        self.remarks += grid.text_remarks(text)
        start = text.head.lstrip()
        if not start:
            self._found = iter(())
        elif is_json(start):
            self._found = json_text.messages(text, message)
        else:
            rows = grid.of_text(text, message.columns)
            self._found = self._table(Table(path, rows, message, reading))

    def read(
        self, reject: Callable[[BadLine], None], progress: Callable[[int], None]
    ) -> Iterator[Line]:
        """The messages in order of arrival; equal arrivals keep their order. Can be used once.

        Lines that are no message, or have an unusable `received_at`, go to `reject`; `progress` is
        told the bytes read. Raises OSError and Unreadable.
        """
        lines = in_order(self._arrived(reject, progress))
        return merged(lines, self.differing.add) if self._holds_items else lines

    def unsorted(self) -> Iterator[bytes]:
        """The messages as they stand in the file, in place of `read`. Raises what that does."""
        return (raw for _, found, raw in self._found if not isinstance(found, Bad))

    def _arrived(
        self, reject: Callable[[BadLine], None], progress: Callable[[int], None]
    ) -> Iterator[Line]:
        last = NO_TIME
        for number, found, raw in self._found:
            self.lines += 1
            progress(len(raw) + 1)
            arrival = found if isinstance(found, Bad) else arrival_of(found)
            if isinstance(arrival, Bad):
                reject(BadLine(self.path, number, raw, arrival, last))
                continue
            last = last if arrival is None else arrival
            yield Line(last, number, raw)

    def _table(self, table: Table) -> Iterator[json_text.Entry]:
        self.remarks += table.remarks
        if table.header is not None:
            self.unknown = table.header.unknown
            self._holds_items = table.header.holds_items
        return table.messages()


def is_json(start: str) -> bool:
    """Whether a text is JSON: it begins so, or one of its first lines does after damaged ones."""
    lines = start[:_FIRST_LINES].splitlines()[:HEADER_WITHIN]
    return start[0] == "[" or any(line.startswith("{") for line in lines)
