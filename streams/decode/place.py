"""Places as sent to clean ones, and to place codes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

import schemas.place
from schemas.cleaning import clean
from streams.decode.bad import Bad
from streams.decode.names import Names
from streams.decode.raw import RawPlace
from streams.decode.texts import checked, short
from streams.facts import kept
from streams.facts.facts import Place
from streams.reference.places import find

_MAX_PLACES = 50_000
_PLAIN = (
    "reads as plain text, not as a keyed hash: make it from the name, phone or address "
    "with `shipsentry keys`"
)
_SHORT_MASK = (1 << 32) - 1
_pack = msgspec.msgpack.Encoder().encode

_Names = tuple[str | None, str | None, str | None, str | None, str | None, str | None, str | None]


class Located(NamedTuple):
    """A checkpoint's location: clean as sent (None: an object of nulls), packed, its codes, and a
    hash of it (0 for none)."""

    sent: RawPlace | None
    packed: msgspec.Raw
    place: Place | None
    spot: int


class _Known(NamedTuple):
    """What names and codes come to: clean as sent, and the place that they mean."""

    sent: _Names
    as_sent: bool
    """They were clean."""
    place: Place
    nothing: bool
    """All of them are null."""


locations: dict[RawPlace | None, Located] = {}
"""Locations seen lately, as sent."""
places: dict[_Names, _Known] = {}
"""Names and codes seen lately, as sent."""


def location_place(sent: RawPlace | None) -> Located:
    """Return where a checkpoint was recorded. Raises DoubtfulError where a name is too long."""
    known = locations.get(sent)
    if known is None:
        known = located(*recipient_place(sent))
        if len(locations) >= _MAX_PLACES:
            locations.clear()
        locations[sent] = known
    return known


def located(sent: RawPlace | None, place: Place | None) -> Located:
    """Return a clean location with what is made of it."""
    packed = _pack(sent)
    spot = 0 if sent is None else xxh3_64_intdigest(packed) & _SHORT_MASK
    return Located(sent, msgspec.Raw(packed), place, spot)


def recipient_place(sent: RawPlace | None) -> tuple[RawPlace | None, Place | None]:
    """Return a recipient, sender or warehouse, clean, and what it means; of nulls alone is none.

    Raises DoubtfulError where a name is too long once it is clean.
    """
    if sent is None:
        return None, None
    names = _names_of(sent)
    known = places.get(names) or _look_up(names)
    address, person = sent.address_key, sent.person_key
    both = (address or "") + (person or "")
    if not both.isascii() or not both.isprintable() or " " in both:
        address = None if address is None else clean(address)
        person = None if person is None else clean(person)
    if not known.as_sent or address is not sent.address_key or person is not sent.person_key:
        city, country, district, postal_code, province, region_code, site = known.sent
        checked(address or "")
        checked(person or "")
        sent = RawPlace(
            address, city, country, district, person, postal_code, province, region_code, site
        )
    return _with_keys(sent, known, address, person)


def place_of(sent: RawPlace | None) -> tuple[RawPlace | None, Place | None]:
    """Return what a clean place means; of nulls alone is none."""
    if sent is None:
        return None, None
    names = _names_of(sent)
    return _with_keys(sent, _meaning(names, names), sent.address_key, sent.person_key)


def raw_place(model: schemas.place.Place | None) -> RawPlace | None:
    """Return a place of the contract's model, which is clean, as the hot path has it."""
    return None if model is None else RawPlace(**dict(model))


def plain_key(field: str, sent: RawPlace | None, meant: Place | None, names: Names) -> Bad | None:
    """Say why a record is refused that has plain text in place of a key, or count it (`Names`).

    `sent` is the clean place of a field, `meant` what was made of it, which has no such key.
    """
    if sent is None or meant is None or not (sent.address_key or sent.person_key):
        return None
    for name in ("address_key", "person_key"):
        if getattr(sent, name) and getattr(meant, name) is None:
            if names.refuse_plain:
                return Bad("plain_text", f"{field}.{name}", f"{field}.{name} {_PLAIN}")
            names.plain[f"{field}.{name}"] += 1
    return None


def kept_place(sent: RawPlace | None) -> RawPlace | None:
    """Return what is kept of a clean place, for the canonical JSON."""
    if sent is None:
        return None
    city, country, district, postal_code, province, region_code = _kept_names(_names_of(sent))
    return RawPlace(
        kept.key(sent.address_key),
        city,
        country,
        district,
        kept.key(sent.person_key),
        postal_code,
        province,
        region_code,
    )


@lru_cache(_MAX_PLACES)
def _kept_names(names: _Names) -> tuple[str | None, ...]:
    city, country, district, postal_code, province, region_code, _ = names
    return (
        kept.place_name(city),
        kept.country(country),
        kept.district(district),
        kept.postal_code(postal_code),
        kept.place_name(province),
        kept.region_code(region_code),
    )


def _names_of(sent: RawPlace) -> _Names:
    return (
        sent.city,
        sent.country,
        sent.district,
        sent.postal_code,
        sent.province,
        sent.region_code,
        sent.site,
    )


def _with_keys(
    sent: RawPlace, known: _Known, address: str | None, person: str | None
) -> tuple[RawPlace | None, Place | None]:
    if address is None and person is None:
        return (None, None) if known.nothing else (sent, known.place)
    place = known.place
    return sent, Place(
        place.province,
        place.city,
        kept.key(address) or None,
        kept.key(person) or None,
        place.postal_code,
        place.unrecognised,
    )


def _look_up(sent: _Names) -> _Known:
    city, country, district, postal_code, province, region_code, site = (
        None if text is None else short(text) for text in sent
    )
    known = _meaning(sent, (city, country, district, postal_code, province, region_code, site))
    if len(places) >= _MAX_PLACES:
        places.clear()
    places[sent] = known
    return known


def _meaning(sent: _Names, clean_names: _Names) -> _Known:
    city, country, _, postal_code, province, region_code, _ = clean_names
    where = (country or "CN").upper()
    codes = find(where, region_code, province, city)
    place = Place(
        *codes,
        postal_code=kept.postal_code(postal_code) or None,
        unrecognised=None
        if codes[0]
        else kept.unrecognised("" if where == "CN" else where, province, city),
    )
    return _Known(clean_names, sent == clean_names, place, not any(n is not None for n in sent))
