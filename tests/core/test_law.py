"""The law: the warnings that stand at T are a pure function of the facts received by T and of T."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from oracle import brute_force
from oracle.histories import History, random_history, shuffled
from support.replaying import COMPARED, RULES, replay, standing

EXAMPLE = Path(__file__).parents[1] / "data" / "example"
SEEDS = 500


def expected(history: History) -> list[dict[str, Any]]:
    """What the brute-force evaluation says, reduced to the compared fields."""
    found = brute_force.evaluate(history.orders, history.tracking, history.until, RULES)
    return [{name: warning[name] for name in COMPARED} for warning in found]


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_replay_equals_the_brute_force_evaluation(first: int) -> None:
    """Random histories, each as it came and shuffled with repeats: the same warnings, ids too."""
    judged = 0
    for seed in range(first, first + 25):
        history = random_history(seed)
        wanted = expected(history)
        newest, _ = replay(history.orders, history.tracking, history.until)
        assert standing(newest) == wanted, f"seed {seed}"
        other = shuffled(history, seed)
        newest, _ = replay(other.orders, other.tracking, other.until)
        assert standing(newest) == wanted, f"seed {seed}, shuffled"
        judged += len(wanted)
    assert judged > 100, "histories without warnings show nothing"


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLE / name).read_text("utf-8").splitlines()]


def test_the_example_history_gives_its_expected_warnings() -> None:
    """The published example, for the rules that exist, id by id and field by field."""
    until = datetime.fromisoformat((EXAMPLE / "until.txt").read_text().strip())
    newest, _ = replay(_lines("orders.jsonl"), _lines("tracking.jsonl"), until)
    wanted = {
        value["warning_id"]: value for value in _lines("expected.jsonl") if value["rule"] in RULES
    }
    assert len(wanted) == 500
    found = {value["warning_id"]: value for value in standing(newest)}
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert {name: found[key][name] for name in value} == value


@pytest.mark.parametrize("seed", range(40))
def test_revisions_rise_and_repeats_publish_nothing(seed: int) -> None:
    """Revisions of one warning rise, no two of them in a row say the same."""
    history = random_history(seed)
    _, log = replay(history.orders, history.tracking, history.until)
    last: dict[str, Any] = {}
    for revision in log:
        before = last.get(revision.warning_id)
        if before is not None:
            assert revision.revision > before.revision
            assert revision.finding != before.finding
        last[revision.warning_id] = revision
    assert last
