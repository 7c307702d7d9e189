"""Every row of the data files, in fields as people write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.reference.places import find, official_name
from streams.reference.places.table import rows

NAMES = [(code, kind, names.split(", ")) for code, kind, names in rows("names.tsv")]
CITIES = [row for row in NAMES if len(row[0]) == 4]
PROVINCES = {code: names[0] for code, kind, names in NAMES if kind == "name" and len(code) == 2}
TRADITIONAL = [
    line.split("\t")
    for line in (Path(__file__).parent / "traditional.tsv").read_text("utf-8").splitlines()[1:]
]
CHINESE = {"name", "former", "short", "short_here", "county", "group"}
ALONE = {"name", "former", "county", "short", "latin"}


def written(kind: str, name: str) -> Iterator[str]:
    """A name as people write it: blanks, capitals, signs, and the kind of place behind it."""
    yield name
    yield f" {name[:1]}\u3000{name[1:]}\u200b"
    if kind in ("short", "short_here"):
        yield f"{name}市"
    if kind not in CHINESE:
        yield name.upper()
        yield name.lower().replace("'", "’")
        yield name.replace(" ", "-").replace("'", "")
    if kind in ("latin", "latin_here", "county_latin") and name.isascii():
        yield from (f"{name} Shi", f"{name} City", f"{name.upper()} CITY")


@pytest.mark.parametrize("kind", sorted({kind for _, kind, _ in CITIES}))
def test_each_name_of_a_city_in_its_province(kind: str) -> None:
    """The province written in full, the code of the province alone, and no other city."""
    tried = 0
    for code, _, names in [row for row in CITIES if row[1] == kind]:
        for name in [form for each in names for form in written(kind, each)]:
            own = (code[:2], code)
            assert find(None, None, PROVINCES[code[:2]], name) == own, (name, code)
            if code[:2] != "71":
                assert find("CN", code[:2] + "0000", "某省", name) == own, (name, code)
            tried += 1
    assert tried


@pytest.mark.parametrize("kind", sorted(ALONE))
def test_each_name_that_one_city_has_gives_its_province(kind: str) -> None:
    """Without a province, and with the city's name in both fields."""
    for code, _, names in [row for row in CITIES if row[1] == kind]:
        for name in names:
            assert find(None, None, None, name) == (code[:2], code), (name, code)
            assert find(None, None, "未知", name) == (code[:2], code), (name, code)


@pytest.mark.parametrize("kind", ["short_here", "latin_here"])
def test_names_that_several_places_have_need_a_province(kind: str) -> None:
    """Without one they are unknown, or the only city that is called so today (Huizhou)."""
    today = {name: code for code, own, names in CITIES if own == "latin" for name in names}
    for code, own, names in CITIES:
        for name in names if own == kind else ():
            other = today.get(name)
            expected = (other[:2], other) if other else (None, None)
            assert find(None, None, None, name) == expected, (name, code)


def test_each_spelling_of_a_province() -> None:
    """All kinds but the shared one, which `test_shanxi_is_two_provinces` has."""
    for code, kind, names in NAMES:
        for name in names if len(code) == 2 else ():
            if (code, name) != ("61", "Shanxi"):
                forms = [name, name.upper(), f" {name} "]
                forms += [f"CN-{name}", f"cn-{name.lower()}"] if kind == "iso" else []
                assert {find(None, None, form, None)[0] for form in forms} == {code}, name
    assert len(PROVINCES) == 34


def test_each_traditional_form() -> None:
    """As OpenCC writes each name for the mainland, Taiwan and Hong Kong."""
    for code, name, form in TRADITIONAL:
        if len(code) == 2:
            assert find(None, None, form, None)[0] == code, (name, form)
        else:
            assert find(None, None, PROVINCES[code[:2]], form)[1] == code, (name, form)
    assert len({code for code, _, _ in TRADITIONAL if len(code) == 2}) == 18


def test_each_province_and_city_behind_each_other() -> None:
    """In either field, with a district behind them too."""
    for code, kind, names in CITIES:
        if kind == "name" and code not in ("1101", "1201", "3101", "5001", "8101", "8201"):
            both = PROVINCES[code[:2]] + names[0]
            for province, city in ((both, None), (None, both), (PROVINCES[code[:2]], both)):
                assert find(None, None, province, city) == (code[:2], code), (province, city)
            if names[0].endswith(("市", "州", "盟", "地区")):
                assert find(None, None, both + "某某区", None) == (code[:2], code), both


def test_each_code_of_each_edition() -> None:
    """Every code gives a province and, but for those that were divided, a city that has a name."""
    divided = set()
    for code, city, name in rows("codes.tsv"):
        for written_code in (code, f"{code}000", f"{code}001002", f" {code}"):
            expected = (city[:2], city if len(city) == 4 else None)
            assert find(None, written_code, "某省", None) == expected, (code, name)
        assert official_name(city) is not None, code
        if len(city) == 2:
            divided.add(code)
    assert divided == {
        *("142100", "142500", "379017", "379018", "442100", "442200", "542135", "660000"),
    }
    assert len(rows("codes.tsv")) > 6600


def test_a_county_of_today_is_where_its_code_says() -> None:
    """A county whose name its province has once is, with every former code, in one city.

    Independent of how the data were made: by the name alone, and only where no two counties, at
    any time, were called so.
    """
    found: dict[tuple[str, str], set[str]] = {}
    prefixes: dict[tuple[str, str], set[str]] = {}
    for code, city, name in rows("codes.tsv"):
        if not code.endswith("00"):
            found.setdefault((city[:2], name), set()).add(city)
            prefixes.setdefault((city[:2], name), set()).add(code[:4])
    moved = {place: cities for place, cities in found.items() if len(prefixes[place]) > 1}
    several = {name for (_, name), cities in moved.items() if len(cities) > 1}
    assert len(moved) > 1000
    # Districts that many cities have, and counties whose name went to another place.
    assert {name for name in several if not name.endswith("区")} == set()
