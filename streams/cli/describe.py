"""Rules and profiles in words, for `rules list` and `rules show`."""

from __future__ import annotations

import dataclasses
from datetime import timedelta, timezone
from importlib import import_module
from typing import Any, get_args

from streams.core.episodes import Limit
from streams.core.facts import STATUSES
from streams.core.times import DAY, HOUR, to_datetime
from streams.profiles.model import Profile
from streams.rules import RULES, LinkRule, OrderRule, ParcelRule

_BEIJING = timezone(timedelta(hours=8))
_SUBJECTS = ((OrderRule, "order"), (ParcelRule, "parcel"), (LinkRule, "parcel × order"))


def subject(rule: str) -> str:
    """What a rule is about."""
    for union, name in _SUBJECTS:
        if any(each.name == rule for each in (get_args(union) or (union,))):
            return name
    raise KeyError(rule)


def says(rule: str) -> str:
    """What a rule finds, in one sentence."""
    text = import_module(f"streams.rules.{rule}").__doc__ or ""
    return text.strip().partition("\n")[0]


def rules_of(profile: Profile) -> dict[str, Any]:
    """A profile's rules by name, in the order in which rules are listed."""
    by_name = {
        rule.name: rule
        for rule in (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
    }
    return {name: by_name[name] for name in RULES if name in by_name}


def limits(rule: Any) -> list[str]:
    """The thresholds of a rule as a profile sets them, each in a few words."""
    return [
        text
        for field in dataclasses.fields(rule)
        if (text := _threshold(rule, field.name, getattr(rule, field.name)))
    ]


def duration(us: int) -> str:
    """A length of time: `30 d` from ten days on, where it is whole days, else `48 h`."""
    if us >= 10 * DAY and us % DAY == 0:
        return f"{us // DAY} d"
    return f"{us / HOUR:g} h"


def moment(us: int | None) -> str:
    """A point in time as the platforms give it, in UTC+8 and to the second."""
    if us is None:
        return ""
    return to_datetime(us).astimezone(_BEIJING).isoformat(timespec="seconds")


def _threshold(rule: Any, name: str, value: Any) -> str:
    if value is None and name != "ended_by":
        return ""
    if isinstance(value, Limit):
        return _limit(name, value)
    if name == "ended_by":
        return "ended by " + _statuses(value)
    if name == "default_promise":
        return f"without a promise {duration(value)}"
    if name == "differs_by":
        return f"another {'address' if value == 'address' else value}"
    if name == "window":
        return f"within {duration(value)}"
    if name == "severity":
        return "" if value == "critical" else f"severity {value}"
    shown = _statuses(value) if isinstance(value, frozenset) else value
    return f"{name.replace('_', ' ')} {shown}"


def _limit(stage: str, limit: Limit) -> str:
    """`> 24 h`, `serious ≥ 72 h`; a limit of no length of its own is the order's promise."""
    length = duration(limit.length) if limit.length else "the promise"
    text = f"{'≥' if limit.at_least else '>'} {length}"
    if stage != "violation":
        text = f"{stage} {text}"
    return text if limit.severity == "critical" else f"{text} ({limit.severity})"


def _statuses(codes: frozenset[int] | None) -> str:
    if codes is None:
        return "any record"
    return ", ".join(STATUSES[code] for code in sorted(codes))
