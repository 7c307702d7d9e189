"""Rules and profiles in words, for the commands about rules."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from streams.facts.times import BEIJING, to_datetime
from streams.profiles.exemptions import WEEKDAYS
from streams.profiles.fields import LaneStage, PromiseStage, Stage
from streams.profiles.model import Profile
from streams.profiles.packs import Guarded
from streams.profiles.registry import SPECS, RuleSpec
from streams.profiles.table import table_of
from streams.reference.places import official_name, province_name
from streams.rules.business_days import BusinessDays
from streams.rules.fields import (
    RuleField,
    duration,
    fields_of,
    lanes_read,
    limit_reads,
)
from streams.rules.pauses import Exemption
from streams.telemetry.counted import counted


def says(spec: RuleSpec) -> str:
    """What a rule finds, in one sentence: the first line of its file."""
    if spec.name in SPECS:
        text = import_module(f"streams.rules.{spec.name}").__doc__
    else:
        text = sys.modules[table_of(spec).__module__].__doc__
    return (text or "a rule of a pack").strip().partition("\n")[0]


def rules_of(profile: Profile) -> dict[str, Any]:
    """A profile's rules by name; a rule that is not there is off."""
    rules = (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
    return {rule.name: rule for rule in rules}


def limits(rule: Any, profile: Profile, spec: RuleSpec) -> list[str]:
    """The thresholds of a rule as a profile sets them, each in a few words."""
    own = rule.rule if isinstance(rule, Guarded) else rule
    table = rule.table if isinstance(rule, Guarded) else None
    if table is None:
        texts = [field.reads(getattr(own, field.name)) for field in fields_of(type(own))]
    else:
        texts = [_in_words(name, getattr(table, name)) for name in type(table).model_fields]
    if "lanes" in spec.terms:
        texts += lanes_read(profile.terms.lanes)
    if "promise" in spec.terms:
        texts.append(default_promise(profile.terms.default_promise))
    return [text for text in texts if text]


def default_promise(promise: int | BusinessDays | None) -> str:
    """When an order is due that brings no promise of its own."""
    if promise is None:
        return "by a stated promise alone"
    if isinstance(promise, int):
        return f"without a promise {duration(promise)}"
    days = counted(promise.promise_days, "working day")
    text = f"without a promise {promise.ends_at} {promise.zone}, {days} after the payment"
    if promise.cut_off is not None:
        text += f"; of one later than {promise.cut_off}, after the next working day"
    week = ", ".join(WEEKDAYS[day] for day in sorted(promise.week))
    free = f"without {counted(len(promise.holidays), 'holiday')}"
    if promise.holidays:
        free += f" until {max(promise.holidays)}"
    if promise.working_days:
        free += f", with {', '.join(str(day) for day in sorted(promise.working_days))}"
    return f"{text}; working days {week} {free}"


def exemption(row: Exemption) -> list[str]:
    """An exemption in words: when, where, for whom."""
    times = row.pauses
    if row.until is not None:
        since, to = row.until.within
        which = f"orders {row.until.counts} from {moment(since)} to {moment(to)}"
        words = [f"{row.name}: {which} are due by {moment(row.until.date)}, or later if promised"]
        return words + _for_whom(row)
    if len(times) == 1:
        text = f"{moment(times[0][0])} to {moment(times[0][1])}"
    elif times:
        stretches = counted(len(times), "stretch", plural="stretches")
        text = f"{stretches}, {moment(times[0][0])} to {moment(times[-1][1])}"
    else:
        text = "never"
    words = [f"{row.name}: clocks stand still {text}", *_for_whom(row)]
    if row.rules:
        words.append(f"only {', '.join(sorted(row.rules))}")
    if not row.promises:
        words.append("not where the order itself gives the time")
    return words


def _for_whom(row: Exemption) -> list[str]:
    """The places and carriers to which an exemption is narrowed."""
    words = []
    if row.regions:
        names = [f"{_region(code)} {code}" for code in sorted(row.regions)]
        words.append(f"from or to {', '.join(names)}")
    if row.carriers:
        words.append(f"carriers {', '.join(sorted(row.carriers))}")
    return words


def _region(code: int) -> str:
    return (official_name(str(code)) if code > 99 else None) or province_name(code)


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


def moment(us: int | None) -> str:
    """A point in time as the platforms give it, in UTC+8 and to the second."""
    if us is None:
        return ""
    return to_datetime(us).astimezone(BEIJING).isoformat(timespec="seconds")


def _in_words(name: str, value: Any) -> str:
    """A field of a pack's own table, in the profile's own unit."""
    if isinstance(value, Stage):
        return limit_reads(name, value.limit())
    if isinstance(value, LaneStage):
        return RuleField(name, None, (), False, False).reads(value.limits())
    if isinstance(value, PromiseStage):
        return limit_reads(name, value.of(0))
    if name == "severity":
        return str(value)
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return "" if value is None else f"{name.replace('_', ' ')} {shown}"
