"""What release 0.1.0 had stored, sent and published is taken up by this one, as if it had been
there from the beginning.

`data/release-0.1.0/stopped.json.gz` is what that release's own code left when it was stopped in the
middle of a history: the states of all tables, the internal messages that nobody had read yet, the
warnings. See `make.py` beside it.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from support.replaying import standing
from support.two_sides import TOPICS, Loop

from streams.engine.kafka.types import Record

TOLD_WHEN = ("revision", "detected_at")
"""A restart tells days again: these say when."""

RELEASE = Path(__file__).parent / "data" / "release-0.1.0"

_spec = importlib.util.spec_from_file_location("make", RELEASE / "make.py")
assert _spec is not None
assert _spec.loader is not None
make: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)


@pytest.fixture(scope="module")
def stopped() -> dict[str, Any]:
    """What the release left."""
    found: dict[str, Any] = json.loads(gzip.decompress((RELEASE / "stopped.json.gz").read_bytes()))
    return found


def taken_over(stopped: dict[str, Any]) -> Loop:
    """This release's pipeline after its first start on what the other left."""
    loop = Loop(make.PARTITIONS, stopped["now"])
    loop.warnings = list(stopped["warnings"])
    for name, rows in stopped["tables"].items():
        table, _, partition = name.rpartition("-")
        loop.store.tables[table, int(partition)] = {
            bytes.fromhex(key): bytes.fromhex(value) for key, value in rows.items()
        }
    for log in stopped["topics"]:
        records = [
            (key and bytes.fromhex(key), bytes.fromhex(value), headers)
            for key, value, headers in log["records"]
        ]
        place = log["topic"], log["partition"]
        gone = log["read"] if place[0] not in (TOPICS.meter_totals, TOPICS.meter_facts) else 0
        loop.logs[place] = [Record(number, 0, None, None, ()) for number in range(gone)]
        loop.read[place] = log["read"]
        for key, value, headers in records:
            pairs = [(header, bytes.fromhex(content)) for header, content in headers]
            loop._append(*place, key, value, pairs)
    for partition in range(make.PARTITIONS):
        loop.commit(partition)
    for partition in range(make.PARTITIONS):
        loop.crash(partition)
    return loop


def test_the_history_goes_on_as_if_this_release_had_begun_it(stopped: dict[str, Any]) -> None:
    """The same warnings stand at the end, and the same risks of shops are published."""
    history = make.history()
    left = [entry for entry in history if make.us(entry[0]) >= make.us(make.STOPPED)]
    ours, upgraded = Loop(make.PARTITIONS, make.us(history[0][0])), taken_over(stopped)
    make.feed(ours, TOPICS, history)
    make.feed(upgraded, TOPICS, left)
    for loop in (ours, upgraded):
        loop.now = make.us(history[-1][0]) + 1
        loop.drain(loop.now)
    wanted = {value["warning_id"]: value for value in standing(ours.newest())}
    found = {value["warning_id"]: value for value in standing(upgraded.newest())}
    assert len(wanted) > 50
    assert found == wanted
    assert upgraded.dead_letters == []
    revisions: dict[str, int] = {}
    for value in upgraded.warnings:
        assert value["revision"] >= revisions.get(value["warning_id"], 0)
        revisions[value["warning_id"]] = value["revision"]
    risks = [{(topic, key): value for topic, key, value in loop.risks} for loop in (ours, upgraded)]
    both = risks[0].keys() & risks[1].keys()
    assert len(both) > 10
    assert [key for key in sorted(both) if counts(risks[0][key]) != counts(risks[1][key])] == []


def counts(risk: dict[str, Any]) -> dict[str, Any]:
    """What a risk says of the day, without when it was said."""
    return {name: value for name, value in risk.items() if name not in TOLD_WHEN}
