"""Writes the calendars of `streams/profiles/calendars`, which no library is asked for afterwards.

    pip install holidays chinesecalendar
    PYTHONPATH=. python -m scripts.calendars 2026-11-30 [NAME ...]

In an environment of their own: the project needs neither library. The day is that of the reading,
which the files say. Read the differences: a year that a release had is judged by for good.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date, timedelta
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parents[2] / "streams" / "profiles" / "calendars"


class Country(NamedTuple):
    """What a file is made of: `code` as the library has it, the years that hold, days left out.

    A year is left out whose days depend on a notice that is not there yet.
    """

    title: str
    code: str
    years: tuple[int, ...]
    subdivision: str | None = None
    without: tuple[str, ...] = ()


COUNTRIES = {
    "cn": Country(
        "China, as the State Council sets them, with the days worked for them", "", (2026,)
    ),
    "gb-eng": Country("England's bank holidays", "GB", (2026, 2027, 2028), "ENG"),
    "th": Country("Thailand", "TH", (2026, 2027), without=("National Children's Day",)),
    "us-federal": Country("United States, federal", "US", (2026, 2027, 2028)),
    "vn": Country("Viet Nam", "VN", (2026, 2027)),
}


class Made(NamedTuple):
    """A file's days by year, the library they are of, and where that is."""

    library: str
    source_url: str
    years: dict[int, tuple[list[date], list[date]]]


def made(country: Country) -> Made:
    """The days of a country's years: off, and worked to make up for them."""
    if not country.code:
        return _china(country.years)
    library = import_module("holidays")
    years = {}
    for year in country.years:
        known: Any = library.country_holidays(
            country.code, subdiv=country.subdivision, years=year, language="en_US"
        )
        off = [day for day, name in known.items() if name not in country.without]
        years[year] = sorted(off), list[date]()
    return Made(f"holidays {version('holidays')}", "https://github.com/vacanza/holidays", years)


def _china(wanted: Iterable[int]) -> Made:
    library = import_module("chinese_calendar")
    years = {}
    for year in wanted:
        day = date(year, 1, 1)
        off, worked = list[date](), list[date]()
        while day.year == year:
            weekend = day.weekday() > 4
            if library.is_holiday(day) and (not weekend or day in library.constants.holidays):
                off.append(day)
            elif weekend and library.is_workday(day):
                worked.append(day)
            day += timedelta(days=1)
        years[year] = off, worked
    name = f"chinesecalendar {version('chinesecalendar')}"
    return Made(name, "https://github.com/LKI/chinese-calendar", years)


def written(country: Country, found: Made, read_on: date) -> str:
    """The file."""
    lines = [
        f"# Public holidays: {country.title}. Written by scripts/calendars: do not edit.",
        f'made_with = "{found.library}"',
        f'source_url = "{found.source_url}"',
        f"read_on = {read_on}",
    ]
    for year, (off, worked) in sorted(found.years.items()):
        lines += ["", f"[years.{year}]", *_days("holidays", off)]
        if worked:
            lines += _days("working_days", worked)
    return "\n".join(lines) + "\n"


def _days(name: str, days: list[date]) -> list[str]:
    rows = [days[start : start + 7] for start in range(0, len(days), 7)]
    return [f"{name} = [", *(f"  {', '.join(map(str, row))}," for row in rows), "]"]


def main(read_on: date, names: Iterable[str]) -> None:
    """Write the files of these names, or all."""
    for name in names or COUNTRIES:
        country = COUNTRIES[name]
        path = FOLDER / f"{name}.toml"
        path.write_text(written(country, made(country), read_on), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]), sys.argv[2:])
