"""A recipient's plain values, made into keys or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from streams.facts.plain import reads_as_plain
from streams.keys.columns import Column
from streams.keys.hashing import Keys
from streams.keys.spelling import address, cleaned, is_lent, person, phone_number
from streams.keys.unusable import CIPHERTEXT, LENT, PLAIN, is_wrapped, unusable

ADDRESS, PERSON = "address_key", "person_key"


class Refused(ValueError):
    """A value cannot become a key: `field` is its column, `why` says the rest, never the value."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}")
        self.field = field
        self.why = why


class Made(NamedTuple):
    """The keys of one recipient (None: not to be known), and the plain texts behind them."""

    keys: dict[str, str | None]
    plain: tuple[str, ...]


def made(
    values: Mapping[str, Any], columns: Iterable[Column], keys: Keys, wanted: Iterable[str]
) -> Made:
    """The keys of one recipient; raises Refused.

    `wanted`: ADDRESS, PERSON or both; what only the other one needs is not looked at. A platform's
    own id of the address goes before the address, and then a name and phone number that cannot be
    used are no reason to refuse: they are encrypted where there is such an id.
    """
    by: dict[str, list[tuple[str, str]]] = {}
    for name, role in columns:
        text = _text(name, values[name])
        if text:
            by.setdefault(role, []).append((name, text))
    found: dict[str, str | None] = {}
    plain: list[str] = []
    ids = by.get("address_id")
    if ADDRESS in wanted:
        if ids:
            found[ADDRESS] = keys.address_id(ids[0][1])
        else:
            detail = _joined(_usable(by.get("address", ())))
            province, city, district, code = (_first(by, role) for role in _PLACE)
            one = address(province, city, district, code, detail)
            found[ADDRESS] = None if one is None else keys.address(one)
            plain.append(detail)
    if PERSON in wanted:
        try:
            names = _usable(by.get("name", ()))
            phones = [_phone(*each) for each in by.get("phone", ())]
        except Refused:
            if not ids:
                raise
            names, phones = [], []
        both = person(names[0], phones[0]) if names and phones else None
        found[PERSON] = None if both is None else keys.person(both)
        plain += [*names, *phones]
    return Made(found, tuple(plain))


def checked(field: str, key: object) -> None:
    """Raise Refused where a key that is there already is no hash, but a platform's ciphertext or
    what reads as plain text."""
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or not (text := cleaned(key)):
        return
    if is_wrapped(text):
        raise Refused(field, CIPHERTEXT)
    if reads_as_plain(text):
        raise Refused(field, PLAIN)


_PLACE = ("province", "city", "district", "region_code")


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Refused(name, "is neither text nor an integer")
    return cleaned(value)


def _usable(values: Iterable[tuple[str, str]]) -> list[str]:
    for name, text in values:
        why = unusable(text)
        if why is not None:
            raise Refused(name, why)
    return [text for _, text in values]


def _phone(name: str, text: str) -> str:
    """The digits of a phone number, or Refused."""
    if is_lent(text):
        raise Refused(name, LENT)
    digits = phone_number(_usable([(name, text)])[0])
    if digits is None:
        raise Refused(name, "is no phone number: allowed are 7 to 15 digits, blanks and + - . ( )")
    return digits


def _joined(parts: Iterable[str]) -> str:
    """An address of several columns; one that begins or ends with another holds it already."""
    whole = ""
    for part in parts:
        if part.startswith(whole):
            whole = part
        elif not whole.endswith(part):
            whole += part
    return whole


def _first(by: Mapping[str, list[tuple[str, str]]], role: str) -> str:
    return by[role][0][1] if role in by else ""
