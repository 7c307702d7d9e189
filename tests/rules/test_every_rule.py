"""Every rule has its file, its test and its chapter, all of one name."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.rules import RULES
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
    """The list of rules is complete."""
    files = {path.stem for path in (ROOT / "streams" / "rules").glob("*.py")}
    assert files - {"__init__", "rule", "stages"} == set(RULES)
