"""What is asked of the list, and which warnings are in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from heapq import nsmallest
from typing import Any, NamedTuple

from schemas.cleaning import clean, clean_id
from streams.decode.names import BUILT_IN, Names
from streams.facts.times import HOUR, MILLISECOND
from streams.judge.warnings import Revision
from streams.outputs.message import warning_value
from streams.profiles.model import Profile
from streams.state.codec import published_of
from streams.state.standing import STANDING, UNKNOWN_SHOP
from streams.state.state import Finding, Published
from streams.telemetry.metrics import OTHER
from streams.texts.catalogue import STAGES

MOST = 500
USUAL = 200
LANGUAGES = ("en", "zh")
FORMATS = ("html", "json")

_FILTERS = ("platform", "shop", "rule", "stage", "state", "carrier")
_OTHERS = ("within_hours", "limit", "lang", "format")
_ANY = frozenset(("all", "All", "$__all", ".*"))
"""How dashboards say that a filter takes everything."""
_LONGEST = 60
"""Characters of a value that a refusal repeats."""

Label = Callable[[str, str], str]
"""What metrics call a shop, by platform and id: its name, or `other`."""


class Refused(ValueError):
    """The question is none; says which part, and what is allowed."""


class Query(NamedTuple):
    """Filters (empty: any), hours within which an open one is due (None: any), a limit, and how
    the answer is to look."""

    filters: Mapping[str, frozenset[str]]
    within_hours: float | None = None
    limit: int = USUAL
    language: str = "en"
    format: str = "html"

    def holds(self, finding: Finding, now: int, label: Label) -> bool:
        """Whether a warning is in the list at `now` (µs)."""
        if finding.state not in STANDING:
            return False
        if self.within_hours is not None:
            until = now + int(self.within_hours * HOUR)
            if finding.state != "open" or finding.deadline is None or finding.deadline > until:
                return False
        return all(
            _value(finding, name) in allowed
            or (name == "shop" and OTHER in allowed and _label(finding, label) == OTHER)
            for name, allowed in self.filters.items()
        )


def read(
    given: Mapping[str, list[str]],
    rules: Collection[str] | None = None,
    names: Names = BUILT_IN,
) -> Query:
    """The question that a URL's parameters ask. Raises Refused, with parameter, value and what is
    allowed. `rules` are the names that a rule may have; None: any.

    A filter may come several times, named as dashboards do (`var-shop`) too; their `All`, `$__all`
    and `.*` mean any. The shop `other` is every shop that metrics have no name for. Platforms
    and carriers may be named as messages name them, by `names`; shops are whatever messages say.
    """
    given = plain(given)
    for name in given:
        if name not in (*_FILTERS, *_OTHERS):
            allowed = ", ".join((*_FILTERS, *_OTHERS))
            raise Refused(f"{clipped(name)}: there is no such parameter; there are {allowed}")
    closed = {"rule": rules, "stage": STAGES, "state": STANDING}
    filters = {}
    for name in _FILTERS:
        values = frozenset(given.get(name, ())) - {""}
        for value in sorted(values - _ANY):
            _choice(name, value, closed.get(name))
        if values and not values & _ANY:
            filters[name] = frozenset(_as_stored(name, value, names) for value in values)
    within = _number(given, "within_hours", 0, 24 * 366)
    limit = _number(given, "limit", 1, MOST, whole=True)
    return Query(
        filters,
        within,
        USUAL if limit is None else int(limit),
        _choice("lang", _single(given, "lang") or "en", LANGUAGES),
        _choice("format", _single(given, "format") or "html", FORMATS),
    )


def _as_stored(name: str, value: str, names: Names) -> str:
    """What states have where messages have this value."""
    if name == "carrier":
        return names.carrier(value)
    if name == "platform":
        return names.platform_of(clean(value))
    return clean_id(value) if name == "shop" else value


def plain(given: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The parameters by their own names."""
    found: dict[str, list[str]] = {}
    for name, values in given.items():
        found.setdefault(name.removeprefix("var-"), []).extend(values)
    return found


class Selected(NamedTuple):
    """The most urgent warnings, and how many the list has in all."""

    first: list[Published]
    total: int


def select(
    query: Query, now: int, label: Label = lambda _, shop: shop
) -> Callable[[str, Iterator[list[tuple[bytes, bytes]]]], Selected]:
    """What a sweep over states looks for."""

    def visit(table: str, batches: Iterator[list[tuple[bytes, bytes]]]) -> Selected:
        kept: list[Published] = []
        total = 0
        for batch in batches:
            for _, value in batch:
                for entry in published_of(table, value):
                    if query.holds(entry.finding, now, label):
                        total += 1
                        kept.append(entry)
            if len(kept) > 4 * query.limit:
                kept = nsmallest(query.limit, kept, key=urgency)
        return Selected(nsmallest(query.limit, kept, key=urgency), total)

    return visit


def urgency(entry: Published) -> tuple[int, int, str]:
    """Sorts by what to do first: open ones by deadline, then checks, then the latest breaches."""
    finding = entry.finding
    if finding.state == "open":
        if finding.deadline is not None:
            return 0, finding.deadline, entry.warning_id
        return 1, -finding.opened_at, entry.warning_id
    return 2, -(finding.breached_at or 0), entry.warning_id


def row(entry: Published, profile: Profile | None = None) -> dict[str, Any]:
    """A warning as the list has it: the fields of the topic, but `evidence`, which is there.

    `detected_at` is when the revision was made; `feed` is left out, since it is no part of a state.
    `profile` is the one that judged.
    """
    revision = Revision(
        entry.warning_id, entry.revision, entry.finding, (), entry.revision * MILLISECOND
    )
    value = warning_value(revision, profile=profile)
    return {name: each for name, each in value.items() if name not in ("evidence", "feed")}


def _label(finding: Finding, label: Label) -> str:
    return label(finding.platform, finding.shop_id or UNKNOWN_SHOP)


def _value(finding: Finding, name: str) -> str:
    if name == "shop":
        return finding.shop_id or UNKNOWN_SHOP
    if name == "carrier":
        return (finding.parcel or ":").partition(":")[0]
    return str(getattr(finding, name))


def clipped(value: str) -> str:
    """What somebody sent, as a refusal repeats it: not without end."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _choice(name: str, value: str, allowed: Collection[str] | None) -> str:
    """The value, if it is one of a closed list (None: there is none)."""
    if allowed is not None and value not in allowed:
        raise Refused(f"{name}={clipped(value)!r}: allowed is {', '.join(allowed)}")
    return value


def _single(given: Mapping[str, list[str]], name: str) -> str | None:
    """The value of a parameter that has one; None: not given, or empty."""
    values = [value for value in given.get(name, ()) if value]
    if len(values) > 1:
        raise Refused(f"{name} is given {len(values)} times: once is allowed")
    return values[0] if values else None


def _number(
    given: Mapping[str, list[str]], name: str, least: float, most: float, *, whole: bool = False
) -> float | None:
    value = _single(given, name)
    if value is None:
        return None
    try:
        number = int(value) if whole else float(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        kind = "an integer" if whole else "a number"
        raise Refused(f"{name}={clipped(value)!r}: {kind} from {least:g} to {most:g} is allowed")
    return number
