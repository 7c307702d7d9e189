"""What the fields of a rule are: how a profile says each, and how each reads on a screen.

A rule is a frozen dataclass; the type of a field says all that is known of it. `streams.profiles`
makes the strict table of the profile from these types, the commands read them out.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from streams.facts.facts import STATUSES
from streams.facts.times import DAY, HOUR, MINUTE
from streams.reference.places import province_name
from streams.rules.episodes import Limit
from streams.rules.lanes import LaneLimits, Lanes


class Duration(NamedTuple):
    """A length of time, in µs for the rule: a profile says it in a `unit` of `length` µs.

    It may be `least` (with `above`: more than that) to `most` of them, in `whole` ones or not.
    """

    unit: str
    length: int
    least: float
    most: float
    above: bool = False
    whole: bool = False


class Between(NamedTuple):
    """The least and the most that a number may be; of a duration, in its unit."""

    least: float
    most: float


class Called(NamedTuple):
    """What a profile calls the field, where that is not its name."""

    name: str


class Reads(NamedTuple):
    """How the field reads: `text` with the value for {}; where there is none, `otherwise`."""

    text: str
    otherwise: str = ""


@dataclass(frozen=True)
class Promise:
    """Marks a limit whose length is the order's own promise: a profile only says how it breaks."""


@dataclass(frozen=True)
class ProvinceCodes:
    """Marks provinces: two digits of GB/T 2260 as numbers."""


@dataclass(frozen=True)
class StatusCodes:
    """Marks statuses by their codes; None is any record."""


InHours = Annotated[int, Duration("hours", HOUR, 0, 24 * 365, above=True)]
"""µs; `grace: InHours` is `grace_hours` in a profile."""
InDays = Annotated[int, Duration("days", DAY, 1, 365, whole=True)]
"""µs; `window: InDays` is `window_days` in a profile."""
InMinutes = Annotated[int, Duration("minutes", MINUTE, 0, 60 * 24 * 7)]
"""µs; `tolerance: InMinutes` is `tolerance_minutes` in a profile."""
Provinces = Annotated[frozenset[int], ProvinceCodes()]
Statuses = Annotated[frozenset[int] | None, StatusCodes()]
Severity = Annotated[Literal["critical", "warning", "info"], Reads("{}")]
RectifyWithin = Annotated[InHours | None, Reads("to be put right in {}")]
"""How long the seller has to put right what a check sees, as far as the profile sets a time."""
OwnPromise = Annotated[Limit, Promise()]


@dataclass(frozen=True, slots=True)
class RuleField:
    """One field of a rule: its name, its bare type, the marks on it, whether it may be None, and
    whether a profile must say it."""

    name: str
    type: Any
    marks: tuple[Any, ...]
    optional: bool
    required: bool

    def mark(self, kind: type) -> Any:
        """The mark of this kind; of several the last, None where there is none."""
        return next((each for each in reversed(self.marks) if isinstance(each, kind)), None)

    @property
    def said(self) -> str:
        """The name that a profile says: with the unit where there is one."""
        called, length = self.mark(Called), self.mark(Duration)
        if called is not None:
            return str(called.name)
        return self.name if length is None else f"{self.name}_{length.unit}"

    def reads(self, value: Any) -> str:
        """A value of the field in a few words; empty where there is nothing to say."""
        if isinstance(value, Limit):
            return limit_reads(self.name, value)
        if isinstance(value, LaneLimits):
            return ", ".join(
                limit_reads(self.name, limit, _LANES[lane])
                for lane, limit in zip(value._fields, value, strict=True)
            )
        reads = self.mark(Reads) or Reads(f"{self.name.replace('_', ' ')} {{}}")
        if value is None and not self.mark(StatusCodes):
            return str(reads.otherwise)
        if value is False or (self.mark(ProvinceCodes) and not value):
            return str(reads.otherwise)
        return str(reads.text).format(self._text(value))

    def _text(self, value: Any) -> str:
        if self.mark(Duration):
            return duration(value)
        if self.mark(ProvinceCodes):
            return provinces_read(value)
        if self.mark(StatusCodes):
            return statuses_read(value)
        if value is True:
            return "yes"
        return value.replace("_", " ") if isinstance(value, str) else str(value)


def fields_of(rule: type) -> tuple[RuleField, ...]:
    """The fields of a rule's class, in its order. Raises TypeError where a number has no unit."""
    hints = get_type_hints(rule, include_extras=True)
    return tuple(_field(rule, each, hints[each.name]) for each in dataclasses.fields(rule))


def _field(rule: type, field: dataclasses.Field[Any], hint: Any) -> RuleField:
    marks: list[Any] = []
    optional = False
    kind = hint
    while True:
        if get_origin(kind) is Annotated:
            kind, *inner = get_args(kind)
            marks[:0] = inner
        elif get_origin(kind) in (Union, types.UnionType) and types.NoneType in get_args(kind):
            rest = [each for each in get_args(kind) if each is not types.NoneType]
            if len(rest) > 1:
                break
            optional, kind = True, rest[0]
        else:
            break
    required = field.default is field.default_factory is dataclasses.MISSING
    found = RuleField(field.name, kind, tuple(marks), optional, required)
    if kind in (int, float) and not (found.mark(Duration) or found.mark(Between)):
        raise TypeError(
            f"{rule.__name__}.{field.name}: a number of what? allowed: InHours, InDays, InMinutes, "
            f"or Annotated[{kind.__name__}, Between(least, most)]"
        )
    return found


def duration(us: int) -> str:
    """A length of time: `30 d` from ten days on, where it is whole days, else `48 h`."""
    if us >= 10 * DAY and us % DAY == 0:
        return f"{us // DAY} d"
    return f"{us / HOUR:g} h" if us >= HOUR / 2 else f"{us / MINUTE:g} min"


def limit_reads(stage: str, limit: Limit, lane: str = "") -> str:
    """`> 24 h`, `serious ≥ 72 h`; a limit of no length of its own is the order's promise."""
    length = duration(limit.length) if limit.length else "the promise"
    text = f"{'≥' if limit.at_least else '>'} {length}"
    if lane:
        text = f"{lane} {text}"
    if stage != "violation":
        text = f"{stage} {text}"
    return text if limit.severity == "critical" else f"{text} ({limit.severity})"


_LANES = {"near": "near", "cross": "other provinces", "remote": "remote"}


def provinces_read(codes: Iterable[int]) -> str:
    """Provinces by name and code."""
    return ", ".join(f"{province_name(code)} {code}" for code in sorted(codes))


def lanes_read(lanes: Lanes) -> list[str]:
    """What decides the lane, each in a few words."""
    groups = "".join(f"; within {provinces_read(group)}" for group in lanes.near_groups)
    return [
        f"remote: {provinces_read(lanes.remote)}" if lanes.remote else "no remote provinces",
        f"not judged: {provinces_read(lanes.excluded)}" if lanes.excluded else "",
        f"near: the same province{groups}",
    ]


def statuses_read(codes: Iterable[int] | None) -> str:
    """Statuses by name; None: any record."""
    return "any record" if codes is None else ", ".join(STATUSES[code] for code in sorted(codes))
