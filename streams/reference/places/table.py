"""The place table: built once from the data files beside it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from importlib.resources import files

_ONE_CITY = {"11": "1101", "12": "1201", "31": "3101", "50": "5001", "81": "8101", "82": "8201"}
"""Municipalities and special regions: the whole is one city."""
_ABROAD = {"HK": "81", "MO": "82", "TW": "71"}
"""What ISO 3166-1 lists as countries of their own, and GB/T 2260 as provinces."""
_TAIWAN = ("71", "83")
"""GB/T 2260 ends at the province for Taiwan; systems number its cities under either of these."""
_CODE_LENGTHS = (6, 9, 12)

_FULL_PROVINCE = ("省", "市", "自治区", "特别行政区")
_FULL_CITY = ("市", "州", "盟", "地区", "林区")
_DIRECT = ("省直辖", "自治区直辖", "直辖县")
_AFTER_PROVINCE = ("", "省", "自治区", "特别行政区", "特区", "地区")
_AFTER_CITY = ("", "市", "地区", "自治州", "州", "盟", "林区", "县")
_AFTER_LATIN_PROVINCE = (
    *("", "sheng", "province", "prov", "shi", "city", "municipality", "zizhiqu"),
    *("autonomousregion", "tebiexingzhengqu", "specialadministrativeregion", "sar"),
)
_AFTER_LATIN_CITY = (
    *("", "shi", "city", "diqu", "prefecture", "municipality", "zhou", "zizhizhou"),
    *("autonomousprefecture", "meng", "league"),
)
_AFTER_LATIN_COUNTY = ("", "shi", "city")

_BETWEEN = " \t,，、·-/"
"""What may stand between the parts of an address."""
_STREETS = ("路", "街", "巷", "大道", "大街")
"""Behind a province's name they make it a street's: 浙江路."""
_LONGEST_NAME = 16
"""Characters; 克孜勒苏柯尔克孜自治州 has 11."""

_IDEOGRAPHS = "\u3400"
_TONES = "\u0300\u0301\u0304\u030c"

Codes = tuple[str | None, str | None]


class Table:
    """Names and codes of provinces and cities, old ones included."""

    def __init__(self) -> None:
        self.provinces: dict[str, str] = {}
        """Every spelling of a province's name → its two digits."""
        self.twins: dict[str, str] = {}
        """A spelling that is two provinces' (Shanxi) → the less likely one."""
        self.cities: dict[str, dict[str, str]] = {}
        """Province → every spelling of a city's name there → its four digits."""
        self.official: dict[str, str] = {}
        """Official city name → its four digits anywhere."""
        self.anywhere: dict[str, str] = {}
        """Every spelling that is one city's in all of China → its four digits."""
        self.codes: dict[str, str] = {}
        """Six digits of any edition → the four of the city of today, the province's two: none."""
        self.prefixes: dict[str, str] = {}
        """The first four digits → the same, for codes below them that no edition has."""
        self.names: dict[str, str] = {}
        """Two digits of a province, four of a city → its official name of today."""
        self.short: dict[str, str] = {}
        """Two digits of a province → its short name."""
        self._spellings: set[str] = set()
        """Every spelling of a province, city or county."""
        self._simplified: dict[int, str] = {}
        self._chars: dict[str, str] = {}
        self._toned: set[str] = set()

    @classmethod
    def load(cls) -> Table:
        """Read the data files that are installed with this package."""
        table = cls()
        table._simplified = {ord(char): simple for char, simple in rows("simplified.tsv")}
        spelled = [(code, kind, names.split(", ")) for code, kind, names in rows("names.tsv")]
        for code, kind, names in spelled:
            if len(code) == 2:
                table._add_province(code, kind, names)
            elif kind in ("group", "name"):
                table.names.setdefault(code, names[0])
        # By kind: an official name goes before a short one with an ending, cities before counties.
        for wanted in ("name", "former", "county", "short", "short_here"):
            for code, kind, names in spelled:
                if kind == wanted and len(code) == 4:
                    table._add_chinese(code, kind, names)
        for wanted in ("latin", "latin_here", "county_latin"):
            for code, kind, names in spelled:
                if kind == wanted and len(code) == 4:
                    table._add_latin(code, kind, names)
        table._add_codes()
        table._spellings.update(table.provinces, *table.cities.values())
        return table

    def find(
        self, country: str | None, region_code: str | None, province: str | None, city: str | None
    ) -> Codes:
        """Return (province, city) codes; see `streams.reference.places.find`."""
        where = country.strip().upper() if country else ""
        if where not in ("", "CN"):
            return _ABROAD.get(where), None
        known, found = self._by_code(region_code)
        if found is not None:
            return known, found
        name = self._key(city)
        named, rest = self._province(self._key(province), name)
        if known is None:
            known = named
        found = self._city(known, name)
        if found is None and rest and named == known:
            found = self._city(known, rest)
        return (found[:2] if known is None and found else known), found

    def is_name(self, text: str) -> bool:
        """Return whether a text is one of the spellings, or up to three behind each other."""
        return self._are_names(self._key(text), 3)

    def at_start(self, text: str) -> tuple[str, str]:
        """Return the names of a province and a city with which a text begins, as written there.

        Each is empty where the text does not say it; Chinese names alone are known here. Where a
        city has its province's name, the longer one is meant: 吉林市昌邑区.
        """
        start = text.lstrip(_BETWEEN)
        province = self._longest(start, self.provinces)
        city = self._longest(start, self.official)
        if len(city) > len(province):
            return "", city
        code = self.provinces.get(self._key(province))
        rest = start[len(province) :]
        if code is None or rest.startswith(_STREETS):
            return "", ""
        return province, self._longest(rest.lstrip(_BETWEEN), self.cities[code])

    def _longest(self, text: str, table: dict[str, str]) -> str:
        """Return the longest start of a text that is Chinese and in a table."""
        key, found = "", ""
        if text[:1] >= _IDEOGRAPHS:
            for cut, char in enumerate(text[:_LONGEST_NAME], 1):
                key += self._of_char(char)
                if char.isalnum() and key in table:
                    found = text[:cut]
        return found

    def _of_char(self, char: str) -> str:
        """Return the key of one character, remembered: there are not many."""
        key = self._chars.get(char)
        if key is None:
            key = self._chars[char] = self._key(char)
        return key

    def _are_names(self, key: str, most: int) -> bool:
        if key in self._spellings:
            return True
        return most > 1 and any(
            key[:cut] in self._spellings and self._are_names(key[cut:], most - 1)
            for cut in range(2, len(key) - 1)
        )

    def _by_code(self, region_code: str | None) -> Codes:
        code = self._key(region_code)
        if len(code) not in _CODE_LENGTHS or not (code.isascii() and code.isdigit()):
            return None, None
        province = code[:2]
        if province in _TAIWAN:
            return "71", None
        code = code[:6]
        today = self.codes.get(code)
        if today is None and code.endswith("0000"):
            return (province, None) if province in self.cities else (None, None)
        if today is None:
            today = _ONE_CITY.get(province) or self.prefixes.get(code[:4])
        if today is None:
            return None, None
        return today[:2], today if len(today) == 4 else None

    def _province(self, key: str, city: str) -> tuple[str | None, str]:
        """Return the province of a name, and what stands behind it: 广东省广州市."""
        code = self.provinces.get(key)
        if code is not None:
            twin = self.twins.get(key)
            if twin and city not in self.cities[code] and city in self.cities[twin]:
                code = twin
            return code, ""
        for cut in range(len(key) - 1, 1, -1):
            code = self.provinces.get(key[:cut])
            # Behind a short name only a city tells: 海南藏族自治州 is no place in 海南.
            if code and (key[:cut].endswith(_FULL_PROVINCE) or self._leading(code, key[cut:])):
                return code, key[cut:]
        return None, ""

    def _city(self, province: str | None, name: str) -> str | None:
        if not name or name.startswith(_DIRECT):
            group = f"{province}90"
            return group if name and group in self.names else None
        if province is None:
            if name in self.anywhere:
                return self.anywhere[name]
            province, rest = self._province(name, "")
            return self._city(province, rest) if province else self._leading(None, name)
        here = self.cities[province]
        code = here.get(name) or self.official.get(name) or _ONE_CITY.get(province)
        if code is None:
            named, rest = self._province(name, "")
            code = self._leading(province, rest if named == province else name)
        return code

    def _leading(self, province: str | None, name: str) -> str | None:
        """Return the city that a name is or begins with: 深圳市南山区."""
        here = self.official if province is None else self.cities[province]
        if name in here:
            return here[name]
        for cut in range(len(name) - 1, 2, -1):
            if name[:cut].endswith(_FULL_CITY) and name[:cut] in here:
                return here[name[:cut]]
        return None

    def _key(self, text: str | None) -> str:
        """Return a name as the table has it: simplified, without case, blanks, signs, tones."""
        if not text:
            return ""
        if text.isascii():
            return text.lower() if text.isalnum() else _bare(text.lower())
        key = _bare(unicodedata.normalize("NFKC", text).casefold().translate(self._simplified))
        return key if key.isascii() or key in self._toned else _unmarked(key)

    def _add_province(self, code: str, kind: str, names: list[str]) -> None:
        self.cities.setdefault(code, {})
        endings: tuple[str, ...] = ("",)
        if kind == "name":
            self.names[code] = names[0]
        elif kind == "short":
            self.short[code] = names[0]
            endings = (*_AFTER_PROVINCE, "市") if code in _ONE_CITY else _AFTER_PROVINCE
        elif kind == "iso":
            names = [*names, *("CN" + letters for letters in names)]
        else:
            endings = _AFTER_LATIN_PROVINCE
        for key in self._keys(names, endings):
            if self.provinces.setdefault(key, code) != code:
                self.twins[key] = code

    def _add_chinese(self, code: str, kind: str, names: list[str]) -> None:
        here = self.cities[code[:2]]
        for key in self._keys(names, _AFTER_CITY if kind.startswith("short") else ("",)):
            here.setdefault(key, code)
            if kind != "short_here":
                self.anywhere.setdefault(key, code)
            if kind == "name":
                self.official.setdefault(key, code)
        if kind == "county":
            for name in names:
                here.setdefault(name.removesuffix("市"), code)

    def _add_latin(self, code: str, kind: str, names: list[str]) -> None:
        here = self.cities[code[:2]]
        endings = _AFTER_LATIN_COUNTY if kind == "county_latin" else _AFTER_LATIN_CITY
        for key in self._keys(names, endings):
            here.setdefault(key, code)
            if kind == "latin":
                self.anywhere.setdefault(key, code)

    def _add_codes(self) -> None:
        cells = read("codes.tsv").replace("\n", "\t").split("\t")[3:-1]
        self.codes = dict(zip(cells[::3], cells[1::3], strict=True))
        self._spellings.update(map(self._key, cells[2::3]))
        # A prefecture's own code goes before what its counties say.
        for code, city in self.codes.items():
            self.prefixes.setdefault(code[:4], city if city == code[:4] else city[:2])
        self.prefixes |= {c[:4]: city for c, city in self.codes.items() if c.endswith("00")}

    def _keys(self, names: list[str], endings: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            if name[0] >= _IDEOGRAPHS:
                key = name  # the data files have it as a key already
            elif any(tone in unicodedata.normalize("NFD", name) for tone in _TONES):
                key = _bare(name.casefold())
                self._toned.add(key)
            else:
                key = self._key(name)
            for ending in endings:
                yield key + ending


def read(name: str) -> str:
    """Return the text of a data file beside this module."""
    return files("streams.reference.places").joinpath(name).read_text(encoding="utf-8")


def rows(name: str) -> list[list[str]]:
    """Return the rows of a data file beside this module, without its head."""
    return [line.split("\t") for line in read(name).splitlines()[1:]]


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _unmarked(text: str) -> str:
    return unicodedata.normalize("NFC", _bare(unicodedata.normalize("NFD", text)))
