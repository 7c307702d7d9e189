"""Every code of every edition of GB/T 2260, and the city of today that it belongs to."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MUNICIPALITIES = ("11", "12", "31", "50")
SPECIAL = ("71", "81", "82", "83")
"""Taiwan (whose cities one source numbers under 83), Hong Kong and Macau: no codes below them."""

_GENERIC = re.compile(r"市辖区|市|县|.*直辖.*(单位|区划)")
"""Rows of the statistics' editions that stand for a group of counties."""
_KIND = re.compile(r"(自治州|自治县|自治旗|地区|林区|矿区|特区|市|县|区|旗|盟)$")
_PEOPLES = re.compile(
    "(土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|朝鲜族|蒙古族"
    "|蒙古|柯尔克孜|哈萨克族|哈萨克|黎族|瑶族|满族|土族|撒拉族|畲族|仡佬族|水族|拉祜族|佤族|布朗族"
    "|纳西族|毛南族|仫佬族|各族|独龙族|怒族|普米族|达斡尔族|裕固族|东乡族|保安族)+$"
)


@dataclass
class Row:
    """One use of a code: its name, its years, and what took over."""

    code: str
    name: str
    first: int
    """The year of the first edition that has it so."""
    end: int | None
    """The year of the first edition that no longer has it so; None: in use."""
    successors: list[str]

    def overlaps(self, other: Row) -> bool:
        """Whether any edition has both."""
        return self.first < (other.end or 9999) and other.first < (self.end or 9999)


def stem(name: str) -> str:
    """Return a name without its kind and its peoples: 恩施 of 恩施土家族苗族自治州."""
    short = _KIND.sub("", name)
    if len(short) < 2:
        return name
    bare = _PEOPLES.sub("", short)
    return bare if len(bare) >= 2 else short


