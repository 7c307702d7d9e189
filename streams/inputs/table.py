"""A table of messages: its header is checked before any row, then each row becomes a message."""

from __future__ import annotations

import csv
import difflib
import io
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from streams.decode import Bad
from streams.inputs.cells import ERROR, Cell, CellError, Day, Reading, blank, money, value
from streams.inputs.delimited import Broken
from streams.inputs.json_text import Entry
from streams.inputs.messages import AMOUNTS, Kind, Message
from streams.inputs.opened import Unreadable

HEADER_WITHIN = 20
"""Rows among which the header is looked for; above it may stand titles."""

SEPARATOR = "sep="
"""What the first line of a text may begin with that names its delimiter, as Excel writes it."""

ESTIMATED = {"occurred_at": "time_quality", "paid_at": "paid_at_quality"}
"""Times → where a message says that one is estimated: of a date the time of day is not known."""

_NAMED = 8
"""Column names that one sentence quotes at most."""

_encode = msgspec.json.Encoder().encode

Row = tuple[int, Sequence[Cell]]
"""The line in which a row begins, and its cells."""


class _Column(NamedTuple):
    position: int
    name: str
    place: str
    leaf: str
    kind: Kind


class Header:
    """Which cell of a row holds what; raises Unreadable where a required column is lacking.

    `unknown` are the names of columns that are not read.
    """

    def __init__(
        self, path: Path, line: int, cells: Sequence[Cell], message: Message, reading: Reading
    ) -> None:
        self._reading = reading
        self._width = len(cells)
        self._columns: list[_Column] = []
        self._message = message
        names = [shown(cell) for cell in cells]
        self.unknown: list[str] = []
        seen: dict[str, int] = {}
        for index, name in enumerate(names):
            folded = fold(name)
            kind = message.columns.get(folded)
            if kind is None:
                if folded:
                    self.unknown.append(name.strip())
                continue
            if folded in seen:
                raise Unreadable(
                    path,
                    f"the header in line {line} names {folded} twice, in columns "
                    f"{seen[folded] + 1} and {index + 1}: keep one",
                )
            seen[folded] = index
            place, _, leaf = folded.partition(".")
            self._columns.append(_Column(index, folded, place, leaf, kind))
        needed = message.needed(set(seen))
        lacking = [name for name in needed if name not in seen]
        if lacking:
            fault = f"lacks {', '.join(lacking)}" if seen else "has none of the known columns"
            near = [f"{name} may be {close}" for name, close in self._nearest()]
            raise Unreadable(
                path,
                f"the header in line {line} {fault}; found: {listed(names)}; needed: "
                f"{', '.join(needed)}{''.join(f'; {each}' for each in near[:_NAMED])}",
            )
        self.holds_items = any(
            message.columns[column.place] == "objects" for column in self._columns
        )

    @property
    def remarks(self) -> Iterator[str]:
        """A sentence about the columns that are not read, with the nearest known names."""
        if self.unknown:
            near = "".join(f"; {name} may be {close}" for name, close in self._nearest())
            yield f"columns that are not known are not read: {listed(self.unknown)}{near}"

    def message(self, cells: Sequence[Cell]) -> bytes | Bad:
        """The message of a row, or why there is none."""
        if len(cells) > self._width and not _is_blank(cells[self._width :]):
            return Bad(
                "bad_row",
                None,
                f"the row has {len(cells)} cells, the header {self._width}: a cell that holds "
                "the delimiter belongs in quotes",
            )
        try:
            return _encode(self._sent(cells))
        except CellError as error:
            return error.bad
        except UnicodeEncodeError:
            return Bad("invalid_utf8", None, "the row holds bytes that are no characters")

    def _sent(self, cells: Sequence[Cell]) -> dict[str, Any]:
        sent: dict[str, Any] = {}
        for index, name, place, leaf, kind in self._columns:
            if index >= len(cells):
                break
            cell = cells[index]
            if blank(cell):
                continue
            found = value(cell, kind, name, self._reading)
            if found.__class__ is Day:
                found = found.text
                if name in ESTIMATED:
                    sent.setdefault(ESTIMATED[name], "estimated")
            if leaf:
                inner = sent.setdefault(place, {})
                if isinstance(inner, dict):
                    inner[leaf] = found
            else:
                sent[name] = found
        for name in AMOUNTS:
            if name in sent:
                sent[name] = money(sent[name], sent.get("currency"), name, self._reading)
        if isinstance(sent.get("items"), dict):
            sent["items"] = [sent["items"]]
        return sent

    def _nearest(self) -> Iterator[tuple[str, str]]:
        """Names that are not known, each with the known one that is nearest to it, if any is."""
        for name in self.unknown:
            spelled = fold(name).replace(" ", "_").replace("-", "_")
            close = difflib.get_close_matches(spelled, sorted(self._message.columns), 1)
            if close:
                yield repr(name[:30]), close[0]


