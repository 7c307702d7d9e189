"""Which files hold orders, which tracking updates, which both: told by their content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from streams.inputs.cells import Reading
from streams.inputs.files import HistoryFile, is_json
from streams.inputs.json_text import messages
from streams.inputs.messages import ORDERS, TRACKING, Message
from streams.inputs.opened import Opened, Unreadable
from streams.inputs.published import PublishedFile, holds_records
from streams.inputs.text import Text

File = HistoryFile | PublishedFile

_LOOKED_AT = 20
"""Entries of a JSON file that may be damaged before one says what the file holds."""


def opened(paths: Iterable[Path], reading: Reading) -> list[File]:
    """The files, looked at; one with records of topics twice, for its orders and its updates.

    Raises OSError, and Unreadable where one holds no messages.
    """
    return [file for path in paths for file in _of_one(path, reading)]


def _of_one(path: Path, reading: Reading) -> Sequence[File]:
    if not path.is_file():
        raise Unreadable(path, "is no file; a pipe cannot be read twice, as a report has to")
    content = Opened(path)
    if content.form() == "text":
        text = Text(content)
        start = text.head.lstrip()
        if start and is_json(start):
            return _of_json(path, text, reading)
    return (_of_table(path, reading),)


def _of_json(path: Path, text: Text, reading: Reading) -> Sequence[File]:
    for entry in islice(messages(text, ORDERS), _LOOKED_AT):
        if holds_records(entry):
            return PublishedFile(text, ORDERS), PublishedFile(text, TRACKING)
        message = _message_of(entry[1])
        if message is not None:
            return (HistoryFile(path, message, reading),)
    return (HistoryFile(path, ORDERS, reading),)


def _message_of(found: object) -> Message | None:
    """Of what an entry is a message; None: it does not say."""
    if not isinstance(found, bytes):
        return None
    try:
        sent = msgspec.json.decode(found)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(sent, dict):
        return None
    if "tracking_number" in sent:
        return TRACKING
    return ORDERS if "order_id" in sent or sent.get("value", True) is None else None


def _of_table(path: Path, reading: Reading) -> HistoryFile:
    try:
        return HistoryFile(path, TRACKING, reading)
    except Unreadable as as_tracking:
        try:
            return HistoryFile(path, ORDERS, reading)
        except Unreadable as as_orders:
            # Which of the two it was meant to be, its author knows.
            if str(as_orders) == str(as_tracking):
                raise
            why = str(as_tracking).removeprefix(f"{path}: ")
            raise Unreadable(path, f"as orders: {_why(path, as_orders)}; as tracking: {why}") from (
                as_orders
            )


def _why(path: Path, error: Unreadable) -> str:
    return str(error).removeprefix(f"{path}: ")
