"""The words of the report in the languages asked for, and values spelled in each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from streams.facts.times import DAY, HOUR, MINUTE, to_datetime
from streams.texts.wording import LANGUAGES, Wording

Said = Mapping[str, str]
"""One text in each language."""

_BEIJING = 8 * HOUR
_ONE = {language: Wording((language,)) for language in LANGUAGES}


def label(name: str, **values: object) -> Said:
    """A label with its placeholders filled in; a value that is itself said in languages is put
    into each of them in its own."""
    return {
        language: text.format(**{key: _in(value, language) for key, value in values.items()})
        for language, text in _words()["labels"][name].items()
    }


def word(section: str, name: str) -> Said:
    """What a state or a severity is called; one that nobody knows stays as it is."""
    return each(lambda wording: wording.word(section, name))


def problem(code: str) -> Said:
    """What a kind of problem is called; one that nobody knows stays as it is."""
    return _words()["problems"].get(code) or same(code)


def step(name: str) -> Said:
    """What a step of a story is called."""
    return _words()["steps"].get(name) or each(lambda wording: wording.word("statuses", name))


def title(rule: str) -> Said:
    """What a rule is called."""
    return each(lambda wording: wording.title(rule))


def lane(name: str) -> Said:
    """What a lane is called."""
    if name in ("", "not_judged"):
        return label("not_judged" if name else "all_lanes")
    return each(lambda wording: wording.seen("lane", name))


def each(of: Callable[[Wording], str]) -> Said:
    """What one wording says, in every language."""
    return {language: of(wording) for language, wording in _ONE.items()}


def same(text: object) -> Said:
    """What reads the same in every language."""
    return dict.fromkeys(LANGUAGES, str(text))


def length(us: int) -> Said:
    """A length of time as people say it, to the hour from two days on, else to the minute."""
    us = abs(us)
    if us >= 2 * DAY:
        return label("days_hours", days=us // DAY, hours=us % DAY // HOUR)
    if us >= HOUR:
        return label("hours_minutes", hours=us // HOUR, minutes=us % HOUR // MINUTE)
    return label("minutes", minutes=us // MINUTE)


def time_of(us: int) -> str:
    """A time in Beijing, to the minute."""
    return to_datetime(us + _BEIJING).strftime("%Y-%m-%d %H:%M")


def share(part: int, whole: int) -> str:
    """A share in percent with one decimal, rounded down; a dash where there is no whole."""
    return "–" if whole <= 0 else percent(part * 10_000 // whole)


def percent(basis_points: int | None) -> str:
    """Basis points as percent with one decimal."""
    if basis_points is None:
        return "–"
    whole, rest = divmod(basis_points // 10, 10)
    return f"{whole}.{rest} %"


def joined(said: Said, languages: Sequence[str]) -> str:
    """A text in several languages beside each other, once where they agree."""
    return " / ".join(dict.fromkeys(said[language] for language in languages))


def _in(value: object, language: str) -> object:
    return value[language] if isinstance(value, Mapping) else value


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    path = files("streams.report").joinpath("words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
