"""Which files hold orders, which tracking updates, which both: told by their content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from streams.inputs.cells import Reading
from streams.inputs.files import HistoryFile, is_json
from streams.inputs.json_text import Entry, messages
from streams.inputs.messages import ORDERS, STOCK, TRACKING, Message
from streams.inputs.opened import Opened, Unreadable
from streams.inputs.published import PublishedFile, holds_records
from streams.inputs.sheets.imported import is_sheet
from streams.inputs.sheets.registry import FORMS
from streams.inputs.sheets.sheet import Unfit
from streams.inputs.text import Text
from streams.report.exports import Exports, ImportedFile

File = HistoryFile | PublishedFile | ImportedFile

_LOOKED_AT = 20
"""Entries of a JSON file that may be damaged before one says what the file holds."""


def opened(paths: Iterable[Path], reading: Reading, exports: Exports) -> list[File]:
    """The files, looked at; one that may hold all, for each message once.

    A file holds our own messages, or is an export, which is read at once. Raises OSError, and
    Unreadable where one is neither.
    """
    return [file for path in paths for file in _of_one(path, reading, exports)]


def _of_one(path: Path, reading: Reading, exports: Exports) -> Sequence[File]:
    if not path.is_file():
        raise Unreadable(path, "is no file; a pipe cannot be read twice, as a report has to")
    content = Opened(path)
    try:
        form = content.form()
    except Unreadable:
        # Some sources send XML, which as a table is refused.
        if exports.source is None:
            raise
        return exports.payload(content)
    if form == "text":
        text = Text(content)
        start = text.head.lstrip()
        if start and is_json(start):
            return _of_json(content, text, reading, exports)
        if not is_sheet(content):
            return exports.payload(content)
    return _of_table(content, reading, exports)


def _of_json(content: Opened, text: Text, reading: Reading, exports: Exports) -> Sequence[File]:
    """Messages of ours, or what a source pushes or answers: that is JSON, and no message."""
    entries = list(_first_entries(text, exports))
    objects = [_object_in(entry) for entry in entries]
    for entry, sent in zip(entries, objects, strict=True):
        if holds_records(entry):
            return [PublishedFile(text, each) for each in (ORDERS, TRACKING, STOCK)]
        message = _message_of(sent, whole=exports.source is not None)
        if message is not None:
            return (HistoryFile(content.path, message, reading),)
    if exports.source is None and (not objects or None in objects):
        return (HistoryFile(content.path, ORDERS, reading),)
    return exports.payload(content)


def _first_entries(text: Text, exports: Exports) -> Sequence[Entry]:
    try:
        return list(islice(messages(text, ORDERS), _LOOKED_AT))
    except Unreadable:
        # An object around a list of messages is what some sources send.
        if exports.source is None:
            raise
        return ()


def _object_in(entry: Entry) -> dict[str, Any] | None:
    """The object that an entry is; None: it is none, or damaged."""
    found = entry[1]
    if not isinstance(found, bytes):
        return None
    try:
        sent = msgspec.json.decode(found)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return sent if isinstance(sent, dict) else None


def _message_of(sent: dict[str, Any] | None, *, whole: bool) -> Message | None:
    """Of what an object is a message; None: it does not say. `whole`: it has all that one needs,
    for payloads of sources have numbers and ids of orders too."""
    if sent is None:
        return None
    if whole:
        names = set(sent)
        return next((each for each in (TRACKING, ORDERS) if names >= set(each.needed(names))), None)
    if "tracking_number" in sent:
        return TRACKING
    return ORDERS if "order_id" in sent or sent.get("value", True) is None else None


def _of_table(content: Opened, reading: Reading, exports: Exports) -> Sequence[File]:
    """By the form that was named, where it fits; else as messages of ours, else by its columns."""
    first: Unfit | None = None
    for named in (exports.mapping, FORMS.get(exports.source or "")):
        if named is not None:
            try:
                return exports.table(content, [named])
            except Unfit as error:
                first = first or error
    try:
        return (_of_messages(content.path, reading),)
    except Unreadable as ours:
        try:
            return exports.table(content, FORMS.values())
        except Unfit as error:
            why = f"{ours.why}; as an export: {(first or error).why}"
            raise Unreadable(content.path, why) from error


def _of_messages(path: Path, reading: Reading) -> HistoryFile:
    try:
        return HistoryFile(path, TRACKING, reading)
    except Unreadable as as_tracking:
        try:
            return HistoryFile(path, ORDERS, reading)
        except Unreadable as as_orders:
            # Which of the two it was meant to be, its author knows.
            if as_orders.why == as_tracking.why:
                raise
            why = f"as orders: {as_orders.why}; as tracking: {as_tracking.why}"
            raise Unreadable(path, why) from as_orders
