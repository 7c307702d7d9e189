"""How the data are made: `scripts/places`, on small sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.places.editions import Editions, stem

HEAD = "代码,一级行政区,二级行政区,名称,级别,状态,启用时间,变更/弃用时间,新代码"


def editions(folder: Path, rows: list[str], today: dict[str, str], **lists: str) -> Editions:
    """Editions of a standard of these rows, of a newest list, of lists named by year."""
    (folder / "areacodes").mkdir()
    (folder / "data_location").mkdir()
    (folder / "GB2260" / "mca").mkdir(parents=True)
    (folder / "areacodes" / "result.csv").write_text("\n".join([HEAD, *rows]), encoding="utf-8-sig")
    newest = folder / "data_location"
    (newest / "list.json").write_text(json.dumps(today), encoding="utf-8")
    (newest / "version.js").write_text("document.write('2026年4月');", encoding="utf-8")
    for revision, line in lists.items():
        file = folder / "GB2260" / "mca" / f"{revision}.tsv"
        file.write_text(f"Source\tRevision\tCode\tName\n{line}\n", encoding="utf-8")
    return Editions(folder)


def row(code: str, name: str, first: int, end: int | str = "", new: str = "") -> str:
    """One line of the standard's history."""
    return f"{code},某省,某市,{name},县级,弃用,{first},{end},{new}"


TODAY = {"510000": "四川省", "510100": "成都市", "512000": "资阳市", "510185": "简阳市"}
ROWS = [
    row("510000", "四川省", 1981),
    row("510100", "成都市", 1981),
    row("510185", "简阳市", 2016),
    row("512000", "资阳市", 2000),
    row("512081", "简阳市", 2000, 2016, "510185"),
    row("513902", "简阳市", 1998, 2000, "512081"),
]


def test_a_county_is_followed_to_the_city_of_today(tmp_path: Path) -> None:
    """Through every edition in between."""
    cities = editions(tmp_path, ROWS, TODAY).cities({})
    assert cities["513902"] == cities["512081"] == cities["510185"] == "5101"


def test_of_several_successors_the_one_of_its_name_counts(tmp_path: Path) -> None:
    """And a part that went elsewhere in an earlier year never does."""
    rows = [
        *ROWS,
        row("512021", "乙县", 2000, 2010, "510185;512022"),
        row("512022", "乙县", 2010),
        row("512023", "丙县", 2000, 2010, "512022[2005];510185"),
    ]
    cities = editions(tmp_path, rows, TODAY | {"512022": "乙县"}).cities({})
    assert cities["512021"] == "5120"
    assert cities["512023"] == "5101"


def test_what_nobody_decides_is_asked_for(tmp_path: Path) -> None:
    """Two successors in two cities, neither of its name: a row by hand, or no data."""
    rows = [*ROWS, row("512021", "乙县", 2000, 2016, "510185;512022"), row("512022", "丁县", 2016)]
    made = editions(tmp_path, rows, TODAY | {"512022": "丁县"})
    with pytest.raises(ValueError, match="512021 乙县"):
        made.cities({})
    assert made.cities({"512021": "51"})["512021"] == "51"


def test_a_code_used_twice_is_its_later_place(tmp_path: Path) -> None:
    """And who was led there by the earlier use is led on."""
    rows = [
        *ROWS,
        row("512021", "甲县", 1981, 1990, "512022"),
        row("512022", "甲县", 1990, 1995, "510185"),
        row("512022", "戊县", 1998),
    ]
    cities = editions(tmp_path, rows, TODAY | {"512022": "戊县"}).cities({})
    assert cities["512021"] == "5101"
    assert cities["512022"] == "5120"


def test_a_number_of_other_lists_is_the_county_of_its_name(tmp_path: Path) -> None:
    """The ministry's list of 1994 numbered cities under the province."""
    made = editions(tmp_path, ROWS, TODAY, **{"199812": "mca\t199812\t519011\t简阳市"})
    assert made.cities({})["519011"] == "5101"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("深圳市", "深圳"),
        ("恩施土家族苗族自治州", "恩施"),
        ("巴音郭楞蒙古自治州", "巴音郭楞"),
        ("锡林郭勒盟", "锡林郭勒"),
        ("神农架林区", "神农架"),
        ("沙市市", "沙市"),
        ("芒市", "芒市"),
    ],
)
def test_stems(name: str, short: str) -> None:
    """A name without its kind and its peoples, never of one character."""
    assert stem(name) == short
