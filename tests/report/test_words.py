"""The words of the report: each in both languages, each used, none lacking."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from schemas.reasons import REASONS
from streams.facts.facts import STATUSES
from streams.report.wording import LANGUAGES, label, problem, same, step

ROOM = Path(__file__).resolve().parents[2] / "streams" / "report"
WORDS = tomllib.loads((ROOM / "words.toml").read_text(encoding="utf-8"))
SOURCES = "".join(path.read_text(encoding="utf-8") for path in ROOM.glob("*.py"))
#: Parts of names that the code puts together.
JOINED = re.compile(r"(risk|measure|line_over)_\w+")


@pytest.mark.parametrize("section", WORDS)
def test_both_languages_have_the_same_placeholders(section: str) -> None:
    """A text that lacks one would hide what the other says."""
    for name, said in WORDS[section].items():
        assert list(said) == list(LANGUAGES), name
        assert len({tuple(sorted(re.findall(r"{(\w+)}", said[one]))) for one in said}) == 1, name


def test_every_label_is_used() -> None:
    """By its whole name, or by one that is put together."""
    unused = [
        name
        for name in WORDS["labels"]
        if f'"{name}"' not in SOURCES and f"'{name}'" not in SOURCES and not JOINED.fullmatch(name)
    ]
    assert unused == []


def test_every_reason_and_status_has_a_word() -> None:
    """And what nobody knows stays as it is."""
    assert [name for name in REASONS if name not in WORDS["problems"]] == []
    assert [name for name in STATUSES if step(name) == same(name)] == []
    assert problem("new_reason") == same("new_reason")


def test_values_are_said_in_their_language() -> None:
    """A value that is itself said in languages."""
    assert label("left", length=label("minutes", minutes=3)) == {
        "zh": "还剩 3 分",
        "en": "3 min left",
    }
