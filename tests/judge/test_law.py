"""The law: the warnings that stand at T are a pure function of the facts received by T and of T."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from oracle import brute_force
from oracle.histories import History, random_history, shuffled
from support.replaying import COMPARED, RULES, replay, standing

from streams.profiles.loader import load

EXAMPLE = Path(__file__).parents[1] / "data" / "example"
SEEDS = 500


PLATFORMS = ("douyin", "tmall", "brief")


@cache
def case(seed: int) -> tuple[History, list[dict[str, Any]]]:
    """A history, and what the brute-force evaluation says of it, reduced to the compared fields."""
    history = random_history(seed)
    found = brute_force.evaluate(history.orders, history.tracking, history.until, RULES)
    return history, [{name: warning[name] for name in COMPARED} for warning in found]


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_replay_equals_the_brute_force_evaluation(first: int) -> None:
    """Random histories, each as it came and shuffled with repeats: the same warnings, ids too."""
    judged = 0
    for seed in range(first, first + 25):
        history, wanted = case(seed)
        newest, _ = replay(history.orders, history.tracking, history.until)
        assert standing(newest) == wanted, f"seed {seed}"
        other = shuffled(history, seed)
        newest, _ = replay(other.orders, other.tracking, other.until)
        assert standing(newest) == wanted, f"seed {seed}, shuffled"
        judged += len(wanted)
    assert judged > 100, "histories without warnings show nothing"


def test_the_histories_show_every_rule() -> None:
    """Each rule of each platform, at each stage, comes to each state that it can have."""
    seen = {
        (warning["platform"], warning["rule"], warning["stage"], warning["state"])
        for seed in range(SEEDS)
        for warning in case(seed)[1]
    }
    assert {rule for _, rule, _, _ in seen} == RULES
    for profile in load().all:
        if profile.platform not in PLATFORMS:
            continue
        for rule in (*profile.order_rules, *profile.parcel_rules, *profile.link_rules):
            states = {"open", "resolved"}
            stages = {"violation"}
            if hasattr(rule, "violation"):
                states.add("breached")
            if getattr(rule, "serious", None) is not None:
                stages.add("serious")
            for stage, state in product(stages, states):
                assert (profile.platform, rule.name, stage, state) in seen


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLE / name).read_text("utf-8").splitlines()]


def test_the_example_history_gives_its_expected_warnings() -> None:
    """The published example, every rule, id by id and field by field."""
    until = datetime.fromisoformat((EXAMPLE / "until.txt").read_text().strip())
    newest, _ = replay(_lines("orders.jsonl"), _lines("tracking.jsonl"), until)
    wanted = {value["warning_id"]: value for value in _lines("expected.jsonl")}
    assert len(wanted) == 650
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
