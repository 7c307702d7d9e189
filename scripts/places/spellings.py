"""Every spelling of a province and a city: what the table of places holds."""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from scripts.places.editions import SPECIAL, Editions, Row, stem

ONE_CITY = {"11": "1101", "12": "1201", "31": "3101", "50": "5001", "81": "8101", "82": "8201"}
_GROUPS = {"65": "自治区直辖县级行政区划"}
_PROVINCE_ENDINGS = ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")

_READ_AS = {
    "长": "cháng",
    "都": "dū",
    "勒": "lè",
    "朝": "cháo",
    "什": "shí",
    "泊": "bó",
    "珲": "hún",
}
_READ = {
    "通什": "tōng zhá",
    "穆棱": "mù líng",
    "朝阳": "cháo yáng",
    "长治": "cháng zhì",
    "漯河": "luò hé",
}

Names = dict[tuple[str, str], list[str]]
"""Code of a province or city, kind of spelling → the spellings."""


def spellings(editions: Editions, cities: dict[str, str], islands: dict[str, str]) -> Names:
    """Return the spellings by kind, in the order in which the table takes them.

    `islands` are codes and names of Taiwan's cities, which GB/T 2260 does not list. Kinds: `group`
    (of counties directly under a province), `name` (official), `former` (official once), `short`,
    `latin` (pinyin and names in English), the last two with `_here` where another city of the
    country is called the same; `county` (county-level cities, former ones too), `county_latin`;
    `iso`.
    """
    names: Names = {}
    _provinces(editions, names)
    _cities(editions, names)
    taken = set()
    for code, name in islands.items():
        _add(names, "71" + code[2:4], "name", name)
        if stem(name) not in taken:  # 嘉义 is the city, not the county around it
            _add(names, "71" + code[2:4], "short", stem(name))
            taken.add(stem(name))
    _former(editions, cities, names)
    shorts = [
        (code, short) for (code, kind), all_ in names.items() for short in all_ if kind == "short"
    ]
    for code, short in shorts:
        for spelled in _with_umlaut(pinyin(short)):
            _add(names, code, "latin", spelled)
    for (code, kind), all_ in list(names.items()):
        for name in all_ if kind == "county" else ():
            _add(names, code, "county_latin", pinyin(name.removesuffix("市")))
    return names


def mark_shared(names: Names, editions: Editions) -> Names:
    """Return the names with shared short spellings moved to `…_here`, with tones where these tell.

    A spelling of today is not shared with a former one: Huizhou is 惠州, and 徽州 in Anhui alone.
    """
    today, ever = _used(names, editions)

    def shared(name: str, code: str) -> bool:
        others = today.get(name, set()) if code in today.get(name, set()) else ever[name]
        return len(others) > 1

    marked: Names = {}
    for (code, kind), all_ in names.items():
        for name in all_:
            here = len(code) == 4 and kind in ("short", "latin") and shared(plain(name), code)
            _add(marked, code, f"{kind}_here" if here else kind, name)
    for (code, kind), all_ in list(marked.items()):
        for name in all_ if len(code) == 4 and kind in ("short", "short_here") else ():
            toned = pinyin(name, toned=True)
            if shared(plain(toned), code) and not shared(bare(toned), code):
                _add(marked, code, "latin", toned)
    return dict(sorted(marked.items(), key=lambda item: (item[0][0], KINDS.index(item[0][1]))))


def _used(names: Names, editions: Editions) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Short spellings → places of today that are called so today, and that ever were."""
    cities = {n for c, n in editions.in_use().items() if c.endswith("00") or n.endswith("市")}
    in_use = {stem(name) for name in cities}
    today: dict[str, set[str]] = {}
    ever: dict[str, set[str]] = {}
    for (code, kind), all_ in names.items():
        for name in all_:
            short = name.removesuffix("市") if kind == "county" else name
            spelled = {plain(name)} if kind in ("latin", "county_latin") else set[str]()
            if kind in ("short", "county"):
                toned = bare(pinyin(short, toned=True))
                spelled = {short, plain(toned), toned}
            for each in spelled:
                ever.setdefault(each, set()).add(ONE_CITY.get(code, code))
                if short in in_use:
                    today.setdefault(each, set()).add(ONE_CITY.get(code, code))
    for used in (today, ever):
        for codes in used.values():
            codes -= {code[:2] for code in codes if len(code) == 4}  # Jilin is in Jilin
    return today, ever


KINDS = (
    "group",
    "name",
    "former",
    "short",
    "short_here",
    "county",
    "iso",
    "latin",
    "latin_here",
    "county_latin",
)


def bare(name: str) -> str:
    """Return a spelling without case, blanks and signs."""
    return "".join(c for c in name.casefold() if c.isalnum())


def plain(name: str) -> str:
    """Return a bare spelling without tones and other marks."""
    return unicodedata.normalize("NFC", bare(unicodedata.normalize("NFD", name)))


@cache
def pinyin(name: str, *, toned: bool = False) -> str:
    """Return the official romanisation of a Chinese name: Xi'an of 西安, Xī'ān with its tones."""
    syllables = [s[0] for s in _pypinyin().pinyin(name, style=_pypinyin().Style.TONE)]
    text = "".join(("'" if i and plain(s)[0] in "aoe" else "") + s for i, s in enumerate(syllables))
    text = text[:1].upper() + text[1:]
    return text if toned else _toneless(text)


def simplified(names: Iterable[str], signs: str) -> dict[str, str]:
    """Return traditional characters → those of names and `signs` that simplified text has."""
    texts = [*names, *signs]
    kept = set("".join(texts))
    ideographs = "".join(map(chr, range(0x3400, 0xA000)))
    found: dict[str, str] = {}
    for configuration in ("hk2s", "tw2s", "t2s"):
        simple = "".join(_convert(configuration, char) for char in ideographs)
        found |= {a: b for a, b in zip(ideographs, simple, strict=True) if a != b}
    for text in texts:  # 澂 of 澄江, which no table leads back
        for form in traditional(text):
            found |= {a: b for a, b in zip(form, text, strict=True) if a not in found}
    return {
        char: simple
        for char, simple in sorted(found.items())
        if simple in kept and char not in kept
    }


def traditional(name: str) -> list[str]:
    """Return how mainland's standard, Taiwan and Hong Kong write a name in traditional forms."""
    return sorted({_convert(configuration, name) for configuration in ("s2t", "s2tw", "s2hk")})


