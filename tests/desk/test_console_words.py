"""Every word of the console is there in both languages, and none that no page uses."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import get_args

from schemas.warning_action import ActionKind
from streams.desk.access.who import Role
from streams.desk.console.console import THEMES
from streams.desk.console.filters import TABS
from streams.desk.console.pages.centre import FACETS
from streams.desk.console.pages.exports import COLUMNS
from streams.desk.console.words import LANGUAGES, Says, preferred, table

CONSOLE = Path(__file__).parents[2] / "streams" / "desk" / "console"
SOURCES = "\n".join(
    path.read_text() for path in sorted([*CONSOLE.rglob("*.py"), *CONSOLE.rglob("*.html")])
)
CODES = ("platform_", "carrier_", "stage_", "line_")
"""Prefixes of what outside calls by a code: any may come."""

MADE = {
    *(f"tab_{tab}" for tab in TABS),
    *(f"empty_{tab}" for tab in TABS),
    *(f"dimension_{name}" for name in FACETS),
    *(f"column_{name}" for name in COLUMNS),
    *(f"role_{role.name}" for role in Role),
    *(f"theme_now_{theme}" for theme in THEMES),
    *(f"kind_{kind}" for kind in get_args(ActionKind)),
    *(f"did_{kind}" for kind in get_args(ActionKind) if kind != "lapse"),
}
"""Keys that pages put together."""


def placeholders(text: str) -> set[str]:
    """The names in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_each_key_is_there_in_both_languages() -> None:
    """With the same placeholders, and no text empty."""
    for key, texts in table().items():
        assert set(texts) == set(LANGUAGES), key
        assert all(text.strip() for text in texts.values()), key
        assert placeholders(texts["zh"]) == placeholders(texts["en"]) or key.endswith("_one"), key


def test_pages_use_no_word_that_there_is_not() -> None:
    """What they name, and what they put together."""
    named = set(re.findall(r"""\b(?:t|says)(?:\.count)?\(\s*f?["']([a-zA-Z_]+)["'][,)]""", SOURCES))
    assert len(named) > 150
    assert (named | MADE) - set(table()) == set()


def test_no_word_is_left_over() -> None:
    """A text that no page has goes."""
    quoted = set(re.findall(r"""["']([a-zA-Z_0-9]+)["']""", SOURCES))
    prefixes = set(re.findall(r"""["']([a-z_]+_)(?:["'] ~|\{)""", SOURCES))
    left = {
        key
        for key in table()
        if key not in quoted
        and key.removesuffix("_one") not in quoted
        and key not in MADE
        and not key.startswith((*CODES, *prefixes))
    }
    assert left == {"problem_403", "problem_404", "problem_422", "problem_503"}


def test_one_has_its_own_words_in_english() -> None:
    """And thousands their commas."""
    says = Says("en")
    assert says.count("comments", 1) == "1 comment"
    assert says.count("comments", 1_234) == "1,234 comments"
    assert Says("zh").count("comments", 1) == "1 条备注"


def test_a_browsers_language_is_heeded() -> None:
    """By weight; others and nonsense are passed over."""
    for accept, language in (
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, en;q=0.5, zh;q=0.7", "zh"),
        ("EN-us", "en"),
        ("de", "en"),
        ("", "en"),
        ("zh;q=x, en;q=0.1", "en"),
        ("zh;q=0", "en"),
    ):
        assert preferred(accept) == language, accept
