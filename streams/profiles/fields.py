"""The kinds of values that profile files are made of, and what they say when a value is wrong."""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from streams.facts.facts import STATUS_CODE
from streams.facts.times import HOUR
from streams.reference.places import normalise
from streams.rules import fields
from streams.rules.episodes import Limit
from streams.rules.lanes import LaneLimits, Lanes

Severity = fields.Severity
Comparator = Literal["gt", "ge"]
Hours = Annotated[float, Field(gt=0, le=24 * 365, allow_inf_nan=False)]

NEVER = inf
"""Hours of what is "off"."""


def _or_never(value: Any, hours: ValidatorFunctionWrapHandler) -> Any:
    return NEVER if value == "off" else hours(value)


PromiseHours = Annotated[Hours, WrapValidator(_or_never)]
"""Hours, or "off": never."""


class Strict(BaseModel):
    """A table of a profile: no field that it does not know, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _province(value: object) -> int:
    """A province's two GB/T 2260 digits, given as these or by its name."""
    text = str(value).strip() if isinstance(value, str | int) else ""
    if text.isdigit():
        code = normalise(None, None, f"{text:0<6}")[0] if len(text) == 2 else None
    else:
        code = normalise(text, None, None)[0] if text else None
    if code is None or isinstance(value, bool):
        raise ValueError(
            f"{value!r} is no province; allowed: two digits of GB/T 2260 as in 44, or a name as in "
            '"广东省"'
        )
    return int(code)


def _provinces(value: object) -> frozenset[int]:
    if isinstance(value, frozenset):
        return value
    if not isinstance(value, list):
        raise ValueError("a list of provinces is needed, as in [65, 54]")
    return frozenset(_province(each) for each in value)


def _statuses(value: object) -> frozenset[int] | None:
    if value is None or value == "any_record":
        return None
    if isinstance(value, frozenset):
        return value
    if not isinstance(value, list) or not value:
        raise ValueError('"any_record" or a list of statuses is needed, as in ["hub"]')
    for status in value:
        if status not in STATUS_CODE:
            raise ValueError(f"{status!r} is no status; allowed: {', '.join(STATUS_CODE)}")
    return frozenset(STATUS_CODE[status] for status in value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs an offset, as in 2026-07-09T00:00:00+08:00")
    return value


Aware = Annotated[datetime, AfterValidator(_aware)]
"""A point in time: it has its offset."""

Provinces = Annotated[fields.Provinces, BeforeValidator(_provinces)]
"""Provinces by code or name; kept as the two digits as a number."""

Statuses = Annotated[fields.Statuses, BeforeValidator(_statuses)]
"""Statuses that count, as codes; `"any_record"` is None."""


class PromiseStage(Strict):
    """The stage of a clock whose limit is the order's own promise."""

    comparator: Comparator = "gt"
    severity: Severity = "critical"

    def of(self, hours: float) -> Limit:
        """A limit of so many hours, breached as this stage says."""
        return Limit(round(hours * HOUR), self.comparator == "ge", self.severity)


class Stage(PromiseStage):
    """One stage of a clock: its limit in hours, breached by reaching (ge) or passing (gt) it."""

    limit_hours: Hours

    def limit(self) -> Limit:
        """The stage as the judge takes it."""
        return self.of(self.limit_hours)


class LaneStage(PromiseStage):
    """One stage of a clock whose limit is that of the parcel's lane."""

    near_hours: Hours
    cross_province_hours: Hours
    remote_hours: Hours

    def limits(self) -> LaneLimits:
        """The stage as the judge takes it."""
        return LaneLimits(
            self.of(self.near_hours),
            self.of(self.cross_province_hours),
            self.of(self.remote_hours),
        )


class LanesTable(Strict):
    """`[lanes]`: which provinces are near each other, remote, or not judged by lane at all."""

    near_groups: tuple[Provinces, ...] = Field(default=(), strict=False)
    remote: Provinces = frozenset()
    excluded: Provinces = frozenset()

    def lanes(self) -> Lanes:
        """The table as the judge takes it."""
        return Lanes(self.near_groups, self.remote, self.excluded)


def microseconds(hours: float | None) -> int | None:
    """Hours of a profile in µs; None stays None."""
    return None if hours is None else round(hours * HOUR)
