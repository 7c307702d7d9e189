"""Public holidays, frozen in dated files: what a day is never changes with a library.

`python -m scripts.calendars` writes the files of `calendars/` from libraries that know the holidays
of countries; nothing of them is asked when something is judged.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_FOLDER = files("streams.profiles").joinpath("calendars")


class Calendar(NamedTuple):
    """A country's days off, and the days that are worked to make up for some: all of its years.

    `first` and `last` are the first and the last day of what the file knows.
    """

    holidays: frozenset[date]
    working_days: frozenset[date]
    first: date
    last: date
    source_url: str
    read_on: date


@cache
def names() -> tuple[str, ...]:
    """The calendars that there are."""
    return tuple(sorted(each.name.removesuffix(".toml") for each in _FOLDER.iterdir()))


@cache
def calendar(name: str) -> Calendar:
    """The calendar of this name; raises KeyError where there is none."""
    if name not in names():
        raise KeyError(name)
    data = tomllib.loads(_FOLDER.joinpath(f"{name}.toml").read_text("utf-8"))
    years = {int(year): days for year, days in data["years"].items()}
    return Calendar(
        frozenset(day for days in years.values() for day in days["holidays"]),
        frozenset(day for days in years.values() for day in days.get("working_days", ())),
        date(min(years), 1, 1),
        date(max(years), 12, 31),
        data["source_url"],
        data["read_on"],
    )
