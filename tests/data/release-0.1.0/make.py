"""Made `stopped.json.gz`: what release 0.1.0 had stored and sent when it was stopped in a history.

    git worktree add /tmp/release-0.1.0 2232ca3
    PYTHONPATH=/tmp/release-0.1.0:/tmp/release-0.1.0/tests .venv/bin/python \\
        tests/data/release-0.1.0/make.py tests/data/release-0.1.0/stopped.json.gz

It runs that release's own code, never this one's, and is kept to say how the file came about: the
file itself is never made anew. The history is a part of `tests/data/example`; the last hours of it
are read from the inputs, and what the tables tell each other about them is still on its way.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[1] / "example"
EVERY = 5
"""One of so many orders, with the parcels that name it, is in the history."""

STOPPED = "2026-08-21T12:00:00+08:00"
"""What arrives later is left to the next release."""

ON_ITS_WAY = 40
"""Messages before that of which the internal ones are not read."""

PARTITIONS = 2


def history() -> list[tuple[str, str, dict[str, Any]]]:
    """(arrival, key, value) of all messages, in order of arrival."""
    orders = [json.loads(line) for line in (EXAMPLE / "orders.jsonl").read_bytes().splitlines()]
    updates = [json.loads(line) for line in (EXAMPLE / "tracking.jsonl").read_bytes().splitlines()]
    chosen = set(sorted({value["order_id"] for value in orders})[::EVERY])
    numbers = {
        (value["carrier"], value["tracking_number"])
        for value in updates
        if chosen.intersection(value.get("order_ids") or ())
    }
    found = [
        (value.get("received_at") or value["updated_at"], value["order_id"], value)
        for value in orders
        if value["order_id"] in chosen
    ]
    found += [
        (value.get("received_at") or value["occurred_at"], value["tracking_number"], value)
        for value in updates
        if (value["carrier"], value["tracking_number"]) in numbers
    ]
    return sorted(found, key=lambda entry: (us(entry[0]), entry[1]))


def us(moment: str) -> int:
    """Microseconds since the epoch."""
    from datetime import datetime, timedelta, timezone

    past = datetime.fromisoformat(moment) - datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
    return past // timedelta(microseconds=1)


def feed(loop: Any, topics: Any, messages: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Let messages arrive; after each day everything is read and judged."""
    day = 0
    for arrival, key, value in messages:
        moment = us(arrival)
        if moment // 86_400_000_000 > day:
            day = moment // 86_400_000_000
            loop.now = max(loop.now, day * 86_400_000_000)
            loop.drain(loop.now)
        loop.now = max(loop.now, moment)
        topic = topics.tracking if "tracking_number" in value else topics.orders
        loop.produce(topic, json.dumps(value).encode(), key.encode(), len(key) % PARTITIONS)


def main(path: str) -> None:
    from support.two_sides import TOPICS, Loop

    before = [entry for entry in history() if us(entry[0]) < us(STOPPED)]
    loop = Loop(PARTITIONS, us(before[0][0]))
    feed(loop, TOPICS, before[:-ON_ITS_WAY])
    loop.drain(loop.now)
    feed(loop, TOPICS, before[-ON_ITS_WAY:])
    for place in loop.waiting():
        if place[0] in (TOPICS.orders, TOPICS.tracking):
            loop.step(place, 1_000, loop.now)
    whole = (TOPICS.meter_totals, TOPICS.meter_facts)
    document = {
        "release": "0.1.0",
        "now": loop.now,
        "tables": {
            f"{table}-{number}": {key.hex(): value.hex() for key, value in sorted(rows.items())}
            for (table, number), rows in sorted(loop.store.tables.items())
        },
        "topics": [
            {
                "topic": topic,
                "partition": number,
                "read": loop.read[topic, number],
                "records": [
                    [
                        record.key and record.key.hex(),
                        record.value.hex(),
                        [[name, value.hex()] for name, value in record[4]],
                    ]
                    for record in log[0 if topic in whole else loop.read[topic, number] :]
                ],
            }
            for (topic, number), log in sorted(loop.logs.items())
        ],
        "warnings": loop.warnings,
    }
    text = json.dumps(document, ensure_ascii=False, indent=0).encode()
    Path(path).write_bytes(gzip.compress(text, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
