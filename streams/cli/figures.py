"""Every figure of a profile in words, with where it was read: for `rules sources` and the docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from streams.cli.describe import default_promise, limits, rules_of
from streams.profiles.calendars import calendar
from streams.profiles.model import Profile
from streams.profiles.money import ALL_PRESALES, Scale, Step, spelled
from streams.profiles.registry import RuleSpec
from streams.profiles.sources import Source
from streams.rules.fields import duration, lanes_read
from streams.telemetry.counted import counted

_LONGEST = 100
"""Characters of a row, about."""
_PRESALES = {
    frozenset({0}): "no presale",
    frozenset({1}): "full presale",
    frozenset({2}): "deposit presale",
}


class Figure(NamedTuple):
    """One figure: the field of the profile that has it, what that says, where it was read."""

    field: str
    says: str
    source: Source


def figures(
    profile: Profile, specs: Mapping[str, RuleSpec], data: Mapping[str, Any]
) -> list[Figure]:
    """All figures of a profile; `data` is its file with those that it changes."""
    return [
        Figure(field, says, profile.source_of(field))
        for field, says in _said(profile, specs, data)
        if says
    ]


def _said(
    profile: Profile, specs: Mapping[str, RuleSpec], data: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """(field, what it says), in the order of the page."""
    days = data.get("business_days")
    promise = "default_promise_hours" if days is None else "business_days"
    for text in default_promise(profile.terms.default_promise).split("; "):
        yield promise, text
    if days and "calendar" in days:
        last = calendar(days["calendar"]).last
        yield "business_days.calendar", f"holidays of {days['calendar']}, known until {last}"
    for row in days["holidays"] if days and "holidays" in days else ():
        yield "business_days.holidays", f"{row['name']}: {counted(len(row['days']), 'holiday')}"
    if "lanes" in data:
        for text in lanes_read(profile.terms.lanes):
            yield "lanes", text
    rules = rules_of(profile)
    for name, spec in specs.items():
        if name in rules and name in data["rules"]:
            for text in _rows(limits(rules[name], profile, replace(spec, terms=()))):
                yield f"rules.{name}", text
    yield from _money(profile)
    meter = data.get("meter", {})
    if "unshipped_after_hours" in meter:
        yield "meter", f"out of stock: {meter['unshipped_after_hours']:g} h after the promise"
    for line in data.get("lines", ()):
        yield f"lines.{line['name']}", _line(line)
    if profile.appeal_days is not None:
        yield "appeal_days", counted(profile.appeal_days, "day")


def _rows(texts: Iterable[str]) -> Iterator[str]:
    """Short texts beside each other, as far as a row can be read."""
    row = ""
    for text in texts:
        longer = f"{row} · {text}" if row else text
        if row and len(longer) > _LONGEST:
            yield row
            longer = text
        row = longer
    if row:
        yield row


def _line(line: Mapping[str, Any]) -> str:
    """A line in words: `late > 10 % of a day; of up to 10, 3`."""
    sign = "≥" if line.get("comparator", "ge") == "ge" else ">"
    grades = line.get("grades") or [line]
    bounds = [
        f"{each['percent']:g} %" if "percent" in each else str(each["count"]) for each in grades
    ]
    window = line.get("window") or {}
    over = f"{counted(line['days'], 'day')} running" if line.get("days", 1) > 1 else "a day"
    if "days" in window:
        over = counted(window["days"], "day")
    elif "calendar" in window:
        over = f"a calendar {window['calendar']}"
    words = [f"{line['orders'].replace('_', ' ')} {sign} {', '.join(bounds)} of {over}"]
    if "lag_days" in window:
        words.append(f"{counted(window['lag_days'], 'day')} behind")
    if line.get("subject") == "product":
        words.append("of a product")
    if "least" in line:
        what = "of them" if line.get("counting", "orders") == "orders" else "in all"
        words.append(f"at least {line['least']} {what}")
    if "few" in line:
        words.append(f"of up to {line['few']['up_to']}, {line['few']['count']}")
    return "; ".join(words)


def _money(profile: Profile) -> Iterator[tuple[str, str]]:
    exposure = profile.exposure
    for (rule, stage), scales in exposure.sums.items():
        for scale in scales:
            yield f"exposure.{rule}", f"{stage}: {_scale(scale, exposure.currency)}"
    if exposure.together is not None:
        rules = sorted(exposure.together.rules)
        cap = spelled(exposure.currency, exposure.together.cap, exposure.together.cap)
        most = f"{_percent(exposure.together.share)} and {cap} of one order"
        yield "exposure.together", f"at most {most}, of these together:"
        yield "exposure.together", ", ".join(rules)
    if exposure.cap_per_buyer_day is not None:
        most_of_day = exposure.cap_per_buyer_day
        yield (
            "exposure.cap_per_buyer_day",
            spelled(exposure.currency, most_of_day, most_of_day),
        )
    if exposure.sums:
        postage = "without postage" if exposure.without_postage else "with postage"
        yield "exposure", f"shares of what was paid, {postage}"


def _scale(scale: Scale, currency: str) -> str:
    words = []
    if scale.presales != ALL_PRESALES:
        words.append(_PRESALES.get(scale.presales, "presale"))
    if scale.promise_up_to is not None:
        words.append(f"promised within {duration(scale.promise_up_to)}")
    tiers = (" and " if scale.added else ", then ").join(_step(s, currency) for s in scale.tiers)
    return f"{', '.join(words)}: {tiers}" if words else tiers


def _step(step: Step, currency: str) -> str:
    text = f"{_percent(step.share)} ({spelled(currency, step.floor, step.cap)})"
    if step.buyer_day:
        text += f", a buyer's day {spelled(currency, step.buyer_day, step.buyer_day)}"
    return text


def _percent(basis_points: int) -> str:
    return f"{basis_points / 100:g} %"
