"""A warning and its records from the files of a replay: an offset is the line number minus one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from streams.engine.kafka.warning_records import parse
from streams.evidence.find import Matches, Search, matches
from streams.evidence.shown import Original, wanted
from streams.facts.statuses import ORDERS_TOPIC, TRACKING_TOPIC
from streams.inputs.cells import Reading
from streams.inputs.files import HistoryFile
from streams.inputs.messages import ORDERS, TRACKING, Message
from streams.inputs.opened import Opened


def matches_in(path: Path, search: Search) -> Matches:
    """The warnings that are looked for in an output of replay; raises OSError."""
    with Opened(path).unpacked() as file:
        return matches((parse(None, line) for line in file if line.strip()), search)


def revisions_in(path: Path, warning_id: str) -> list[dict[str, Any]]:
    """The revisions of one warning in an output of replay, oldest first; raises OSError.

    `replay` writes the newest one of each warning, `replay --log` all.
    """
    found: dict[int, dict[str, Any]] = {}
    mark = warning_id.encode()
    with Opened(path).unpacked() as file:
        for line in file:
            if mark not in line:
                continue
            try:
                value = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if value.get("warning_id") == warning_id:
                found[int(value["revision"])] = value
    return [found[revision] for revision in sorted(found)]


def originals_in(
    orders: Path, tracking: Path, warning: Mapping[str, Any], reading: Reading
) -> list[Original]:
    """The records that a warning names, from the files that were replayed.

    Raises OSError, and Unreadable where a file holds no messages.
    """
    paths = {ORDERS_TOPIC: orders, TRACKING_TOPIC: tracking}
    messages = {ORDERS_TOPIC: ORDERS, TRACKING_TOPIC: TRACKING}
    names = wanted(warning)
    lines = {
        topic: _lines(
            path,
            messages[topic],
            reading,
            {offset + 1 for name, _, offset, _, _ in names if name == topic},
        )
        for topic, path in paths.items()
    }
    return [
        Original(
            topic,
            partition,
            offset,
            status,
            at,
            raw := lines.get(topic, {}).get(offset + 1),
            None if raw is not None else f"there is no such line in {paths[topic].name}",
        )
        for topic, partition, offset, status, at in names
        if topic in paths
    ]


def _lines(path: Path, message: Message, reading: Reading, numbers: set[int]) -> dict[int, bytes]:
    if not numbers:
        return {}
    return {
        line.number: line.raw
        for line in HistoryFile(path, message, reading).read(lambda _: None, lambda _: None)
        if line.number in numbers
    }
