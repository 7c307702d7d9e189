"""The words of warnings and of the check before an upload, in Chinese and in English.

What is general is in `catalogue.toml`, what a rule says beside it in `rules/NAME.toml`; a rule pack
may bring more (`register`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.texts.catalogue import NOTHING, WORDS, Entry, catalogue


def words(
    rule: str, state: str, values: Mapping[str, object], stage: str = "violation"
) -> dict[str, dict[str, str]]:
    """Message and remedy of a rule's warning at a stage and in a state.

    `values` fills the placeholders; None or missing is empty. `lane`, `detail` and `exposure` are
    words of the catalogue. A resolved warning with a `breached` time says that it was too late. A
    rule that the catalogue does not know has a generic text.
    """
    state = _state(state, values)
    known = catalogue()
    return _said(known.find(rule, stage, state), known.find("any", "", state), values, rule)


def foretold(
    rule: str, state: str, values: Mapping[str, object], stage: str = "violation"
) -> dict[str, dict[str, str]]:
    """As `words`, of a warning that an upload would bring or join: nothing of it is past.

    `at` is when the warning's episode begins. A rule of a pack that has no such text of its own is
    quoted.
    """
    state = _state(state, values)
    known = catalogue()
    entry = known.find_foretold(rule, stage, state)
    said = _said(entry, known.find_foretold("any", "", state), values, rule)
    if not known.foretells(rule) and known.tells(rule):
        own = words(rule, state, values, stage)["message"]
        message = said["message"]
        said["message"] = {
            "zh": f"{message['zh']}其预警内容：“{own['zh']}”",
            "en": f"{message['en']} Its words: “{own['en']}”",
        }
    return said


def sentence(key: str, values: Mapping[str, object]) -> dict[str, str]:
    """A single sentence of the catalogue, such as `check.malformed`. Raises KeyError."""
    text = catalogue().sentences[key]
    zh, en = _values(values, str(values.get("rule") or ""))
    return {"zh": text["zh"].fill(zh), "en": text["en"].fill(en)}


def advised(text: Mapping[str, str], advice: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The text, and a sentence for each piece of advice (code, value) that the catalogue knows."""
    said = dict(text)
    for code, value in advice:
        if f"advice.{code}" in catalogue().sentences:
            for language, more in sentence(f"advice.{code}", {"value": value}).items():
                said[language] += more if language == "zh" else f" {more}"
    return said


def hint(rule: str, state: str) -> dict[str, str] | None:
    """What to do about a rule's warning, in a few words; None where nothing is said."""
    about = catalogue().rules.get(rule)
    text = None if about is None else about.hints.get(state)
    return None if text is None else {language: text[language].fill(NOTHING) for language in text}


def register(texts: Mapping[str, Any]) -> None:
    """Add a rule pack's texts, a parsed file of the catalogue's form. Raises ValueError."""
    catalogue().add(texts)


def _state(state: str, values: Mapping[str, object]) -> str:
    """The state that a text is for: one that ended too late has its own."""
    return "late" if state == "resolved" and values.get("breached") else state


def _said(
    entry: Entry, generic: Entry, values: Mapping[str, object], rule: str
) -> dict[str, dict[str, str]]:
    """Message and remedy in both languages, filled in."""
    remedy = entry.remedy or generic.remedy or entry.message
    zh, en = _values(values, rule)
    return {
        "message": {"zh": entry.message["zh"].fill(zh), "en": entry.message["en"].fill(en)},
        "remedy": {"zh": remedy["zh"].fill(zh), "en": remedy["en"].fill(en)},
    }


def _values(values: Mapping[str, object], rule: str) -> tuple[dict[str, object], dict[str, object]]:
    """The values for Chinese and for English: none is empty, words are looked up."""
    zh = {**NOTHING, **{name: value for name, value in values.items() if value is not None}}
    zh["rule"] = rule
    en = zh.copy()
    for name in WORDS:
        if zh[name] != "":
            text = catalogue().words[name].get(str(zh[name]))
            zh[name], en[name] = (
                ("", "") if text is None else (text["zh"].fill(zh), text["en"].fill(en))
            )
    return zh, en


__all__ = ["advised", "foretold", "hint", "register", "sentence", "words"]
