"""The console's words in one language; `words.toml` has them all in both."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = ("zh", "en")


@cache
def table() -> dict[str, dict[str, str]]:
    """Key → language → text."""
    path = files("streams.desk.console").joinpath("words.toml")
    words: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))["words"]
    return words


class Says:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The text with its placeholders filled in. Raises KeyError for a key that there is not."""
        return table()[key][self.language].format(**values)

    def count(self, key: str, n: int, **values: object) -> str:
        """The text for a number; English has its own for one (`KEY_one`)."""
        if n == 1 and f"{key}_one" in table():
            key = f"{key}_one"
        return self(key, n=f"{n:,}", **values)

    def known(self, prefix: str, code: str) -> str:
        """What a code is called (`PREFIX_CODE`); one that nobody knows stays as it is."""
        text = table().get(f"{prefix}_{code}")
        return code if text is None else text[self.language]


def preferred(accept: str) -> str:
    """The language that a browser asks for first (Accept-Language); English where it says neither.

    Weights are heeded, other languages passed over.
    """
    best, found = 0.0, "en"
    for part in accept.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language not in LANGUAGES:
            continue
        weight = 1.0
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
        if weight > best:
            best, found = weight, language
    return found
