"""The words of warnings and of the check before an upload, in Chinese and in English.

All texts are in one file, `catalogue.toml`; a rule pack may bring more (`register`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.texts.catalogue import NOTHING, WORDS, catalogue


def words(
    rule: str, state: str, values: Mapping[str, object], stage: str = "violation"
) -> dict[str, dict[str, str]]:
    """Message and remedy of a rule's warning at a stage and in a state.

    `values` fills the placeholders; None or missing is empty. `lane`, `detail` and `exposure` are
    words of the catalogue. A resolved warning with a `breached` time says that it was too late. A
    rule that the catalogue does not know has a generic text.
    """
    known = catalogue()
    if state == "resolved" and values.get("breached"):
        state = "late"
    entry = known.find(rule, stage, state)
    remedy = entry.remedy or known.find("any", "", state).remedy or entry.message
    zh, en = _values(values, rule)
    return {
        "message": {"zh": entry.message["zh"].fill(zh), "en": entry.message["en"].fill(en)},
        "remedy": {"zh": remedy["zh"].fill(zh), "en": remedy["en"].fill(en)},
    }


def sentence(key: str, values: Mapping[str, object]) -> dict[str, str]:
    """A single sentence of the catalogue, such as `check.malformed`. Raises KeyError."""
    text = catalogue().sentences[key]
    zh, en = _values(values, "")
    return {"zh": text["zh"].fill(zh), "en": text["en"].fill(en)}


def register(texts: Mapping[str, Any]) -> None:
    """Add a rule pack's texts, a parsed file of the catalogue's form. Raises ValueError."""
    catalogue().add(texts)


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


__all__ = ["register", "sentence", "words"]
