"""Rules and profiles in words, for the commands about rules."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from streams.facts.facts import STATUSES
from streams.facts.times import BEIJING, DAY, HOUR, MINUTE, to_datetime
from streams.profiles.model import Profile
from streams.profiles.packs import Guarded
from streams.profiles.registry import SPECS, RuleSpec
from streams.reference.places import province_name
from streams.rules.episodes import Limit
from streams.rules.pauses import Exemption


def says(spec: RuleSpec) -> str:
    """What a rule finds, in one sentence: the first line of its file."""
    if spec.name in SPECS:
        text = import_module(f"streams.rules.{spec.name}").__doc__
    else:
        text = sys.modules[spec.table.__module__].__doc__
    return (text or "a rule of a pack").strip().partition("\n")[0]


def rules_of(profile: Profile) -> dict[str, Any]:
    """A profile's rules by name; a rule that is not there is off."""
    rules = (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
    return {rule.name: rule for rule in rules}


def limits(rule: Any) -> list[str]:
    """The thresholds of a rule as a profile sets them, each in a few words."""
    own = rule.rule if isinstance(rule, Guarded) else rule
    return [
        text
        for field in dataclasses.fields(own)
        if (text := _threshold(field.name, getattr(own, field.name)))
    ]


def exemption(row: Exemption) -> list[str]:
    """An exemption in words: when, where, for whom."""
    times = row.pauses
    if len(times) == 1:
        text = f"{moment(times[0][0])} to {moment(times[0][1])}"
    elif times:
        text = f"{len(times)} stretches, {moment(times[0][0])} to {moment(times[-1][1])}"
    else:
        text = "never"
    words = [f"{row.name}: clocks stand still {text}"]
    if row.provinces:
        words.append(f"from or to {_provinces(row.provinces)}")
    if row.carriers:
        words.append(f"carriers {', '.join(sorted(row.carriers))}")
    if row.rules:
        words.append(f"only {', '.join(sorted(row.rules))}")
    if not row.promises:
        words.append("not where the order itself gives the time")
    return words


def leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """A table of a profile file as `field = value`, one line each."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, row in enumerate(value):
                yield from leaves(row, f"{prefix}{name}[{number}].")
        else:
            yield f"{prefix}{name} = {value}"


def duration(us: int) -> str:
    """A length of time: `30 d` from ten days on, where it is whole days, else `48 h`."""
    if us >= 10 * DAY and us % DAY == 0:
        return f"{us // DAY} d"
    return f"{us / HOUR:g} h" if us >= HOUR / 2 else f"{us / MINUTE:g} min"


def moment(us: int | None) -> str:
    """A point in time as the platforms give it, in UTC+8 and to the second."""
    if us is None:
        return ""
    return to_datetime(us).astimezone(BEIJING).isoformat(timespec="seconds")


def _threshold(name: str, value: Any) -> str:
    if name in _WORDS:
        return _WORDS[name](value)
    if value is None:
        return ""
    if isinstance(value, Limit):
        return _limit(name, value)
    if isinstance(value, tuple) and value and isinstance(value[0], Limit):
        lanes = getattr(value, "_fields", range(len(value)))
        texts = [_limit(name, each, str(lane)) for lane, each in zip(lanes, value, strict=True)]
        return ", ".join(texts)
    return f"{name.replace('_', ' ')} {value}"


def _limit(stage: str, limit: Limit, lane: str = "") -> str:
    """`> 24 h`, `serious ≥ 72 h`; a limit of no length of its own is the order's promise."""
    length = duration(limit.length) if limit.length else "the promise"
    text = f"{'≥' if limit.at_least else '>'} {length}"
    if lane:
        text = f"{_LANES.get(lane, lane)} {text}"
    if stage != "violation":
        text = f"{stage} {text}"
    return text if limit.severity == "critical" else f"{text} ({limit.severity})"


_LANES = {"cross": "other provinces"}


def _provinces(codes: frozenset[int]) -> str:
    return ", ".join(f"{province_name(code)} {code}" for code in sorted(codes))


def _groups(groups: tuple[frozenset[int], ...]) -> str:
    return "near: the same province" + "".join(f"; within {_provinces(each)}" for each in groups)


def _statuses(codes: frozenset[int] | None) -> str:
    if codes is None:
        return "any record"
    return ", ".join(STATUSES[code] for code in sorted(codes))


_WORDS: dict[str, Callable[[Any], str]] = {
    "at_least_records": lambda value: f"from {value} records on",
    "base": lambda value: f"against the {value} payment",
    "chain_from": lambda value: f"from the first of: {_statuses(value)}",
    "default_promise": lambda value: f"without a promise {duration(value)}",
    "differs_by": lambda value: f"another {value}",
    "ended_by": lambda value: f"ended by {_statuses(value)}",
    "excluded": lambda value: f"not judged: {_provinces(value)}" if value else "",
    "first": lambda value: f"by the first of: {value.replace('_', ' ')}",
    "lesser_severity": lambda value: f"{value} where only city or address differ",
    "near_groups": _groups,
    "notice": lambda value: "" if value else "no notice about formats",
    "notice_severity": lambda value: f"notice where the format does not fit ({value})",
    "rectify_within": lambda value: (
        "" if value is None else f"to be put right in {duration(value)}"
    ),
    "remote": lambda value: f"remote: {_provinces(value)}" if value else "no remote provinces",
    "severity": lambda value: str(value),
    "times": lambda value: f"{value} times the same",
    "tolerance": lambda value: f"more than {duration(value)} earlier",
    "window": lambda value: f"within {duration(value)}",
}
"""How thresholds read that are no limits, by the field of the rule."""
