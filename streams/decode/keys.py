"""The parcel's key: carrier and tracking number, normalised."""

from __future__ import annotations

import unicodedata

_MAX_CARRIERS = 4096
carriers: dict[str, str] = {}
"""Names seen lately, as sent → normalised."""


def normalise_number(number: str) -> str:
    """Return the number in NFKC, without white space, upper-case; hyphens stay."""
    if number.isascii() and number.isalnum():
        return number.upper()
    return "".join(unicodedata.normalize("NFKC", number).split()).upper()


def normalise_carrier(carrier: str) -> str:
    """Return the carrier trimmed and lower-case; empty where it holds a colon and can be no key."""
    known = carriers.get(carrier)
    if known is not None:
        return known
    name = "" if ":" in carrier else carrier.strip().lower()
    if len(carriers) >= _MAX_CARRIERS:
        carriers.clear()
    carriers[carrier] = name
    return name


def parcel_key(carrier: str, number: str) -> str:
    """Return `carrier:NUMBER`, both normalised: the key of everything about one parcel."""
    return f"{normalise_carrier(carrier)}:{normalise_number(number)}"
