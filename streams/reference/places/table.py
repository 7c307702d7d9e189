"""The place table: built once from the data files beside it."""

from __future__ import annotations

import unicodedata
from importlib.resources import files

_ONE_CITY = {"11": "1101", "12": "1201", "31": "3101", "50": "5001", "81": "8101", "82": "8201"}
"""Municipalities and special regions: the whole is one city."""

_TAIWAN = {"71", "83"}
"""GB/T 2260 ends at the province for Taiwan; the data file numbers its cities under 83, others
under 71 otherwise, so a code below the province is not trusted there and the name decides."""

_CODE_LENGTHS = (6, 9, 12)
_PROVINCE_ENDINGS = ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")
_CITY_ENDINGS = ("自治州", "地区", "林区", "市", "盟", "州", "县")
_PEOPLES = [
    "土家族",
    "苗族",
    "藏族",
    "羌族",
    "彝族",
    "布依族",
    "侗族",
    "哈尼族",
    "壮族",
    "傣族",
    "白族",
    "景颇族",
    "傈僳族",
    "回族",
    "朝鲜族",
    "蒙古族",
    "蒙古",
    "柯尔克孜",
    "哈萨克",
    "黎族",
]
_DIRECT = ("省直辖", "自治区直辖", "直辖县")


class Table:
    """Names and codes of provinces and cities, old ones included."""

    def __init__(self) -> None:
        self.provinces: dict[str, str] = {}
        """Every spelling of a province's name → its two digits."""
        self.cities: dict[str, dict[str, str]] = {}
        """Province → every spelling of a city's name there → its four digits."""
        self.official: dict[str, str | None] = {}
        """Official city name → its four digits anywhere; None where there are several."""
        self.anywhere: dict[str, str | None] = {}
        """Every spelling of a city's name → its four digits; None where there are several."""
        self.codes: dict[str, str | None] = {}
        """Four digits, old ones too → the four digits of today; None where none took over."""
        self.names: dict[str, str] = {}
        """Two digits of a province, four of a city → its official name of today."""

    @classmethod
    def load(cls) -> Table:
        """Read the data files that are installed with this package."""
        table = cls()
        rows = _rows("gb2260.tsv")
        for code, name, _ in rows:
            if code.endswith("0000"):
                table._add_province("71" if code[:2] in _TAIWAN else code[:2], name)
        for code, name, note in rows:
            if not note and not code.endswith("0000") and (code[2:4] == "90" or code[4:] == "00"):
                table._add_city(code, name)
        for province, code in _ONE_CITY.items():
            table.codes[code] = code
            table.names[code] = table.names[province]
            for name in [n for n, p in table.provinces.items() if p == province]:
                table.cities[province][name] = code
                table.anywhere[name] = table.official[name] = code
        for code, names in _rows("aliases.tsv"):
            for name in names.split():
                if len(code) == 2:
                    table.provinces[name] = code
                else:
                    table.cities[code[:2]].setdefault(name, code)
                    table.anywhere.setdefault(name, code)
        for code, name, note in rows:
            # County-level cities count as the city that administers them; it keeps its name.
            if not note and code[4:] != "00" and code[2:4] != "90" and code[:2] not in _ONE_CITY:
                for spelling in (name, name.removesuffix("市")):
                    table.cities[code[:2]].setdefault(spelling, code[:4])
        for code, name, note in rows:
            if note:
                here = table.cities[code[:2]]
                table.codes.setdefault(code[:4], here.get(name) or here.get(_stem(name)))
        for old, new, _ in _rows("moved.tsv"):
            table.codes[old] = new
        return table

    def find(
        self, province: str | None, city: str | None, region_code: str | None
    ) -> tuple[str | None, str | None]:
        """Return (province, city) codes; see `streams.reference.places.normalise`."""
        by_code = self._by_code(region_code)
        if by_code is not None and by_code[1] is not None:
            return by_code
        found = by_code[0] if by_code else self.provinces.get(_clean(province))
        return found, self._city(found, _clean(city))

    def _by_code(self, region_code: str | None) -> tuple[str, str | None] | None:
        code = _clean(region_code)
        if len(code) not in _CODE_LENGTHS or not (code.isascii() and code.isdigit()):
            return None
        province = code[:2]
        if province in _TAIWAN:
            return "71", None
        if province in _ONE_CITY:
            return province, _ONE_CITY[province]
        if code[:4] in self.codes:
            today = self.codes[code[:4]]
            if today is None:
                return province, None
            return today[:2], today if len(today) == 4 else None
        if province in self.cities and code[2:4] == "00":
            return province, None
        return None

    def _city(self, province: str | None, name: str) -> str | None:
        if province is None:
            return self.anywhere.get(name) if name else None
        if not name:
            return None  # a municipality's name alone says no city, as any other province's
        whole = _ONE_CITY.get(province)
        here = self.cities[province]
        code = here.get(name) or self.official.get(name) or whole
        if code is None and name.startswith(_DIRECT):
            code = self.codes.get(province + "90")
        if code is None:
            # "广东省深圳市" in the city's field.
            for cut in range(2, len(name)):
                if self.provinces.get(name[:cut]) == province and name[cut:] in here:
                    code = here[name[cut:]]
        return code

    def _add_province(self, code: str, name: str) -> None:
        self.cities.setdefault(code, {})
        self.names.setdefault(code, name)
        short = name
        for ending in _PROVINCE_ENDINGS:
            if name.endswith(ending):
                short = name.removesuffix(ending)
                break
        for spelling in (name, short, short + ("市" if code in _ONE_CITY else "省")):
            self.provinces[spelling] = code

    def _add_city(self, code: str, name: str) -> None:
        province = "71" if code[:2] in _TAIWAN else code[:2]
        city = province + code[2:4]
        self.codes[city] = city
        self.names.setdefault(city, name)
        stem = _stem(name)
        here = self.cities[province]
        self._official(name, city)
        here[name] = city
        for spelling in (stem, *(stem + ending for ending in _CITY_ENDINGS)):
            here.setdefault(spelling, city)
            if self.anywhere.setdefault(spelling, city) != city:
                self.anywhere[spelling] = None

    def _official(self, name: str, city: str) -> None:
        if self.official.setdefault(name, city) != city:
            self.official[name] = None
        if self.anywhere.setdefault(name, city) != city:
            self.anywhere[name] = None


def _stem(name: str) -> str:
    """Return a city's name without its kind and its peoples: 恩施 of 恩施土家族苗族自治州."""
    stem = name
    for ending in _CITY_ENDINGS:
        if name.endswith(ending):
            stem = name.removesuffix(ending)
            break
    cut = True
    while cut:
        cut = False
        for people in _PEOPLES:
            if stem.endswith(people) and len(stem) - len(people) >= 2:
                stem, cut = stem.removesuffix(people), True
    return stem if len(stem) >= 2 else name


def _clean(name: str | None) -> str:
    """Return a name without white space, full-width forms made plain."""
    if not name:
        return ""
    if name.isascii() and name.isalnum():
        return name
    return "".join(unicodedata.normalize("NFKC", name).split())


def _rows(name: str) -> list[list[str]]:
    text = files("streams.reference.places").joinpath(name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()[1:]]