def _convert(configuration: str, text: str) -> str:
    return str(_opencc(configuration).convert(text))


@cache
def _opencc(configuration: str) -> Any:
    return _tool("opencc").OpenCC(configuration)


def _provinces(editions: Editions, names: Names) -> None:
    for code, name in editions.in_use().items():
        if code.endswith("0000"):
            province = code[:2]
            short = next(name.removesuffix(e) for e in _PROVINCE_ENDINGS if name.endswith(e))
            _add(names, province, "name", name)
            _add(names, province, "short", short)
            if city := ONE_CITY.get(province):
                _add(names, city, "name", name)
                _add(names, city, "short", short)


def _cities(editions: Editions, names: Names) -> None:
    for code, name in editions.in_use().items():
        if code[:2] in ONE_CITY or code[:2] in SPECIAL or code.endswith("0000"):
            continue
        if code.endswith("00"):
            _add(names, code[:4], "name", name)
            _add(names, code[:4], "short", stem(name))
        elif code[2:4] == "90":
            # Counties directly under a province share four digits, which the statistics name.
            _add(names, code[:4], "group", _GROUPS.get(code[:2], "省直辖县级行政区划"))
            _add(names, code[:4], "name", name)
            _add(names, code[:4], "short", stem(name))


def _former(editions: Editions, cities: dict[str, str], names: Names) -> None:
    """Former names of prefectures, and county-level cities of any edition, newest uses first."""
    official = {
        name: code for (code, kind), all_ in names.items() if kind == "name" for name in all_
    }
    called: dict[tuple[str, str], set[str]] = {}
    for code, row in editions.newest().items():
        if code in cities:
            called.setdefault((cities[code][:2], stem(row.name)), set()).add(cities[code])
    for row in sorted(_uses(editions), key=lambda row: -(row.end or 9999)):
        city = editions.home(row) or cities.get(row.code, "")
        if len(city) != 4 or row.name in official:
            continue
        if row.code.endswith("00"):
            official[row.name] = city
            _add(names, city, "former", row.name)
            # 嫩江 was a prefecture that is another city's than the county of the name.
            if called.get((city[:2], stem(row.name)), {city}) == {city}:
                _add(names, city, "short", stem(row.name))
        elif row.name.endswith("市"):
            official[row.name] = city
            _add(names, city, "county", row.name)


def _uses(editions: Editions) -> Iterator[Row]:
    for code, uses in editions.uses.items():
        if not code.endswith("0000") and code[:2] not in SPECIAL:
            yield from (row for row in uses if "、" not in row.name)


def _add(names: Names, code: str, kind: str, name: str) -> None:
    of_kind = names.setdefault((code, kind), [])
    if name not in of_kind:
        of_kind.append(name)


def _toneless(syllable: str) -> str:
    return unicodedata.normalize(
        "NFC",
        "".join(
            c for c in unicodedata.normalize("NFD", syllable) if c not in "\u0300\u0301\u0304\u030c"
        ),
    )


def _with_umlaut(text: str) -> list[str]:
    """How ü is typed: Lüliang, Lvliang, and Lyuliang in passports."""
    return [text] + [text.replace("ü", typed) for typed in ("v", "yu") if "ü" in text]


@cache
def _pypinyin() -> Any:
    """Return pypinyin, with how these characters are read in names of places."""
    module = _tool("pypinyin")
    module.load_single_dict({ord(char): sound for char, sound in _READ_AS.items()})
    module.load_phrases_dict({name: [[s] for s in read.split()] for name, read in _READ.items()})
    return module


def _tool(name: str) -> Any:
    """Import what only this program needs: OpenCC, pypinyin."""
    return importlib.import_module(name)
