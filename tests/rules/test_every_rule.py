"""Every rule has its file, its test and its chapter, all of one name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from streams.rules.fields import fields_of
from streams.rules.registry import RULES, SPECS
from streams.rules.spec import RuleSpec
from streams.texts.catalogue import catalogue

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_one_name_everywhere(rule: str) -> None:
    """Source, test and chapter of the documents."""
    assert (ROOT / "streams" / "rules" / f"{rule}.py").is_file()
    assert (ROOT / "tests" / "rules" / f"test_{rule}.py").is_file()
    assert f"\n## `{rule}`\n" in (ROOT / "docs" / "rules.md").read_text("utf-8")


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_rule_has_its_words_beside_it(spec: RuleSpec) -> None:
    """Title, what it is about, a hint, and all stages and states that it has; no other's."""
    said = tomllib.loads((ROOT / "streams" / "rules" / f"{spec.name}.toml").read_text("utf-8"))
    assert said.keys() - {"detail", "check"} == {spec.name}
    foretold = {name for name, _, _ in catalogue().foretold if name == spec.name}
    assert said.get("check", {}).keys() == ({"foretold"} if foretold else set())
    assert said.get("check", {}).get("foretold", {}).keys() == foretold
    assert bool(foretold) == ("parcel" in spec.subject), "what an upload of a number would bring"
    about = catalogue().rules[spec.name]
    assert about.title is not None
    assert about.when
    assert about.evidence
    clock = spec.kind == "clock"
    assert set(about.hints) == ({"open", "breached"} if clock else {"open"})
    states = {"open", "resolved", "withdrawn"} | ({"breached", "late"} if clock else set())
    told = {(stage, state) for name, stage, state in catalogue().entries if name == spec.name}
    assert told == {(stage, state) for stage in spec.stages for state in states}


def test_no_words_are_left_of_a_rule_that_is_gone() -> None:
    """Every file of words has its rule."""
    files = {path.stem for path in (ROOT / "streams" / "rules").glob("*.toml")}
    assert files == set(RULES) == set(catalogue().rules)


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
