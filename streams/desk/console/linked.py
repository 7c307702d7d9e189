"""What a dashboard's number asks for, as the warning centre does: the same addresses lead to a
worker's page of warnings (`streams/web/query.py`), so that one variable leads to either."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from streams.desk.console.filters import DUE, parsed
from streams.desk.console.words import LANGUAGES
from streams.telemetry.metrics import OTHER

_OWN = {"shop": "shop_id"}
"""Filters that the warning centre calls otherwise."""

_FILTERS = ("platform", "shop", "rule", "stage", "state", "carrier")
_ANY = frozenset(("all", "All", "$__all", ".*"))
"""How dashboards say that a filter takes everything."""


class Linked(NamedTuple):
    """The warning centre's own query, and the language of the dashboard (empty: none is named)."""

    query: str
    language: str


def linked(query: str) -> Linked | None:
    """A dashboard's question in the words of the warning centre; None: it is no dashboard's.

    What metrics call `other` are shops without a name there: all shops are shown then.
    """
    given: dict[str, list[str]] = {}
    sent = parsed(query)
    for name, values in sent.items():
        given.setdefault(name.removeprefix("var-"), []).extend(values)
    if not given.keys() & {"shop", "within_hours", "lang"} and given.keys() == sent.keys():
        return None
    pairs = [("tab", "all")]
    for name in _FILTERS:
        values = given.get(name, [])
        if not {*values} & {*_ANY, OTHER}:
            pairs += [(_OWN.get(name, name), value) for value in values]
    within = "".join(given.get("within_hours", [])[:1])
    if within in DUE:
        # What is over already is not due any more.
        pairs = [pair for pair in pairs if pair[0] != "state"]
        pairs += [("state", "open"), ("due", within)]
    language = "".join(given.get("lang", [])[:1])
    return Linked(urlencode(pairs), language if language in LANGUAGES else "")