class Table:
    """The rows of a table below its header; raises Unreadable where the header will not do.

    `header` is None where there is no row at all; `remarks` says what is passed over.
    """

    def __init__(
        self, path: Path, rows: Iterable[Row | Broken], message: Message, reading: Reading
    ) -> None:
        self.remarks: list[str] = []
        self.header: Header | None = None
        filled = (row for row in rows if isinstance(row, Broken) or not _is_blank(row[1]))
        first = list(islice(filled, HEADER_WITHIN))
        at = header_among(first, message.columns)
        if at is not None:
            line = first[at][0]
            self.header = Header(path, line, first[at][1], message, reading)
            above = [row[0] for row in first[:at] if not _names_separator(row)]
            if above:
                passed = "a line" if len(above) == 1 else f"{len(above)} lines"
                self.remarks.append(f"the header is in line {line}, {passed} above it passed over")
            self.remarks += self.header.remarks
            del first[: at + 1]
        self._rows = chain(first, filled)

    def messages(self) -> Iterator[Entry]:
        """Each row's line, its message or why there is none, and its bytes; can be used once."""
        for row in self._rows:
            if isinstance(row, Broken):
                raw = row.text.encode(errors="surrogateescape")
                yield row.line, Bad("bad_row", None, row.why), raw
            elif self.header is not None:
                line, cells = row
                found = self.header.message(cells)
                yield line, found, _as_csv(cells) if isinstance(found, Bad) else found


def fold(name: str) -> str:
    """A column's name without what people and programs put around it, width and case."""
    plain = unicodedata.normalize("NFKC", name)
    plain = "".join(char for char in plain if unicodedata.category(char) not in ("Cc", "Cf"))
    return plain.strip().casefold()


def known_columns(row: Row | Broken, names: Collection[str]) -> int:
    """How many of a row's cells are names of columns, which are folded."""
    if isinstance(row, Broken):
        return 0
    return sum(fold(shown(cell)) in names for cell in row[1])


def header_among(rows: Sequence[Row | Broken], names: Collection[str]) -> int | None:
    """Which of a table's first rows is its header: the one with the most known columns.

    Where none has any, the first; None where there is no row.
    """
    indexes = [index for index, row in enumerate(rows) if not isinstance(row, Broken)]
    return max(indexes, key=lambda index: known_columns(rows[index], names), default=None)


def _names_separator(row: Row | Broken) -> bool:
    return not isinstance(row, Broken) and shown(row[1][0]).casefold().startswith(SEPARATOR)


def _is_blank(cells: Sequence[Cell]) -> bool:
    return all(blank(cell) for cell in cells)


def _as_csv(cells: Sequence[Cell]) -> bytes:
    """A row that is no message, as a line of CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([shown(cell) for cell in cells])
    return out.getvalue().encode(errors="surrogateescape")


def shown(cell: Cell) -> str:
    """A cell as a person reads it."""
    return "#N/A" if cell == ERROR else str(cell)


def listed(names: Sequence[str]) -> str:
    """Some names of columns for a sentence, each in quotes, with the number of the others."""
    shown = [repr(name.strip()[:30]) for name in names if name.strip()]
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return f"{', '.join(shown[:_NAMED])}{more}"
