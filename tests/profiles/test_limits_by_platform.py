"""docs/rules.md has the limits by platform at a glance: copies of what the profiles say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams.profiles.registry import SPECS

ROOT = Path(__file__).resolve().parents[2]
TABLES = (
    ("douyin-2026-07-09", "tmall-2026-04-09", "brief-2023", "tiktok-us-2026"),
    (
        "taobao-2026-04-09",
        "tmall-global-bonded-2026-04-22",
        "tmall-global-direct-2026-04-22",
        "douyin-instant-2026-07-06",
        "generic-2026",
    ),
    ("tiktok-vn-2024-08-26", "tiktok-th-2025-06-18", "jd-hk-2026"),
    ("amazon-us-2026", "amazon-uk-2026", "ebay-us-2026", "walmart-us-2026", "etsy-2026"),
)
CELLS = [
    pytest.param(number, column, id=profile)
    for number, profiles in enumerate(TABLES)
    for column, profile in enumerate(profiles)
]


def table(number: int) -> dict[str, list[list[str]]]:
    """The rows of each rule, without their first cell; `the same` continues the rule before."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    chapter = text.partition("\n## Limits by platform\n")[2].partition("\n## ")[0]
    found: dict[str, list[list[str]]] = {}
    rule = ""
    for line in chapter.split("| rule |")[number + 1].splitlines():
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if name := re.match(r"`(\w+)`", first):
            rule = name[1]
        if cells and (name or first.startswith("the same")):
            found.setdefault(rule, []).append(cells)
    return found


def numbers(rule: Any) -> set[str]:
    """What a rule's table in a profile says in hours, minutes, times or records."""
    if not isinstance(rule, dict):
        return set()
    found = {
        str(value)
        for name, value in rule.items()
        if name.endswith(("_hours", "_minutes"))
        or name in ("times", "at_least_records", "promise_days")
    }
    return found.union(*(numbers(value) for value in rule.values()))


def test_every_rule_and_every_profile_is_in_the_table() -> None:
    """A new one of either is seen at a glance, too."""
    profiles = {path.stem for path in (ROOT / "streams" / "profiles").glob("*.toml")}
    assert {profile for columns in TABLES for profile in columns} == profiles
    for number, columns in enumerate(TABLES):
        assert list(table(number)) == list(SPECS)
        assert {len(cells) for rows in table(number).values() for cells in rows} == {len(columns)}


@pytest.mark.parametrize(("number", "column"), CELLS)
def test_the_table_has_the_numbers_of_the_profile(number: int, column: int) -> None:
    """All of them and no other; a rule without a table is off, unless it goes by promises."""
    profile = TABLES[number][column]
    path = ROOT / "streams" / "profiles" / f"{profile}.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    rules = data["rules"]
    for name, rows in table(number).items():
        cells = [cells[column] for cells in rows]
        assert (cells[0] == "off") == (name not in rules and not SPECS[name].always), name
        shown = {number for cell in cells for number in re.findall(r"\d+", cell)}
        wanted = numbers(rules.get(name))
        if name == "ship_overdue":  # its limit is the promise, and without one the profile's
            hours = data.get("default_promise_hours", "off")
            wanted |= {str(hours)} - {"off"} | numbers(data.get("business_days"))
        if "1440" in wanted:  # minutes of a day, shown as hours
            wanted = wanted - {"1440"} | {"24"}
        assert shown == wanted, name
