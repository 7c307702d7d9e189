"""Counts of shops' days: what the topics say against `shipsentry replay` over the same messages.

The oracle has no shops' days, so this is the product against itself; but the replay's process met
no fault, has no state and reads files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from faults.cluster import RISKS, Cluster
from faults.observer import Seen
from faults.workload import Part, Sent

Row = dict[str, Any]

_CHANGING = ("revision", "detected_at")
"""What two processes that count the same say differently."""


def replayed(cluster: Cluster, parts: Iterable[Part], until: datetime) -> dict[str, Row]:
    """The last row of each shop's and product's day, by its topic and key."""
    folder = cluster.folder / "replayed"
    folder.mkdir(exist_ok=True)
    files = {name: folder / f"{name}.jsonl" for name in ("orders", "tracking", "out", *RISKS)}
    for kind in ("orders", "tracking"):
        lines = [
            _line(record, part.sent_at)
            for part in parts
            if part.sent_at is not None
            for record in part.records
            if record.kind == kind
        ]
        files[kind].write_text("".join(lines), encoding="utf-8")
    arguments = ["replay", "--until", until.isoformat()]
    for name, path in files.items():
        arguments += [f"--{name}", str(path)]
    cluster.command(arguments, statuses=(0, 3))  # 3: there were dead letters
    return {
        f"{topic} {_key(row)}": row
        for topic in RISKS
        for row in map(json.loads, files[topic].read_text("utf-8").splitlines())
        if _counts(row)
    }


def _counts(row: Row) -> bool:
    """Whether a row must be there: nothing is told of a product until something is late, and what
    was late for a while and then not leaves one that says so."""
    return any(n for name, n in row["counts"].items() if "product_id" not in row or name != "due")


def _line(record: Sent, arrived: datetime) -> str:
    if record.value is not None:
        line = {**record.value, "received_at": arrived.isoformat()}
    else:
        at = record.at or arrived
        line = {"key": record.key, "value": None, "timestamp": at.isoformat()}
        line["received_at"] = arrived.isoformat()
    return json.dumps(line, ensure_ascii=False) + "\n"


def _key(row: Row) -> str:
    names = ("platform", "shop_id", "product_id", "day")
    return "|".join(row[name] for name in names if name in row)


def published(seen: Iterable[Seen]) -> dict[str, Row]:
    """The same of what was published: the greatest revision of each key."""
    kept: dict[str, Row] = {}
    for record in seen:
        if record.topic not in RISKS or record.value is None:
            continue
        row = json.loads(record.value)
        name = f"{record.topic} {_key(row)}"
        if name not in kept or kept[name]["revision"] <= row["revision"]:
            kept[name] = row
    return {name: row for name, row in kept.items() if _counts(row)}


def differing(
    ours: Mapping[str, Row], before: Mapping[str, Row], after: Mapping[str, Row]
) -> list[Row]:
    """Days that are told otherwise than they were at either of two moments."""
    found = []
    for name in sorted({*ours, *before, *after}):
        allowed = [_told(side.get(name)) for side in (before, after)]
        if _told(ours.get(name)) not in allowed:
            found.append({"day": name, "ours": _told(ours.get(name)), "wanted": allowed[1]})
    return found


def _told(row: Row | None) -> Row | None:
    return row and {name: value for name, value in row.items() if name not in _CHANGING}
