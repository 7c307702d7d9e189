"""The words of the page, in one language or in both."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from streams.texts import sentence
from streams.texts.catalogue import NOTHING, catalogue

LANGUAGES = ("zh", "en")


class Wording:
    """Words in the languages asked for; several stand beside each other."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)

    def label(self, name: str, **values: object) -> str:
        """A label of the page with its placeholders filled in."""
        text = _words()["labels"][name]
        return " / ".join(text[language].format(**values) for language in self.languages)

    def word(self, section: str, name: object) -> str:
        """What a state, a status … is called; one that nobody knows stays as it is."""
        text = _words()[section].get(str(name))
        return str(name) if text is None else " / ".join(text[one] for one in self.languages)

    def title(self, rule: object) -> str:
        """What a rule is called; one without a title stays as it is."""
        about = catalogue().rules.get(str(rule))
        if about is None or about.title is None:
            return str(rule)
        return " / ".join(about.title[one].fill(NOTHING) for one in self.languages)

    def seen(self, section: str, name: object) -> str:
        """A lane, or what a check saw, as warnings call it."""
        text = catalogue().words[section].get(str(name))
        if text is None:
            return str(name)
        return " / ".join(str(text[one].fill(NOTHING)) for one in self.languages)

    def advice(self, each: Mapping[str, Any]) -> list[str]:
        """Advice as the remedy says it, in each language; one that nobody knows as it is."""
        code, value = each["code"], each["value"]
        if f"advice.{code}" not in catalogue().sentences:
            return [f"{code} {value or ''}".strip()]
        return self.texts(sentence(f"advice.{code}", {"value": value}))

    def texts(self, given: Mapping[str, Any] | None) -> list[str]:
        """A text that came in both languages: one paragraph for each that is asked for."""
        return [str(given[one]) for one in self.languages if given and given.get(one)]


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    path = files("streams.texts").joinpath("words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
