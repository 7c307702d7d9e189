"""docs/rules.md has the limits by platform at a glance: copies of what the profiles say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams.profiles.registry import SPECS

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "douyin-2026-07-09",
    "douyin-instant-2026-07-06",
    "tmall-2026-04-09",
    "taobao-2026-04-09",
    "brief-2023",
    "tmall-global-bonded-2026-04-22",
    "tmall-global-direct-2026-04-22",
    "tiktok-us-2026",
    "generic-2026",
)
"""The profiles in the order of the columns, the second table's behind the first's."""


def table() -> dict[str, list[list[str]]]:
    """The rows of each rule, without their first cell, those of one name in both tables as one;
    `the same` continues the rule before."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    chapter = text.partition("\n## Limits by platform\n")[2].partition("\n## ")[0]
    rows: dict[tuple[str, str], list[str]] = {}
    rule = ""
    for line in chapter.splitlines():
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if name := re.match(r"`(\w+)`", first):
            rule = name[1]
        if cells and (name or first.startswith("the same")):
            rows.setdefault((rule, "" if name and "," not in first else first), []).extend(cells)
    found: dict[str, list[list[str]]] = {}
    for (rule, _), cells in rows.items():
        found.setdefault(rule, []).append(cells)
    return found


def numbers(rule: Any) -> set[str]:
    """What a rule's table in a profile says in hours, minutes, times or records."""
    if not isinstance(rule, dict):
        return set()
    found = {
        str(value)
        for name, value in rule.items()
        if name.endswith(("_hours", "_minutes")) or name in ("times", "at_least_records")
    }
    return found.union(*(numbers(value) for value in rule.values()))


def test_every_rule_and_every_profile_is_in_the_table() -> None:
    """A new one of either is seen at a glance, too."""
    profiles = {path.stem for path in (ROOT / "streams" / "profiles").glob("*.toml")}
    assert set(COLUMNS) == profiles
    assert list(table()) == list(SPECS)
    assert {len(cells) for rows in table().values() for cells in rows} == {len(COLUMNS)}


@pytest.mark.parametrize("profile", COLUMNS)
def test_the_table_has_the_numbers_of_the_profile(profile: str) -> None:
    """All of them and no other; a rule without a table is off."""
    path = ROOT / "streams" / "profiles" / f"{profile}.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    rules = data["rules"]
    column = COLUMNS.index(profile)
    for name, rows in table().items():
        cells = [cells[column] for cells in rows]
        without = "promise alone" if name == "delivery_overdue" else "off"
        assert (cells[0] == without) == (name not in rules), name
        shown = {number for cell in cells for number in re.findall(r"\d+", cell)}
        wanted = numbers(rules.get(name))
        if name == "ship_overdue":  # its limit is the promise, and without one the profile's
            days = data.get("business_days", {}).get("promise_days")
            promise = data.get("default_promise_hours", days)
            wanted = wanted | ({str(promise)} - {"off"})
        if "1440" in wanted:  # minutes of a day, shown as hours
            wanted = wanted - {"1440"} | {"24"}
        assert shown == wanted, name
