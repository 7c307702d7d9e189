"""Carriers and platforms by any of their names: the tables, and what was seen lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from schemas.cleaning import clean
from schemas.fields import MAX_ID_LENGTH
from streams.decode.texts import checked
from streams.reference.names import CARRIERS, PLATFORMS

T = TypeVar("T")

_MAX_NAMES = 4096
MAX_UNLISTED = 1000


class Names:
    """Tables of aliases, keyed by clean lower-case names, with a memory of names as sent.

    What a table does not hold keeps its name, in lower case, and is unknown; `judged` are platforms
    that are known besides, since a profile is of them.
    """

    def __init__(
        self,
        carriers: Mapping[str, str],
        platforms: Mapping[str, str],
        judged: Iterable[str] = (),
    ) -> None:
        self._carriers, self._platforms = carriers, platforms
        self._known = {"carrier": set(carriers.values()), "platform": set(platforms.values())}
        self._known["platform"].update(judged)
        self.carriers: dict[str, str] = {}
        """Carriers seen lately, as sent → their codes."""
        self.platforms: dict[str, tuple[str, str]] = {}
        """Platforms seen lately, as sent → clean, and their codes."""
        self.unlisted: dict[tuple[str, str], None] = {}
        """(kind, code) of names that were met and no table holds, in order; at most MAX_UNLISTED,
        and more is not remembered."""
        self.refuse_plain = False
        """Whether a record with plain text in place of a recipient's key is refused; if not, the
        key is unknown."""
        self.plain: Counter[str] = Counter()
        """Such keys that were met, by field."""

    def unknown(self, kind: str, codes: Iterable[str]) -> set[str]:
        """Which of these codes of a `kind`, "carrier" or "platform", no table holds."""
        return set(codes).difference(self._known[kind], ("",))

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
        return self._code("carrier", self._carriers, name.lower())

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
        return self._code("platform", self._platforms, name.lower())

    def _code(self, kind: str, table: Mapping[str, str], name: str) -> str:
        code = table.get(name, name)
        if code and code not in self._known[kind] and len(self.unlisted) < MAX_UNLISTED:
            self.unlisted[kind, code] = None
        return code


def _remember(cache: dict[str, T], sent: str, known: T) -> None:
    if len(cache) >= _MAX_NAMES:
        cache.clear()
    cache[sent] = known


BUILT_IN = Names(CARRIERS, PLATFORMS)
"""The tables that the project brings along, and no others."""


def with_own(
    own_carriers: Mapping[str, str], own_platforms: Mapping[str, str], judged: Iterable[str]
) -> Names:
    """The project's tables with an operator's rows laid over them."""
    return Names({**CARRIERS, **own_carriers}, {**PLATFORMS, **own_platforms}, judged)
