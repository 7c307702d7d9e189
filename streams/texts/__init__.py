"""The words of warnings in Chinese and English, from one catalogue file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The catalogue: rule → state → {message, remedy} → {zh, en}."""
    return tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))


def words(rule: str, state: str, values: dict[str, object]) -> dict[str, dict[str, str]]:
    """Message and remedy of a rule's warning in a state, with its placeholders filled in."""
    texts = catalogue()
    entry = texts.get(rule, {}).get(state) or texts["any"][state]
    return {
        part: {language: text.format_map(values) for language, text in entry[part].items()}
        for part in ("message", "remedy")
    }
