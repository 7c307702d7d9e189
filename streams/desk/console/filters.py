"""What the warning centre is asked for: from a page's address and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from streams.desk.access.who import Who
from streams.desk.database.lists import Order
from streams.desk.database.wanted import DIMENSIONS, SHORTEST_TEXT, STANDING, Wanted
from streams.facts.times import HOUR
from streams.profiles.money import decimals_of

TABS: dict[str, Callable[[Who], dict[str, Any]]] = {
    "todo": lambda who: {"attention": True},
    "mine": lambda who: {"assignee": who.name},
    "acknowledged": lambda who: {"acknowledged": True},
    "snoozed": lambda who: {"snoozed": True},
    "handed_over": lambda who: {"handed_over": True},
    "known": lambda who: {"known": True},
    "all": lambda who: {},
    "ended": lambda who: {"state": ("resolved", "withdrawn")},
}
"""Tab → what it asks for; the first is shown where none is named."""

DUE = ("over", "1", "2", "4", "6", "12", "24", "72")
"""Deadlines to choose from: already over, or within so many hours."""

LONGEST = 128
MOST_VALUES = 200
_MOST_UNITS = 1_000_000_000

Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as the page has it; `given` are the parameters that it is made of, `remarks` the
    keys of the words for what was left aside."""

    tab: str
    order: Order
    wanted: Wanted
    given: dict[str, tuple[str, ...]]
    remarks: tuple[str, ...]

    def query(self, **changes: str | None) -> str:
        """The filter as the query of an address, with some parameters changed or taken out."""
        given = {**self.given, **{k: (v,) for k, v in changes.items() if v is not None}}
        pairs = [
            (name, value)
            for name, values in given.items()
            if changes.get(name, "") is not None
            for value in values
        ]
        return urlencode(pairs)

    def one(self, name: str) -> str:
        """The value of a parameter that has one; empty where it was not given."""
        return next(iter(self.given.get(name, ())), "")

    @property
    def narrowed(self) -> bool:
        """Whether anything but the tab and the order was chosen."""
        return bool(set(self.given) - {"tab", "sort"})


def parsed(query: str) -> dict[str, list[str]]:
    """The parameters of a query; those without a value are left out."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, max_num_fields=2_000):
        found.setdefault(name, []).append(value)
    return found


def read(params: Params, who: Who, now: int) -> Filter:
    """The filter that parameters name. What makes no sense is left aside, and noted."""
    clean = {
        name: tuple(value for value in values if value and "\0" not in value)[:MOST_VALUES]
        for name, values in params.items()
    }
    given: dict[str, tuple[str, ...]] = {}
    remarks: list[str] = []

    def one(name: str) -> str:
        return next(iter(clean.get(name, ())), "")[:LONGEST].strip()

    tab = one("tab") if one("tab") in TABS else next(iter(TABS))
    order: Order = "newest" if one("sort") == "newest" else "due"
    if tab != next(iter(TABS)):
        given["tab"] = (tab,)
    if order == "newest":
        given["sort"] = ("newest",)
    asked: dict[str, Any] = {"only_shops": who.shops, **TABS[tab](who)}
    for name in DIMENSIONS:
        values = clean.get(name, ())
        if name == "state":
            values = tuple(value for value in values if value in asked.get("state", STANDING))
        if values:
            given[name] = values
            # A value that is not stated has no letters to stand for it in an address.
            asked[name] = tuple("" if value == NONE else value for value in values)
    if text := one("q"):
        given["q"] = (text,)
        if len(text) >= SHORTEST_TEXT:
            asked["text"] = text
        else:
            remarks.append("note_short")
    if (assignee := one("assignee")) and "assignee" not in asked:
        given["assignee"] = (assignee,)
        asked["assignee"] = assignee
    if (due := one("due")) in DUE:
        given["due"] = (due,)
        asked["due_to"] = now + (0 if due == "over" else int(due) * HOUR)
    _read_cost(one, given, asked, remarks)
    return Filter(tab, order, Wanted(**asked), given, tuple(remarks))


NONE = "(none)"
"""In an address: the value is not stated."""


def _read_cost(
    one: Callable[[str], str],
    given: dict[str, tuple[str, ...]],
    asked: dict[str, Any],
    remarks: list[str],
) -> None:
    """The least that a warning may cost, in whole units of a currency."""
    cost = one("cost")
    if not cost:
        return
    currency = one("currency").upper()[:8] or "CNY"
    given["cost"] = (cost,)
    given["currency"] = (currency,)
    if not (cost.isascii() and cost.isdecimal() and int(cost) <= _MOST_UNITS):
        remarks.append("note_cost")
        return
    asked["currency"] = currency
    asked["most_from"] = int(cost) * 10 ** decimals_of(currency)
