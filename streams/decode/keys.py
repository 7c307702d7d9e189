"""The parcel's key: carrier and tracking number, normalised."""

from __future__ import annotations

from schemas.cleaning import clean_id
from streams.decode.names import BUILT_IN, Names


def normalise_number(number: str) -> str:
    """Return the number clean, without white space, upper-case; hyphens stay."""
    if number.isascii() and number.isalnum():
        return number.upper()
    return number_of(clean_id(number))


def number_of(number: str) -> str:
    """Return a number that is clean without white space, upper-case."""
    return "".join(number.split()).upper()


def parcel_key(carrier: str, number: str, names: Names = BUILT_IN) -> str:
    """Return `carrier:NUMBER`, both normalised: the key of everything about one parcel."""
    return f"{names.carrier(carrier)}:{normalise_number(number)}"
