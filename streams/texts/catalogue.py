"""The catalogue of texts: read from TOML, checked, and looked up by rule, stage and state."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from streams.texts.template import Template

LANGUAGES = ("zh", "en")
STATES = ("open", "breached", "resolved", "late", "withdrawn")
STAGES = ("violation", "serious", "notice")
WORDS = ("lane", "detail", "exposure")
"""Placeholders whose values are words to be looked up in the section of the same name."""

PLACEHOLDERS = frozenset(
    ("carrier", "number", "orders", "count", "rule", "hours", "deadline", "breached", "resolved")
) | {*WORDS, "sum", "couriers", "at"}
NOTHING: dict[str, object] = dict.fromkeys(PLACEHOLDERS, "")

Text = dict[str, Template]
"""Language → text."""


class Entry(NamedTuple):
    """What one state of a warning says, and what to do about it (None: the generic remedy)."""

    message: Text
    remedy: Text | None


@dataclass(slots=True)
class Catalogue:
    """Texts of rules, and words for what rules saw. `add` checks whatever comes in."""

    entries: dict[tuple[str, str, str], Entry] = field(default_factory=dict)
    """Rule, stage, state → its texts; the generic ones are rule `any`, stage empty."""
    words: dict[str, dict[str, Text]] = field(default_factory=lambda: {name: {} for name in WORDS})
    sentences: dict[str, Text] = field(default_factory=dict)

    def add(self, texts: Mapping[str, Any]) -> None:
        """Take in a parsed catalogue file, over what is there. Raises ValueError with the place."""
        for name, section in texts.items():
            _table(section, name)
            if name in WORDS:
                for word, text in section.items():
                    self.words[name][word] = _text(text, f"{name}.{word}")
            elif name == "check":
                for word, text in section.items():
                    message = _table(text, f"check.{word}").get("message")
                    self.sentences[f"check.{word}"] = _text(message, f"check.{word}.message")
            elif name == "any":
                self._add_states(name, "", section)
            else:
                for stage, states in section.items():
                    if stage not in STAGES:
                        raise ValueError(f"{name}.{stage}: a stage is one of {', '.join(STAGES)}")
                    self._add_states(name, stage, _table(states, f"{name}.{stage}"))

    def _add_states(self, rule: str, stage: str, states: Mapping[str, Any]) -> None:
        for state, entry in states.items():
            place = ".".join(part for part in (rule, stage, state) if part)
            if state not in STATES:
                raise ValueError(f"{place}: a state is one of {', '.join(STATES)}")
            if not isinstance(entry, Mapping) or not entry.keys() <= {"message", "remedy"}:
                raise ValueError(f"{place}: it has a message, and may have a remedy")
            message = _text(entry.get("message"), f"{place}.message")
            remedy = _text(entry["remedy"], f"{place}.remedy") if "remedy" in entry else None
            self.entries[rule, stage, state] = Entry(message, remedy)

    def find(self, rule: str, stage: str, state: str) -> Entry:
        """The texts of a warning: its own, else its rule's `violation`, else the generic ones."""
        for key in (rule, stage, state), (rule, "violation", state), ("any", "", state):
            entry = self.entries.get(key)
            if entry is not None:
                return entry
        raise KeyError(state)


@cache
def catalogue() -> Catalogue:
    """The texts in use: the built-in ones, and what rule packs added."""
    made = Catalogue()
    path = Path(__file__).with_name("catalogue.toml")
    made.add(tomllib.loads(path.read_text(encoding="utf-8")))
    return made


def _table(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: it is a table")
    return value


def _text(text: Any, place: str) -> Text:
    if not isinstance(text, Mapping) or text.keys() != set(LANGUAGES):
        raise ValueError(f"{place}: it has a text in each of {', '.join(LANGUAGES)}")
    try:
        return {language: Template.parse(text[language], PLACEHOLDERS) for language in LANGUAGES}
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
