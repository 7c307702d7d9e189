"""The catalogue of texts: read from TOML, checked, and looked up by rule, stage and state."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from streams.texts.template import Template

LANGUAGES = ("zh", "en")
FORETOLD = "foretold"
"""The part of the section `check` with what warnings say before there is an upload."""
ADVICE = "advice"
"""The section with what else is worth knowing: a sentence that follows a remedy."""
STATES = ("open", "breached", "resolved", "late", "withdrawn")
STAGES = ("violation", "serious", "notice")
WORDS = ("lane", "detail", "exposure", "over")
"""Placeholders whose values are words to be looked up in the section of the same name; a word
may hold those before it."""

ABOUT = ("title", "when", "evidence", "hint")
"""What a rule's section may have besides its stages."""

PLACEHOLDERS = frozenset(
    ("carrier", "number", "orders", "count", "rule", "hours", "deadline", "breached", "resolved")
) | {*WORDS, "sum", "couriers", "at", "value"}
NOTHING: dict[str, object] = dict.fromkeys(PLACEHOLDERS, "")

RULES = Path(__file__).parents[1] / "rules"
"""Where each built-in rule has its texts, beside itself."""

Text = dict[str, Template]
"""Language → text."""


class Entry(NamedTuple):
    """What one state of a warning says, and what to do about it (None: the generic remedy)."""

    message: Text
    remedy: Text | None


class About(NamedTuple):
    """What is said of a rule besides its warnings: how it is called, when it warns and what proves
    it (both as the documents say it), and in a few words what to do, by state."""

    title: Text | None = None
    when: Mapping[str, str] = MappingProxyType({})
    evidence: str = ""
    hints: Mapping[str, Text] = MappingProxyType({})


@dataclass(slots=True)
class Catalogue:
    """Texts of rules, and words for what rules saw. `add` checks whatever comes in."""

    entries: dict[tuple[str, str, str], Entry] = field(default_factory=dict)
    """Rule, stage, state → its texts; the generic ones are rule `any`, stage empty."""
    foretold: dict[tuple[str, str, str], Entry] = field(default_factory=dict)
    """The same for a warning that an upload would bring or join."""
    words: dict[str, dict[str, Text]] = field(default_factory=lambda: {name: {} for name in WORDS})
    sentences: dict[str, Text] = field(default_factory=dict)
    rules: dict[str, About] = field(default_factory=dict)

    def add(self, texts: Mapping[str, Any]) -> None:
        """Take in a parsed catalogue file, over what is there. Raises ValueError with the place."""
        for name, section in texts.items():
            _table(section, name)
            if name in WORDS:
                for word, text in section.items():
                    self.words[name][word] = _text(text, f"{name}.{word}")
            elif name == ADVICE:
                for word, text in section.items():
                    self.sentences[f"{ADVICE}.{word}"] = _text(text, f"{ADVICE}.{word}")
            elif name == "check":
                for word, text in section.items():
                    if word == FORETOLD:
                        for rule, own in _table(text, f"check.{FORETOLD}").items():
                            place = f"check.{FORETOLD}.{rule}"
                            self._add_rule(self.foretold, place, rule, _table(own, place))
                        continue
                    message = _table(text, f"check.{word}").get("message")
                    self.sentences[f"check.{word}"] = _text(message, f"check.{word}.message")
            else:
                self._add_about(name, section)
                self._add_rule(self.entries, name, name, section)

    def _add_about(self, rule: str, section: Mapping[str, Any]) -> None:
        found = _about(rule, section)
        if found:
            self.rules[rule] = self.rules.get(rule, About())._replace(**found)

    def _add_rule(
        self,
        entries: dict[tuple[str, str, str], Entry],
        place: str,
        rule: str,
        section: Mapping[str, Any],
    ) -> None:
        if rule == "any":
            _add_states(entries, place, (rule, ""), section)
            return
        for stage, states in section.items():
            if stage in ABOUT:
                continue
            if stage not in STAGES:
                raise ValueError(f"{place}.{stage}: a stage is one of {', '.join(STAGES)}")
            where = f"{place}.{stage}"
            _add_states(entries, where, (rule, stage), _table(states, where))

    def find(self, rule: str, stage: str, state: str) -> Entry:
        """The texts of a warning: its own, else its rule's `violation`, else the generic ones."""
        return _find(self.entries, rule, stage, state)

    def find_foretold(self, rule: str, stage: str, state: str) -> Entry:
        """As `find`, of a warning that an upload would bring or join."""
        return _find(self.foretold, rule, stage, state)

    def tells(self, rule: str) -> bool:
        """Whether a rule has texts of its own."""
        return any(each[0] == rule for each in self.entries)

    def foretells(self, rule: str) -> bool:
        """Whether a rule has texts of its own for what an upload would bring."""
        return any(each[0] == rule for each in self.foretold)


def _find(
    entries: Mapping[tuple[str, str, str], Entry], rule: str, stage: str, state: str
) -> Entry:
    for key in (rule, stage, state), (rule, "violation", state), ("any", "", state):
        entry = entries.get(key)
        if entry is not None:
            return entry
    raise KeyError(state)


def _add_states(
    entries: dict[tuple[str, str, str], Entry],
    where: str,
    key: tuple[str, str],
    states: Mapping[str, Any],
) -> None:
    for state, entry in states.items():
        place = f"{where}.{state}"
        if state not in STATES:
            raise ValueError(f"{place}: a state is one of {', '.join(STATES)}")
        if not isinstance(entry, Mapping) or not entry.keys() <= {"message", "remedy"}:
            raise ValueError(f"{place}: it has a message, and may have a remedy")
        message = _text(entry.get("message"), f"{place}.message")
        remedy = _text(entry["remedy"], f"{place}.remedy") if "remedy" in entry else None
        entries[(*key, state)] = Entry(message, remedy)


@cache
def catalogue() -> Catalogue:
    """The texts in use: the built-in ones, and what rule packs added."""
    made = Catalogue()
    for path in (Path(__file__).with_name("catalogue.toml"), *sorted(RULES.glob("*.toml"))):
        made.add(tomllib.loads(path.read_text(encoding="utf-8")))
    return made


def _about(rule: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule's section says besides its stages."""
    found: dict[str, Any] = {}
    if "evidence" in section:
        found["evidence"] = section["evidence"]
        if not isinstance(section["evidence"], str) or not section["evidence"]:
            raise ValueError(f"{rule}.evidence: it is a text")
    if "when" in section:
        _text(section["when"], f"{rule}.when", ())
        found["when"] = section["when"]
    if "title" in section:
        found["title"] = _text(section["title"], f"{rule}.title", ())
    if "hint" in section:
        states = _table(section["hint"], f"{rule}.hint")
        for state in states:
            if state not in STATES:
                raise ValueError(f"{rule}.hint.{state}: a state is one of {', '.join(STATES)}")
        found["hints"] = {
            state: _text(text, f"{rule}.hint.{state}", ()) for state, text in states.items()
        }
    return found


def _table(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: it is a table")
    return value


def _text(text: Any, place: str, allowed: Collection[str] = PLACEHOLDERS) -> Text:
    if not isinstance(text, Mapping) or text.keys() != set(LANGUAGES):
        raise ValueError(f"{place}: it has a text in each of {', '.join(LANGUAGES)}")
    try:
        return {language: Template.parse(text[language], allowed) for language in LANGUAGES}
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
