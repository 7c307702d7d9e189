"""Rows of an .xlsx or .xls workbook: of its first sheet that shows something."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import python_calamine as calamine

from streams.inputs.cells import ERROR, Cell, blank
from streams.inputs.compound import runs_in_circles
from streams.inputs.opened import OLE, Opened, Unreadable

MOST_CELLS = 100_000_000
"""Cells in the rectangle that holds all of a sheet; an empty one takes about 30 bytes."""

_CHUNK = 1 << 20
_OVERLAP = 4096
_WIDE = re.compile(rb' r="([A-Z]{2,3})[0-9]')
_LOW = (re.compile(rb' r="[A-Z]+[0-9]{7}"'), re.compile(rb' r="[A-Z]+[0-9]{6}"'))
_FAILED = b't="e"'
_PLACE = re.compile(rb' r="([A-Z]{1,3})([0-9]{1,7})"')
_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')


class Workbook:
    """The sheet of a workbook that is read; raises Unreadable and OSError.

    `others` names the sheets that are not: hidden ones, and those after the first one in which
    anything stands.
    """

    def __init__(self, opened: Opened) -> None:
        self._path = opened.path
        self.sheet = ""
        self.others: tuple[str, ...] = ()
        self._failed: frozenset[tuple[int, int]] = frozenset()
        self._merged: dict[int, list[tuple[int, int]]] = {}
        """Row in which merged cells begin → their first column and last row, all from 0."""
        with opened.seekable() as file:
            self._rows = _guarded(self._path, lambda: self._open(file))

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Each row with its number in the sheet, counted from 1; also rows that are hidden."""
        yield from enumerate(self._iterated(), start=1)

    def _open(self, file: IO[bytes]) -> Any:
        if file.read(len(OLE)) == OLE and runs_in_circles(file):
            raise Unreadable(
                self._path, "is a damaged .xlsx or .xls, or none (its sectors form no chains)"
            )
        file.seek(0)
        book = calamine.load_workbook(file)
        # Charts and macros are sheets without cells; a hidden sheet is not what a person sees.
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == calamine.SheetVisibleEnum.Visible
        ]
        parts = _parts(file)
        found: Any = None
        for name in shown:
            failed: set[tuple[int, int]] = set()
            if name in parts:
                failed = _looked_over(self._path, file, parts[name], name)
            found = book.get_sheet_by_name(name)
            self.sheet = name
            if found.start is not None:
                left = found.start[1]
                self._failed = frozenset((row, column - left) for row, column in failed)
                for (top, column), (bottom, _) in found.merged_cell_ranges or ():
                    if bottom > top and column >= left:
                        self._merged.setdefault(top, []).append((column - left, bottom))
                break
        self.others = tuple(name for name in book.sheet_names if name != self.sheet)
        return None if found is None else found.iter_rows()

    def _iterated(self) -> Iterator[list[Cell]]:
        index = -1
        standing: dict[int, tuple[int, Cell]] = {}
        while self._rows is not None:
            index += 1
            cells = _guarded(self._path, lambda: next(self._rows, None))
            if cells is None:
                return
            if self._failed:
                for column, cell in enumerate(cells):
                    if blank(cell) and (index, column) in self._failed:
                        cells[column] = ERROR
            # A cell merged over several rows says the same of each: an order over its items.
            for column, (bottom, above) in standing.items():
                if index <= bottom and blank(cells[column]):
                    cells[column] = above
            for column, bottom in self._merged.get(index, ()):
                if column < len(cells):
                    standing[column] = bottom, cells[column]
            yield cells


def _guarded(path: Path, read: Any) -> Any:
    """What `read` returns; whatever the reader of workbooks stumbles over becomes one sentence."""
    try:
        return read()
    except calamine.PasswordError as error:
        raise Unreadable(path, "is locked by a password: save it without one") from error
    except (Unreadable, KeyboardInterrupt, OSError):
        raise
    except BaseException as error:
        # A panic of the Rust below is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        said = " ".join(str(error).split())[:120]
        raise Unreadable(path, f"is a damaged .xlsx or .xls, or none ({said})") from error


def _parts(file: IO[bytes]) -> dict[str, str]:
    """The sheets of an .xlsx by name, and where in the archive each one is; of an .xls none."""
    file.seek(0)
    if not zipfile.is_zipfile(file):
        return {}
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return {}
        book = archive.read("xl/workbook.xml").decode(errors="replace")
        relations = archive.read("xl/_rels/workbook.xml.rels").decode(errors="replace")
    targets = {
        found.get("Id", ""): found.get("Target", "")
        for found in (dict(_ATTRIBUTE.findall(tag)) for tag in _RELATION.findall(relations))
    }
    parts = {}
    for tag in _SHEET.findall(book):
        found = dict(_ATTRIBUTE.findall(tag))
        target = targets.get(found.get("r:id", ""), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in names:
            parts[html.unescape(found.get("name", ""))] = part
    return parts


def _looked_over(path: Path, file: IO[bytes], part: str, name: str) -> set[tuple[int, int]]:
    """Where formulas failed, as (row, column) from 0: the reader gives those cells as empty.

    Raises Unreadable where a cell stands so far out that reading would take all memory.
    """
    failed: set[tuple[int, int]] = set()
    columns: set[bytes] = {b"Z"}
    rows = 99_999
    file.seek(0)
    with zipfile.ZipFile(file) as archive, archive.open(part) as sheet:
        before = b""
        while chunk := sheet.read(_CHUNK):
            chunk = before + chunk
            columns.update(_WIDE.findall(chunk))
            for pattern, least in zip(_LOW, (1_048_576, 999_999), strict=True):
                if rows < least and pattern.search(chunk):
                    rows = least
            at = chunk.find(_FAILED)
            while at >= 0:
                tag = chunk[chunk.rfind(b"<", 0, at) : chunk.find(b">", at)]
                if place := _PLACE.search(tag):
                    failed.add((int(place[2]) - 1, _column(place[1]) - 1))
                at = chunk.find(_FAILED, at + 1)
            before = chunk[-_OVERLAP:]
    width = max(map(_column, columns))
    if rows * width > MOST_CELLS:
        raise Unreadable(
            path,
            f"sheet {name!r} has a cell far out, in column {max(columns, key=_column).decode()} "
            f"or beyond row {rows // 10}: delete what stands there, or save it as CSV",
        )
    return failed


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
