"""Places as sent to place codes."""

from __future__ import annotations

from streams.decode.raw import RawLocation, RawRecipient
from streams.facts.facts import Place
from streams.reference.places import normalise

_MAX_PLACES = 50_000
places: dict[tuple[str | None, str | None, str | None], Place] = {}
"""Places seen lately, by province, city and region code as sent."""


def location_place(sent: RawLocation) -> Place:
    """Return where a checkpoint was recorded; equal places are one object."""
    key = (sent.province, sent.city, sent.region_code)
    return places.get(key) or _place(key)


def recipient_place(sent: RawRecipient) -> Place:
    """Return a recipient or sender; an empty key is an unknown one."""
    key = (sent.province, sent.city, sent.region_code)
    place = places.get(key) or _place(key)
    return Place(place.province, place.city, sent.address_key or None, sent.person_key or None)


def _place(key: tuple[str | None, str | None, str | None]) -> Place:
    place = Place(*normalise(*key))
    if len(places) >= _MAX_PLACES:
        places.clear()
    places[key] = place
    return place
