"""Every rule has its file, its test and its chapter, all of one name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.rules.fields import fields_of
from streams.rules.registry import RULES, SPECS
from streams.rules.spec import RuleSpec
from streams.texts.catalogue import catalogue

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_one_name_everywhere(rule: str) -> None:
    """Source, test, chapter of the documents, and words for each state that it can have."""
    assert (ROOT / "streams" / "rules" / f"{rule}.py").is_file()
    assert (ROOT / "tests" / "rules" / f"test_{rule}.py").is_file()
    assert f"\n## `{rule}`\n" in (ROOT / "docs" / "rules.md").read_text("utf-8")
    told = {(stage, state) for name, stage, state in catalogue().entries if name == rule}
    assert {("violation", state) for state in ("open", "resolved", "withdrawn")} <= told


def test_no_rule_is_forgotten() -> None:
    """Each file that makes a rule is in the list of the registry."""
    files = (ROOT / "streams" / "rules").glob("*.py")
    made = {path.stem for path in files if re.search(r"^RULE = ", path.read_text(), re.MULTILINE)}
    assert made == set(RULES)


@pytest.mark.parametrize("rule", SPECS.values(), ids=list(SPECS))
def test_a_rule_has_one_name_and_typed_fields(rule: RuleSpec) -> None:
    """Its file, its class and its spec agree; the first of its stages is the violation."""
    assert rule.rule is not None
    assert rule.rule.__module__ == f"streams.rules.{rule.name}"
    assert rule.rule.name == rule.name
    assert rule.table is None
    assert {field.name for field in fields_of(rule.rule)} >= (
        {"violation"} if rule.kind == "clock" else {"severity", "rectify_within"}
    )
    assert rule.stages[0] == "violation"
