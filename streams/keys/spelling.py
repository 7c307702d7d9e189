"""One spelling of a recipient: what is meant to be equal becomes equal, and nothing else.

Changing what these functions return changes every key that is made: parcels combined of orders from
before and after would look reused for as long as the window is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from streams.reference import places

_BLANK = frozenset(("", "无", "暂无", "null", "none", "nan", "na", "n-a"))
_UNWRAPPED = re.compile(r'="(.*)"')

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_PHONE = re.compile(r"\+?[0-9 ().-]+")
_ALTERNATIVES = re.compile(r"[/;,、]")
_LENT = re.compile(r"(?:\+?86[ -]?)?1[0-9]{10}\s*(?:[-,_#*xX]|转|ext\.?)\s*[0-9]{2,6}")
_SHORTEST, _LONGEST = 7, 15

_PARTED = re.compile(r"(?<=[0-9a-z])[^\w]+(?=[0-9a-z])|[^\w]+|_+")
_NUMBERED = re.compile(r"(?<=[0-9])\s*#|(?<=[a-z])#")
_DISTRICT = re.compile(r"([\u4e00-\u9fff]{2,8}?)(?:自治县|自治旗|区|县|旗|市)|([\u4e00-\u9fff])县")
_ENDINGS = ("自治县", "自治旗", "区", "县", "旗", "市")
_TOWNS = ("镇", "乡", "街道")
_NO_DISTRICT = ("市辖区", "县", "其他", "其它", "其他区", "其它区")
_DIRECT = ("省直辖", "自治区直辖")
_PROVINCE_LENGTH, _CITY_LENGTH = 8, 12


def cleaned(value: str) -> str:
    """A cell's text in NFKC, without control and format characters, a spreadsheet's `="…"` or `'`.

    Empty for words that say that there is none.
    """
    text = unicodedata.normalize("NFKC", value)
    if not text.isprintable():
        text = "".join(
            " " if character in "\t\r\n" else character
            for character in text
            if character in "\t\r\n" or unicodedata.category(character) not in ("Cc", "Cf")
        )
    text = text.strip()
    wrapped = _UNWRAPPED.fullmatch(text)
    text = wrapped[1].strip() if wrapped else text.removeprefix("'").removeprefix("`").strip()
    return "" if _run(text) in _BLANK else text


def person(name: str, phone: str) -> str | None:
    """One spelling of a cleaned name and a `phone_number`; None where the name is blank."""
    letters = _run(name).replace("-", "")
    return f"{letters}|{phone}" if letters else None


def phone_number(value: str) -> str | None:
    """The digits of a cleaned phone number, without +86; of several the first; None: it is none."""
    first = next((part.strip() for part in _ALTERNATIVES.split(value) if part.strip()), "")
    first = first.removesuffix(".0")  # a number that a spreadsheet took for one
    if not _PHONE.fullmatch(first):
        return None
    digits = "".join(character for character in first if character.isdigit())
    foreign = first.startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if foreign else digits
    if foreign and digits.startswith("86"):
        digits = digits[2:]
        if not _MOBILE.fullmatch(digits) and not digits.startswith("0"):
            digits = f"0{digits}"
    elif _MOBILE.fullmatch(digits[2:]) and digits.startswith("86"):
        digits = digits[2:]
    return digits if _SHORTEST <= len(digits) <= _LONGEST else None


def is_lent(phone: str) -> bool:
    """Whether a cleaned phone number has an extension behind a mobile number: a privacy number."""
    return _LENT.fullmatch(phone) is not None


def address(province: str, city: str, district: str, region_code: str, detail: str) -> str | None:
    """One spelling of an address of cleaned parts; None where the street or the place is not said.

    Province, city and district may stand in their fields, before the street, or in both.
    """
    rest = _run(detail).removeprefix("中国")
    if not rest:
        return None
    codes = places.normalise(province, city, region_code)
    if codes[1] is None and not city:
        codes = _leading(rest, province, codes[0])
    place = codes[1] or f"{codes[0] or _run(province)},{_run(city)}"
    if place == ",":
        return None
    rest = _without_place(rest, codes, (_run(province), _run(city)))
    within, rest = _district(district, rest)
    if (codes[1] or "").endswith("90"):
        # Counties directly under their province share a code: their names tell them apart.
        within = within or ("" if city.startswith(_DIRECT) else _stem(_run(city)))
    elif _is_city(codes, within):
        within = ""
    return f"{place}|{within}|{_house(rest)}" if rest else None


def _run(text: str) -> str:
    """A text without case, blanks and punctuation; between two of a-z and 0-9 that is a hyphen.

    `12#` is No. 12, as 12号 is.
    """
    return _PARTED.sub(_mark, _NUMBERED.sub("号", text.casefold()))


def _mark(found: re.Match[str]) -> str:
    text, start, end = found.string, found.start(), found.end()
    inside = start > 0 and end < len(text)
    return "-" if inside and _plain(text[start - 1]) and _plain(text[end]) else ""


def _plain(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _house(text: str) -> str:
    """The street and house: 幢 is 栋, and 室 and 号 behind a number say no more than its place."""
    text = text.replace("幢", "栋")
    text = re.sub(r"(?<=[0-9a-z])室$", "", text)
    text = re.sub(r"(?<=[0-9])号(?=[0-9])", "-", text)
    return re.sub(r"(?<=[0-9])号$", "", text)


def _leading(text: str, province: str, known: str | None) -> tuple[str | None, str | None]:
    """The codes of the province and city with which an address begins."""
    name, rest = province, text
    if known is None:
        for end in range(_PROVINCE_LENGTH, 1, -1):
            known = places.normalise(text[:end], None, None)[0]
            if known is not None:
                name, rest = text[:end], text[end:]
                break
    elif text.startswith(_run(province)):
        rest = text[len(_run(province)) :]
    for end in range(min(_CITY_LENGTH, len(rest)), 1, -1):
        codes = places.normalise(name or None, rest[:end], None)
        if codes[1] is not None:
            return codes
    return known, None


def _without_place(text: str, codes: tuple[str | None, str | None], names: tuple[str, str]) -> str:
    """An address without the province and city that it begins with, once or repeatedly."""
    heads = _heads(codes, names)
    while True:
        head = next((head for head in heads if text.startswith(head) and head != text), None)
        if head is None:
            return text
        text = text[len(head) :]


@lru_cache(4096)
def _heads(codes: tuple[str | None, str | None], names: tuple[str, str]) -> list[str]:
    """Province and city as an address may begin with them, the longest first.

    Short names count only where both stand together: 深圳路 is a street.
    """
    province = _names(codes[0] or (codes[1] or "")[:2], names[0])
    city = _names(codes[1] or "", names[1])
    heads = [first + second for first in province for second in city]
    heads += [name for name in (*province, *city) if name.endswith(("省", "市", "区", "州", "盟"))]
    heads += ["市辖区", "省直辖县级行政区划", "自治区直辖县级行政区划"]
    return sorted(heads, key=len, reverse=True)


def _names(code: str, given: str) -> list[str]:
    """The official name of a place, the one given, and each without its kind."""
    official = places.official_name(code) if code else None
    full = [name for name in (official, given) if name]
    return [*full, *(name.removesuffix("省").removesuffix("市") for name in full)]


def _district(given: str, text: str) -> tuple[str, str]:
    """The district without its kind, and the text behind it; the text may begin with it."""
    name = _run(given)
    if name and name not in _NO_DISTRICT:
        stem = _stem(name)
        heads = [stem + ending for ending in _ENDINGS]
        for head in (*heads, name) if name.endswith(_TOWNS) else heads:
            if text.startswith(head) and head != text:
                return stem, text[len(head) :]
        return stem, text
    found = _DISTRICT.match(text)
    if found is None or found.end() == len(text):
        return "", text
    return found[1] or found[0], text[found.end() :]


def _stem(name: str) -> str:
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return name


def _is_city(codes: tuple[str | None, str | None], district: str) -> bool:
    """Whether a district is a county-level city: it counts as the city that administers it."""
    city = codes[1]
    if city is None or not district:
        return False
    province = places.official_name(city[:2])
    if province == places.official_name(city):
        return False  # a municipality: whatever is written there is its one city
    return places.normalise(province, district, None)[1] == city
