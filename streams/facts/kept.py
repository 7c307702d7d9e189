"""What of a message's texts may be kept: names that tables know, codes, hashes, and no free text.

Every function takes a clean text, or None, and gives what stands in its place in states, messages
between workers and warnings (docs/decisions/0103). Two texts of which the same is kept mean the
same to every rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from streams.facts.facts import DELIVERY_METHODS, POSTAL_LENGTH, PRESALES, SHOWN_LENGTH, Place
from streams.facts.plain import reads_as_plain
from streams.reference import places

_NUMBER = re.compile(r"[0-9A-Z-]{1,64}")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_POSTAL = re.compile(r"(?=.*[0-9])[0-9A-Za-z][0-9A-Za-z -]{2,9}")
_POSTAL_BEGINNING = re.compile(r"(?=.*[0-9])[0-9A-Za-z -]{1,5}")
_PLACE_SHAPED = re.compile(r"[\u4e00-\u9fff]{1,8}(?:省|市|自治区|自治州|地区)")
"""A name that no table knows, and yet a province's or a city's by its last word."""

_ABROAD = re.compile(r"[A-Z]{2}")
_MARK = "~"
"""Begins the hash of a postal code that is none."""
_REGION = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12}")
_REGION_LENGTH = 6
_LONGEST_CODE = 64

OTHER = "?"
"""Stands for a country or currency that is none, and for a reason that was given."""


def key(text: str | None) -> str | None:
    """A recipient's key; None where it reads as what it should hide."""
    return None if text and reads_as_plain(text) else text


def code(text: str | None) -> str | None:
    """A short code, such as a carrier's own status or a variant of a product."""
    return None if text and (len(text) > _LONGEST_CODE or reads_as_plain(text)) else text


def number(text: str | None) -> str | None:
    """A tracking number that is only shown, as far as it has the signs of one."""
    return text if text and _NUMBER.fullmatch(text) else None


def country(text: str | None) -> str | None:
    """A country's two letters."""
    return OTHER if text and not _COUNTRY.fullmatch(text) else text


def currency(text: str | None) -> str | None:
    """A currency's three letters."""
    return OTHER if text and not _CURRENCY.fullmatch(text) else text


def delivery_method(text: str | None) -> str | None:
    """How an order is delivered, as far as the contract lists it."""
    return text if text is None or text in DELIVERY_METHODS else DELIVERY_METHODS[-1]


def presale(text: str | None) -> str | None:
    """A kind of presale that the contract lists."""
    return text if text in PRESALES else None


def time_quality(text: str | None) -> str | None:
    """Whether a time is exact, as far as the contract has a word for it."""
    return text if text in ("exact", "estimated") else None


def place_name(text: str | None) -> str | None:
    """A province's or city's name: one that is known, or at least has the shape of one."""
    return text if not text or places.is_name(text) or _PLACE_SHAPED.fullmatch(text) else None


def district(text: str | None) -> str | None:
    """A district's name, where it is known."""
    return text if not text or places.is_name(text) else None


def region_code(text: str | None) -> str | None:
    """A code of GB/T 2260: province, city and county, and not the village behind them."""
    if not text:
        return text
    known = _REGION.fullmatch(text) and places.find(None, text, None, None)[0]
    return text[:_REGION_LENGTH] if known else None


def postal_code(text: str | None) -> str | None:
    """As much of a postal code as a platform compares; of what is none, a hash of as much."""
    if not text:
        return text
    beginning = text[:POSTAL_LENGTH]
    return beginning if _POSTAL.fullmatch(text) else _hashed(beginning)


def unrecognised(abroad: str, province: str | None, city: str | None) -> str | None:
    """What was sent for a place whose province is not known: a name to be corrected, and no
    person's, nor an address. `abroad` is a country other than China, else empty."""
    return _shown((abroad if _COUNTRY.fullmatch(abroad) else "", province, city))


def place(known: Place) -> Place:
    """A place as a former release kept it, with what is kept today."""
    postal, shown = known.postal_code, known.unrecognised
    if postal and not postal.startswith(_MARK) and not _POSTAL_BEGINNING.fullmatch(postal):
        postal = _hashed(postal)
    return Place(
        known.province,
        known.city,
        key(known.address_key),
        key(known.person_key),
        postal,
        _shown(shown.split(" ")) if shown else None,
    )


def following(parcel: str) -> str | None:
    """The key of the parcel that another one goes on as, as a former release kept it."""
    sent = parcel.partition(":")
    carrier, digits = code(sent[0]), number(sent[2])
    return f"{carrier or ''}:{digits or ''}" if carrier or digits else None


def reason(text: str | None) -> str | None:
    """Of why an order was closed, whether it was said."""
    return OTHER if text else None


def canonical(written: str) -> str:
    """The canonical JSON of an order's version, or the tie of a fact, as a former release kept it,
    made what this one keeps of the same message.

    That has no brace before it, by which it is known. Empty where there was nothing, or no JSON.
    """
    if not written.startswith("{"):
        return written
    try:
        fields = msgspec.json.decode(written, type=dict[str, Any])
    except msgspec.MsgspecError:
        return ""
    for name, keep in _FIELDS.items():
        if fields.get(name) is not None:
            fields[name] = keep(fields[name])
    return msgspec.json.encode(fields).decode()[1:]


def _shown(names: Iterable[str | None]) -> str | None:
    kept = [name for name in names if name and (_ABROAD.fullmatch(name) or place_name(name))]
    return " ".join(kept)[:SHOWN_LENGTH] or None


def _place_fields(sent: dict[str, str]) -> dict[str, str]:
    kept = {name: keep(sent[name]) for name, keep in PLACE_FIELDS.items() if name in sent}
    return {name: text for name, text in kept.items() if text is not None}


def _items(sent: list[dict[str, Any] | None]) -> list[dict[str, Any] | None]:
    items = []
    for item in sent:
        if item is not None and "sku_id" in item:
            item = {**item, "sku_id": code(item["sku_id"])}
            item = {name: value for name, value in item.items() if value is not None} or None
        items.append(item)
    return items


def _hashed(text: str) -> str:
    return _MARK + blake2b(text.encode(), digest_size=4).hexdigest()


PLACE_FIELDS: dict[str, Callable[[str | None], str | None]] = {
    "address_key": key,
    "city": place_name,
    "country": country,
    "district": district,
    "person_key": key,
    "postal_code": postal_code,
    "province": place_name,
    "region_code": region_code,
}
"""What is kept of a place as sent; of its other field, the site, nothing is."""

_FIELDS: dict[str, Callable[[Any], Any]] = {
    "closed_reason": reason,
    "currency": currency,
    "delivery_method": delivery_method,
    "items": _items,
    "location": _place_fields,
    "paid_at_quality": time_quality,
    "presale": presale,
    "raw_status": code,
    "recipient": _place_fields,
    "ship_from": _place_fields,
    "via": _place_fields,
}
"""What is kept of an order and of a fact that names orders, where it is not all."""
