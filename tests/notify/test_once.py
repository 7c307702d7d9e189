"""A digest of a file, without a desk: what changed since the last run, once sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.desk import NOON, warned

from streams.facts.times import HOUR
from streams.notify.once import (
    Letter,
    Remembered,
    WrongFile,
    keep,
    letters,
    read_warnings,
    remembered,
)
from streams.notify.routes import Plan, read_routes

ROUTES = """
[channels.ops]
type = "webhook"
[channels.boss]
type = "webhook"
[routes.all]
channels = ["ops", "boss"]
reminders_hours = [2]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Two channels that are told of everything."""
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES)
    return read_routes(path)


def run(
    plan: Plan, folder: Path, *values: dict[str, Any], now: int = NOON, limit: int = 20
) -> list[Letter]:
    """A run with a file of these revisions, and what earlier runs remember."""
    path = folder / "warnings.jsonl"
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    warnings = list(read_warnings(path).values())
    memory = remembered(folder / "memory")
    limits = dict.fromkeys(plan.channels, limit)
    return letters(plan.routes.values(), limits, warnings, memory, now)


def sent(found: list[Letter], folder: Path, now: int = NOON) -> None:
    """All of them are taken."""
    memory = remembered(folder / "memory")
    for letter in found:
        letter.remember(memory, now)
    keep(folder / "memory", memory)


def said(found: list[Letter]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Channels, and which warnings they are told of and why."""
    return [
        (
            letter.message.channel,
            [
                (item.warning.order_ids[0].removeprefix("order-"), item.change)
                for item in letter.message.changed
            ],
        )
        for letter in found
    ]


def test_the_newest_revisions_are_told_once_they_are_sent(plan: Plan, tmp_path: Path) -> None:
    """What a channel did not take comes again by the same key; what it took does not."""
    values = [warned("a"), warned("a", 2, "breached"), warned("b"), warned("c", 3, "resolved")]
    found = run(plan, tmp_path, *values)
    told = [("b", "new"), ("a", "breached")]
    assert said(found) == [("ops", told), ("boss", told)]
    sent(found[:1], tmp_path)
    again = run(plan, tmp_path, *values, now=NOON + HOUR)
    assert [each.message.key for each in again] == [found[1].message.key]
    sent(again, tmp_path)
    assert run(plan, tmp_path, *values) == []


def test_what_is_over_and_what_nears_is_told_to_who_knows(plan: Plan, tmp_path: Path) -> None:
    """By messages of their own, since when, and with what stands besides."""
    sent(run(plan, tmp_path, warned("a"), warned("b")), tmp_path)
    over = run(plan, tmp_path, warned("a", 2, "resolved"), warned("b"))
    assert said(over[:1]) == [("ops", [("a", "resolved")])]
    assert over[0].message.counts is None
    sent(over, tmp_path)
    values = [warned("a", 3, "withdrawn"), warned("b"), warned("c", deadline=NOON + 99 * HOUR)]
    (near, _) = run(plan, tmp_path, *values, now=NOON + 5 * HOUR)
    assert said([near]) == [("ops", [("b", "reminder"), ("c", "new")])]
    assert near.message.changed[0].step == 2
    assert near.message.since is not None
    assert near.message.counts is not None
    assert near.message.counts.standing == 2


def test_a_history_that_is_judged_anew_is_known_by_its_states(plan: Plan, tmp_path: Path) -> None:
    """Other numbers of revisions are no news."""
    sent(run(plan, tmp_path, warned("a", 5)), tmp_path)
    assert run(plan, tmp_path, warned("a", 1)) == []
    assert said(run(plan, tmp_path, warned("a", 2, "breached")))[0][1] == [("a", "breached")]


def test_more_groups_than_a_channel_takes_are_one_message(plan: Plan, tmp_path: Path) -> None:
    """Of which all are remembered."""
    values = [warned(n, shop_id=f"s-{n}") for n in range(5)]
    assert len(run(plan, tmp_path, *values)) == 10
    found = run(plan, tmp_path, *values, limit=4)
    assert [len(each.message.changed) for each in found] == [5, 5]
    assert found[0].message.group is None
    assert found[0].message.counts is not None
    assert found[0].message.counts.by_change == {"new": 5}
    sent(found, tmp_path)
    assert run(plan, tmp_path, *values) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("warnings", '{"warning_id": 1}\n', r"warnings:1: is no warning: \w+ \(\w+\)"),
        ("memory", "[]", "memory: is no memory of notifications"),
        ("memory", '{"version": 2}', "memory: is of version 2"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    """By its name and line."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(WrongFile, match=problem):
        read_warnings(path) if name == "warnings" else remembered(path)


def test_no_file_is_nothing_to_remember(tmp_path: Path) -> None:
    """The first run."""
    assert remembered(tmp_path / "none") == Remembered()
