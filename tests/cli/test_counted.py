"""Counts read right: 1 record, 2 records, in whatever a command prints."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from support.builders import HOUR, LATER, UPLOADED, order, picked_up, upload

from streams.demo import view
from streams.telemetry.counted import counted

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2] / "streams"

PLACES = ("cli", "demo", "evidence", "replay", "engine/kafka/topic_admin.py", "engine/worker")
"""Where what commands print is made."""

_PLURAL = re.compile(
    r" (?:[a-z]+ )?(?:bytes|days|fields|files|letters|lines|orders|parcels|partitions|profiles"
    r"|records|rules|shops|stretches|times|topics|warnings|workers)\b"
)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (counted(0, "record"), "0 records"),
        (counted(1, "record"), "1 record"),
        (counted(2, "record"), "2 records"),
        (counted(12_345, "record", ","), "12,345 records"),
        (counted(1.0, "day", "g"), "1 day"),
        (counted(0.5, "day", "g"), "0.5 days"),
        (counted(1, "stretch", plural="stretches"), "1 stretch"),
        (counted(2, "order changes", plural="orders change"), "2 orders change"),
    ],
)
def test_one_is_singular_and_all_else_plural(said: str, wanted: str) -> None:
    """Also none, a part of one, and a verb that goes with it."""
    assert said == wanted


def by_hand(source: str) -> Iterator[str]:
    """Each f-string in which a plural stands behind a value that may be one."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                name = value.value
                helped = isinstance(name, ast.Call) and getattr(name.func, "id", "") == "counted"
                after = str(text.value)
                if not helped and _PLURAL.match(after):
                    yield ast.unparse(name) + after


def test_no_plural_is_made_by_hand() -> None:
    """Every count goes through `counted`; what is left is no count, or one that is always many."""
    found = {
        f"{path.relative_to(ROOT)}: {text}"
        for place in PLACES
        for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
        for text in by_hand(path.read_text("utf-8"))
        if path.name != "make_history.py"  # no command: it writes the history that ships
    }
    assert {text.partition(";")[0] for text in found} == {
        "demo/broker.py: DEFAULT_PARTITIONS partitions: ",
        "demo/live.py: settings.bootstrap_servers has records already: nothing is played "
        "(--again plays all the same)",
        "engine/kafka/topic_admin.py: _text(policy) deletes records that others with the same key "
        "follow",
        "engine/worker/recovery.py: topic has partitions ",
    }
    assert list(by_hand("f'{n:,} bad lines, {counted(n, x)} records'")) == ["n bad lines, "]


def test_one_profile_and_one_rule(run: Run, tmp_path: Path) -> None:
    """`rules validate` of a single file."""
    text = run("rules", "show", "brief-2023", "--toml").stdout
    (tmp_path / "one.toml").write_text(text, "utf-8")
    assert run("rules", "validate", "one.toml").stdout == "1 profile, nothing wrong: brief-2023\n"


def test_one_bad_line_and_one_order(run: Run) -> None:
    """`replay`: of bad lines, and of the orders that a comparison is about."""
    Path("o.jsonl").write_text(json.dumps(order("1")) + "\n{\n")
    moves = [upload("1"), picked_up(UPLOADED + 50 * HOUR)]
    Path("t.jsonl").write_text("".join(json.dumps(move) + "\n" for move in moves))
    files = ("--orders", "o.jsonl", "--tracking", "t.jsonl", "--until", LATER.isoformat())
    result = run("replay", *files, "--diff", "brief-2023")
    assert "\n1 order changes: " in result.stdout
    assert "\n1 bad line, see dead-letters.jsonl\n" in result.stderr
    assert "o.jsonl: 2 lines, 1 order\n" in result.stderr


def test_one_dead_letter_in_the_demo() -> None:
    """Its last lines, where there is one of a thing."""
    assert view.dead_letters(Counter({"not_json": 1})) == "1 dead letter: not_json 1"
    exposure = {"kind": "compensation", "currency": "CNY", "least": 200, "most": 500}
    assert " in 1 warning, " in view.at_stake([{"exposure": exposure, "state": "open"}])
