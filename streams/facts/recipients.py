"""Whether two recipients are known to be different people or places: unknown is not different."""

from __future__ import annotations

from typing import TypeVar

from streams.facts.facts import Place

T = TypeVar("T", int, str)


def differ(a: Place | None, b: Place | None, by: str) -> bool | None:
    """Whether two recipients differ `by` "person" (person hashes) or "address" (address hashes,
    else province or city); None: what is known does not tell."""
    if a is None or b is None:
        return None
    if by == "person":
        known, other = a.person_key, b.person_key
    else:
        known, other = a.address_key, b.address_key
    if known is not None and other is not None:
        return known != other
    if by != "person" and (unequal(a.province, b.province) or unequal(a.city, b.city)):
        return True
    return None


def unequal(a: T | None, b: T | None) -> bool:
    """Whether both are known and not the same."""
    return a is not None and b is not None and a != b
