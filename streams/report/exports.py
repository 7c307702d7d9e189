"""Files that shops, carriers and aggregators made, read as `shipsentry import` reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from streams.decode import Bad
from streams.inputs.arrivals import Line, arrival_of
from streams.inputs.files import NO_TIME, BadLine
from streams.inputs.messages import ORDERS, TRACKING, Message
from streams.inputs.opened import Opened, Unreadable
from streams.inputs.published import TOPICS
from streams.inputs.sheets.form import Form
from streams.inputs.sheets.imported import UNREADABLE, Imported, payload_read, sheet_read
from streams.inputs.sources.payload import Canonical, Feed, Outcome, Payload, json_text
from streams.inputs.sources.scope import Scope, owner_of, scoped


class ImportedFile:
    """The messages of one topic that an export became."""

    def __init__(self, path: Path, message: Message, lines: list[Line]) -> None:
        self.path = path
        self.message = message
        self.lines = len(lines)
        self.remarks: list[str] = []
        self.unknown: list[str] = []
        self.differing: set[str] = set()
        self._lines = lines

    def read(
        self, reject: Callable[[BadLine], None], progress: Callable[[int], None]
    ) -> Iterator[Line]:
        """The messages in order of arrival, each let go as it is read. Can be used once."""
        self._lines.sort(reverse=True)
        while self._lines:
            yield self._lines.pop()


@dataclass(frozen=True, slots=True)
class Exports:
    """What a command says of such files, and what became of them.

    `feed` has the shop, platform and zone that they do not say themselves. `source` says whose
    those are that do not show it, `mapping` is a form of an operator's own; both go before what
    columns say. `arrived_at` is when they are read, `exported_at` when they were made. `scope` is
    what is put before ids of orders. `said` is told of each file, before its messages are let go.
    `read` gathers the files and what they became, without messages, `received` the orders that an
    export calls delivered or completed.
    """

    feed: Feed
    arrived_at: datetime
    said: Callable[[Path, Imported], None]
    source: str | None = None
    mapping: Form | None = None
    exported_at: datetime | None = None
    scope: Scope | None = None
    read: list[tuple[Path, Imported]] = field(default_factory=list)
    received: set[str] = field(default_factory=set)

    def table(self, opened: Opened, forms: Collection[Form]) -> list[ImportedFile]:
        """A spreadsheet by the form that fits. Raises Unfit, Unreadable, OSError."""
        found = sheet_read(opened, forms, self.feed, self.arrived_at, self.exported_at)
        return self._files(opened.path, found)

    def payload(self, opened: Opened) -> list[ImportedFile]:
        """What the source pushes or answers. Raises Unreadable, OSError."""
        found = payload_read(opened, self.source, self.feed, Payload(b"", self.arrived_at))
        for reason, why in found.outcome.refusals:
            if reason == UNREADABLE:
                raise Unreadable(opened.path, why)
        return self._files(opened.path, found)

    def _files(self, path: Path, found: Imported) -> list[ImportedFile]:
        outcome = found.outcome
        if self.scope is not None:
            _refuse_ends(outcome, self.scope)
        self.said(path, found)
        self.received.update(self._id(each) for each in outcome.messages if each.received)
        files = []
        for message in (ORDERS, TRACKING):
            topic = TOPICS[message.name]
            sent = [each for each in outcome.messages if each.topic == topic]
            files.append(ImportedFile(path, message, _lines(sent)))
        # As objects they take more than twice what their bytes do.
        outcome.messages.clear()
        self.read.append((path, found))
        return files

    def _id(self, order: Canonical) -> str:
        if self.scope is None or order.value is None:
            return order.key
        return scoped(order, owner_of(order.value, self.scope)).key


def _refuse_ends(outcome: Outcome, scope: Scope) -> None:
    """Refuse tombstones: they name no shop and no platform that could stand before their ids."""
    for each in outcome.messages:
        if each.value is None:
            outcome.refuse("missing_field", f"the end of order {each.key} names no {scope}")
    outcome.messages = [each for each in outcome.messages if each.value is not None]


def _lines(messages: list[Canonical]) -> list[Line]:
    """Messages as lines of a file; the number is that of the table's line, if it is one."""
    found = []
    last = NO_TIME
    for number, message in enumerate(messages, 1):
        value = message.value
        if value is None:
            at = None if message.timestamp is None else message.timestamp.isoformat()
            value = {"key": message.key, "value": None, "timestamp": at}
        raw = json_text(value).encode()
        arrival = arrival_of(raw)
        last = last if arrival is None or isinstance(arrival, Bad) else arrival
        found.append(Line(last, message.line or number, raw))
    return found