class Editions:
    """All uses of all codes, from three sources below one folder (`scripts/places/__main__.py`)."""

    def __init__(self, sources: Path) -> None:
        self.uses = _areacodes(sources / "areacodes" / "result.csv")
        self._newest(sources / "data_location")
        lists = sources / "GB2260"
        self._variants([*lists.glob("mca/*.tsv"), *lists.glob("stats/*.tsv")])

    def newest(self) -> dict[str, Row]:
        """Every code in its newest use: a code that meant two places means the later one."""
        return {code: uses[-1] for code, uses in sorted(self.uses.items())}

    def in_use(self) -> dict[str, str]:
        """Codes of today → names."""
        return {code: row.name for code, row in self.newest().items() if row.end is None}

    def cities(self, by_hand: dict[str, str]) -> dict[str, str]:
        """Return the city of today of every code; two digits: none took over, or not one.

        Errors: `ValueError` names the codes that neither `by_hand` nor their successors decide.
        """
        rows = {c: row for c, row in self.newest().items() if not c.endswith("0000")}
        counties = {c: self.city(row) for c, row in rows.items() if not c.endswith("00")}
        found = {code: city for code, city in counties.items() if city} | by_hand
        for code, row in rows.items():
            if code.endswith("00") and (city := self._prefecture(row, found)):
                found.setdefault(code, city)
        for code, row in rows.items():
            if not row.successors and code[:4] + "00" in found:
                found.setdefault(code, found[code[:4] + "00"])
        undecided = [f"{code} {row.name}" for code, row in rows.items() if code not in found]
        if undecided:
            raise ValueError(f"no city of today, and no row by hand: {', '.join(undecided)}")
        return dict(sorted(found.items()))

    def city(self, row: Row, seen: tuple[Row, ...] = ()) -> str:
        """Return the city of today that its successors lead to; empty: several, or none."""
        if row.code[:2] in MUNICIPALITIES:
            return row.code[:2] + "01"
        if row.end is None:
            return row.code[:4]
        # A prefecture has none while its counties have them: the code's next use took over.
        heirs = [self._use(code, row.end) for code in row.successors or [row.code]]
        heirs = [heir for heir in heirs if heir not in (*seen, row)]
        same = [heir for heir in heirs if stem(heir.name) == stem(row.name)]
        cities = {self.city(heir, (*seen, row)) for heir in same or heirs}
        return cities.pop() if len(cities) == 1 else ""

    def home(self, row: Row) -> str:
        """Return the one city of today of all that it had; empty: several, or none."""
        counties = {
            self.city(use)
            for code, uses in self.uses.items()
            if row.code.endswith("00") and code[:4] == row.code[:4] and code != row.code
            for use in uses
            if use.overlaps(row)
        }
        return counties.pop() if len(counties) == 1 else self.city(row)

    def _use(self, code: str, year: int) -> Row:
        """Return what a code meant in an edition, or first meant later."""
        later = [row for row in self.uses[code] if row.end is None or row.end > year]
        return later[0] if later else self.uses[code][-1]

    def _prefecture(self, row: Row, found: dict[str, str]) -> str:
        if row.end is None or row.code[:2] in MUNICIPALITIES:
            return self.city(row)
        named = {
            code[:4]
            for code, name in self.in_use().items()
            if code.endswith("00") and code[:2] == row.code[:2] and stem(name) == stem(row.name)
        }
        counties = {
            found[other]
            for other, uses in self.uses.items()
            if other[:4] == row.code[:4] and other in found and uses[-1].overlaps(row)
        }
        for cities in (named, counties):
            if len(cities) == 1:
                return cities.pop()
        return ""

    def _newest(self, folder: Path) -> None:
        """Add the newest list: what is new there, and what it no longer has."""
        today = json.loads((folder / "list.json").read_text("utf-8"))
        dated = re.search(r"\d{4}", (folder / "version.js").read_text("utf-8"))
        if dated is None:
            raise ValueError(f"{folder / 'version.js'} names no year")
        year = int(dated[0])
        before = self.in_use()
        for code, name in today.items():
            if code not in before and code[:2] not in SPECIAL:
                self.uses.setdefault(code, []).append(Row(code, name, year, None, []))
        for code in before:
            if code not in today and code[:2] not in SPECIAL:
                self.uses[code][-1].end = year

    def _variants(self, files: Iterable[Path]) -> None:
        """Add codes that only the ministry's or the statistics' own lists have had.

        They are counties that the standard numbered otherwise (most in the lists of 1980 to 1994),
        whose name in the standard then takes over, and zones, which their first four digits place.
        """
        found: dict[str, dict[int, set[str]]] = {}
        for file in files:
            for line in file.read_text("utf-8").splitlines()[1:]:
                _, revision, code, name = (part.strip() for part in line.split("\t"))
                if code not in self.uses:
                    found.setdefault(code, {}).setdefault(int(revision[:4]), set()).add(name)
        variants = []
        for code, years in sorted(found.items()):
            names, year = sorted(years[max(years)]), max(years)
            twins = [twin for name in names for twin in self._named(code, name, year)]
            heirs = [heir for twin in twins for heir in (twin.successors or [twin.code])]
            end = max((twin.end or 0 for twin in twins), default=0) or year + 1
            prefecture = self.uses.get(code[:4] + "00", [])
            if heirs or not any(row.end is None or row.end > year for row in prefecture):
                variants.append(Row(code, "、".join(names), min(years), end, heirs))
        for row in variants:
            if not _GENERIC.fullmatch(row.name):
                self.uses[row.code] = [row]

    def _named(self, code: str, name: str, year: int) -> list[Row]:
        """Return the use of the same name in the same province (a district's: prefecture)."""
        where = code[: 4 if name.endswith("区") else 2]
        same = [
            row
            for other, uses in self.uses.items()
            for row in uses
            if other.startswith(where)
            and stem(row.name) == stem(name)
            and other.endswith("00") == code.endswith("00")
            and (row.end is None or row.end > year)
        ]
        return sorted(same, key=lambda row: (row.first, row.code))[:1]


def _areacodes(file: Path) -> dict[str, list[Row]]:
    uses: dict[str, list[Row]] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for line in csv.DictReader(lines):
            end = line["变更/弃用时间"]
            # A successor with a year of its own took a part of it, earlier.
            heirs = [heir for heir in line["新代码"].split(";") if heir and "[" not in heir]
            row = Row(
                line["代码"], line["名称"], int(line["启用时间"]), int(end or 0) or None, heirs
            )
            uses.setdefault(row.code, []).append(row)
    for rows in uses.values():
        rows.sort(key=lambda row: row.first)
    return uses
