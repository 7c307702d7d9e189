"""`[rules.NAME]` of a profile: the strict table that the fields of a rule make.

A field's type says what may be there (`streams.rules.fields`); a pack that wants more than types
can say brings a subclass of `Table` of its own.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import Field, InstanceOf, TypeAdapter, ValidationError, create_model

from streams.profiles.fields import (
    Hours,
    LaneStage,
    PromiseStage,
    Provinces,
    Severity,
    Stage,
    Statuses,
    Strict,
    microseconds,
)
from streams.rules.episodes import Limit
from streams.rules.fields import (
    Between,
    Duration,
    Promise,
    ProvinceCodes,
    RuleField,
    StatusCodes,
    fields_of,
)
from streams.rules.lanes import LaneLimits
from streams.rules.rule import Rule
from streams.rules.spec import RuleSpec

_OF_EVERY_CHECK = ("severity", "rectify_within")


class Table(Strict):
    """A rule's table. It is what a profile file may say; `rule` is what the judge takes of it."""

    def rule(self) -> Rule:
        """The rule with these thresholds."""
        raise NotImplementedError


class CheckTable(Table):
    """What the table of every check has: how grave it is, and how long the seller has, if said."""

    severity: Severity = "critical"
    rectify_within_hours: Hours | None = None

    @property
    def within(self) -> int | None:
        """The time to put it right, in µs."""
        return microseconds(self.rectify_within_hours)


class MadeTable(Table):
    """A table that was made of a rule's fields; what it does not say, the rule's defaults say."""

    makes: ClassVar[type[Any]]

    def rule(self) -> Rule:
        """The rule with what the profile says, each in the form that the rule has it in."""
        said = {
            field.name: _taken(field, getattr(self, field.said))
            for field in fields_of(self.makes)
            if field.said in self.model_fields_set
        }
        made: Rule = self.makes(**said)
        return made


@cache
def table_of(spec: RuleSpec) -> type[Table]:
    """The table of a rule: its own, else the one that its fields make. Raises TypeError."""
    if spec.table is not None:
        own: type[Table] = spec.table
        return own
    if spec.rule is None:
        raise TypeError(f"{spec.name}: rule=, the rule's class, is needed")
    return _made(spec.rule)


def _made(rule: type[Any]) -> type[Table]:
    fields = sorted(fields_of(rule), key=lambda field: field.name not in _OF_EVERY_CHECK)
    said: dict[str, Any] = {
        field.said: (_said_as(field), ... if field.required else None) for field in fields
    }
    made: type[MadeTable] = create_model(
        f"{rule.__name__}Table",
        __base__=MadeTable,
        __module__=rule.__module__,
        __doc__=f"`[rules.{getattr(rule, 'name', rule.__name__)}]`",
        **said,
    )
    made.makes = rule
    return made


def look_at_defaults(rule: type[Any]) -> None:
    """That what a rule's fields are without a profile is of their types; raises TypeError."""
    values = {field.name: field.default for field in dataclasses.fields(rule)}
    for field in fields_of(rule):
        value = values[field.name]
        if field.required or value is dataclasses.MISSING:
            continue
        if value is None and (field.optional or field.mark(StatusCodes)):
            continue
        length = field.mark(Duration)
        kind = _kind(field)
        if length is not None:
            kind = Annotated[int, _bounds(field, length.length)]
        elif not field.mark(Between):
            kind = field.type
        try:
            _adapter(kind).validate_python(value, strict=True)
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            unit = "" if length is None else f"; it is in µs, as in {length.unit.upper()[:-1]}"
            raise TypeError(
                f"{rule.__name__}.{field.name}: the default {value!r} is wrong: {why}{unit}"
            ) from error


def _adapter(kind: Any) -> TypeAdapter[Any]:
    # A limit, a lane's limits: classes that pydantic takes by what they are, not by their fields.
    whole = kind in (Limit, LaneLimits)
    return TypeAdapter(InstanceOf[kind] if whole else kind)


def _said_as(field: RuleField) -> Any:
    """The type of a field in the table of a profile."""
    kind = _kind(field)
    return kind | None if field.optional and not field.mark(StatusCodes) else kind


def _kind(field: RuleField) -> Any:
    length, between = field.mark(Duration), field.mark(Between)
    if field.type is Limit:
        return PromiseStage if field.mark(Promise) else Stage
    if field.type is LaneLimits:
        return LaneStage
    if field.mark(ProvinceCodes):
        return Provinces
    if field.mark(StatusCodes):
        return Statuses
    if length is not None:
        if length.whole:
            return Annotated[int, _bounds(field)]
        return Annotated[float, _bounds(field), Field(allow_inf_nan=False)]
    return field.type if between is None else Annotated[field.type, _bounds(field)]


def _bounds(field: RuleField, unit: int = 1) -> Any:
    """What a number of the field may be, in its own unit or in smaller ones, `unit` to one."""
    length = field.mark(Duration)
    least, most = field.mark(Between) or (length.least, length.most)
    above = length is not None and length.above
    return Field(**{"gt" if above else "ge": least * unit}, le=most * unit)


def _taken(field: RuleField, value: Any) -> Any:
    """A value of the table as the rule has it."""
    if isinstance(value, Stage):
        return value.limit()
    if isinstance(value, LaneStage):
        return value.limits()
    if isinstance(value, PromiseStage):
        return value.of(0)
    length = field.mark(Duration)
    if length is not None and value is not None:
        return round(value * length.length)
    return value
