"""Carriers and platforms by any of their names: the tables, and what was seen lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from schemas.cleaning import clean
from schemas.fields import MAX_ID_LENGTH
from streams.decode.texts import checked
from streams.reference import carriers, platforms

T = TypeVar("T")

_MAX_NAMES = 4096


class Names:
    """Tables of aliases, keyed by clean lower-case names, with a memory of names as sent.

    What a table does not hold keeps its name, in lower case.
    """

    def __init__(self, carriers: Mapping[str, str], platforms: Mapping[str, str]) -> None:
        self._carriers, self._platforms = carriers, platforms
        self.carriers: dict[str, str] = {}
        """Carriers seen lately, as sent → their codes."""
        self.platforms: dict[str, tuple[str, str]] = {}
        """Platforms seen lately, as sent → clean, and their codes."""

    def carrier(self, sent: str) -> str:
        """The code of a carrier; empty where its name can be no key: empty, too long, a colon."""
        known = self.carriers.get(sent)
        if known is None:
            name = clean(sent)
            known = self.carrier_of(name) if ":" not in name and len(name) <= MAX_ID_LENGTH else ""
            _remember(self.carriers, sent, known)
        return known

    def carrier_of(self, name: str) -> str:
        """The code of a carrier whose name is clean."""
        return self._carriers.get(name.lower(), name.lower())

    def platform(self, sent: str) -> tuple[str, str]:
        """A platform's name, clean, and its code; DoubtfulError where that name is too long."""
        known = self.platforms.get(sent)
        if known is None:
            name = checked(clean(sent))
            known = name, self.platform_of(name)
            _remember(self.platforms, sent, known)
        return known

    def platform_of(self, name: str) -> str:
        """The code of a platform whose name is clean."""
        return self._platforms.get(name.lower(), name.lower())


def _remember(cache: dict[str, T], sent: str, known: T) -> None:
    if len(cache) >= _MAX_NAMES:
        cache.clear()
    cache[sent] = known


BUILT_IN = Names(carriers.ALIASES, platforms.ALIASES)
"""The tables that the project brings along, and no others."""
