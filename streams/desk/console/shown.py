"""How values look: times in Beijing, what is left, money, names of rules, carriers and places."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row

from streams.desk.console.words import Says
from streams.desk.database.wanted import STANDING
from streams.facts.times import BEIJING, HOUR, MINUTE, from_datetime, to_datetime
from streams.profiles.money import spelled
from streams.reference.places import official_name, province_name
from streams.reference.places.table import rows
from streams.texts.wording import Wording

SOON = 2 * HOUR
TODAY = 12 * HOUR
"""Less than so much is left: what stands out, and what stands out a little."""

_LAST = from_datetime(datetime.max.replace(tzinfo=BEIJING))


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a deadline: in words, how it looks, and the moment itself in ms."""

    text: str
    look: str
    at: int | None


class Shown:
    """Values as somebody reads them in one language at `now` (µs)."""

    def __init__(self, language: str, now: int) -> None:
        self.says = Says(language)
        self.language = language
        self.now = now
        self._words = Wording((language,))

    def moment(self, us: int | None) -> str:
        """`2026-11-21 18:00`, in Beijing; empty where there is none."""
        if us is None:
            return ""
        # What nobody can write in Beijing, the last hours of year 9999, stands as the last it can.
        return to_datetime(min(us, _LAST)).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")

    def brief(self, us: int | None) -> str:
        """`11-21 18:00`."""
        return self.moment(us)[5:]

    def span(self, us: int) -> str:
        """A length of time in its two greatest units: 3 d 4 h, 2 h 05 min."""
        minutes = abs(us) // MINUTE
        if minutes >= 48 * 60:
            return self.says("span_d", d=minutes // 1440, h=minutes % 1440 // 60)
        return self.says("span_h", h=minutes // 60, m=f"{minutes % 60:02}")

    def left(self, row: Row[Any]) -> Left:
        """What is left of a warning's deadline."""
        if row.state not in STANDING:
            return Left(self.word("states", row.state), "ended", None)
        if row.deadline is None:
            return Left(self.says("at_once"), "today", None)
        rest = row.deadline - self.now
        if rest <= 0:
            return Left(self.says("over", span=self.span(rest)), "over", row.deadline // 1000)
        look = "soon" if rest < SOON else "today" if rest < TODAY else "later"
        return Left(self.says("left", span=self.span(rest)), look, row.deadline // 1000)

    def rule(self, rule: str) -> str:
        """What a rule is called."""
        return self._words.title(rule)

    def word(self, section: str, name: object) -> str:
        """A state, a severity, a status."""
        return self._words.word(section, name)

    def value(self, dimension: str, value: str) -> str:
        """The value of a dimension that can be filtered by."""
        if value == "":
            return self.says("none_stated")
        if dimension == "rule":
            return self.rule(value)
        if dimension == "platform":
            return self.word("platforms", value)
        if dimension == "severity":
            return self.word("severities", value)
        if dimension == "state":
            return self.word("states", value)
        return self.says.known(dimension, value)

    def text(self, value: Mapping[str, Any], name: str) -> str:
        """A text of a warning that came in both languages."""
        return str((value.get(name) or {}).get(self.language) or "")

    def cost(self, kind: str | None, currency: str | None, least: Any, most: Any) -> str:
        """What a warning may cost."""
        if kind is None:
            return ""
        if kind == "strike":
            return self.says("strike")
        if currency is None or least is None or most is None:
            return self.says("cost_unknown")
        return spelled(currency, least, most)

    def share(self, basis_points: int | None) -> str:
        """A share as a percentage; a dash where there is nothing to take one of."""
        return "–" if basis_points is None else f"{basis_points / 100:.2f}%"

    def place(self, province: str | None, city: str | None) -> str:
        """A place by its codes."""
        return " ".join(dict.fromkeys(self._place(code) for code in (province, city) if code))

    def _place(self, code: str) -> str:
        if self.language == "en" and code in _latin():
            return _latin()[code]
        return province_name(code) if len(code) == 2 else official_name(code) or code


def value_of(row: Row[Any]) -> dict[str, Any]:
    """What the newest revision of a warning says."""
    found: dict[str, Any] = json.loads(row.value)
    return found


@cache
def _latin() -> dict[str, str]:
    """Code of a place → its name in Latin letters."""
    found = [(code, names) for code, kind, names in rows("names.tsv") if kind == "latin"]
    return {code: names.split(", ")[0] for code, names in found}
