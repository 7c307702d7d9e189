"""Files of orders, looked at and read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.inputs.arrivals import Line
from streams.inputs.cells import Reading
from streams.inputs.files import BadLine, HistoryFile
from streams.inputs.messages import ORDERS, Message
from streams.inputs.opened import Unreadable
from streams.inputs.sources.payload import Feed
from streams.report.exports import Exports


def shop_file(path: Path, reading: Reading | None = None, message: Message = ORDERS) -> HistoryFile:
    """A file of orders, looked at."""
    return HistoryFile(path, message, reading or Reading())


def rows_of(
    path: Path, content: bytes | str, reading: Reading | None = None, message: Message = ORDERS
) -> tuple[list[Line], list[BadLine], HistoryFile]:
    """What is read of a file with this content: lines, bad lines by number, and the file."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    file = shop_file(path, reading, message)
    bad: list[BadLine] = []
    found = list(file.read(bad.append, lambda _: None))
    return found, sorted(bad, key=lambda line: line.number), file


def refused(path: Path, content: bytes | str) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(Unreadable) as error:
        rows_of(path, content)
    return str(error.value)


def no_exports() -> Exports:
    """What a report knows of exports where none is told of."""
    return Exports(Feed(), datetime(2026, 11, 30, tzinfo=UTC), lambda _path, _found: None)
