"""`[[exemptions]]` in a profile file: when and where which clocks stand still, or run on to a
date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schemas.cleaning import clean
from streams.facts.times import from_datetime
from streams.profiles.fields import Aware, Strict
from streams.reference.names import CARRIERS
from streams.reference.places import normalise
from streams.rules.pauses import Exemption, Pause, Until

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FIRST_DAY, LAST_DAY = date(2014, 12, 29), date(2060, 12, 27)
"""Between which days, Mondays both, recurring weekdays are written out."""

_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)")


def _zone(value: str) -> str:
    zone_of(value)
    return value


ZoneName = Annotated[str, AfterValidator(_zone)]
"""A time zone by its name, or as an offset."""


def known_weekdays(value: list[str]) -> list[str]:
    """The same weekdays; raises ValueError where one is none."""
    for day in value:
        if day not in WEEKDAYS:
            raise ValueError(f"{day!r} is no weekday; allowed: {', '.join(WEEKDAYS)}")
    return value


def _weekdays(value: list[str]) -> list[str]:
    known_weekdays(value)
    if len(set(value)) == len(WEEKDAYS):
        raise ValueError("a clock that stands still on every day never ends")
    return value


def _code(carrier: str) -> str:
    name = clean(carrier).lower()
    return CARRIERS.get(name, name)


def _region(value: object) -> int:
    """A province's two GB/T 2260 digits, or a city's four, given as these or by its name; of a
    county those of its city."""
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    text = str(value).strip() if plain else ""
    if text.isdigit():
        known = len(text) in (2, 4, 6)
        province, city = normalise(None, None, f"{text:0<6}") if known else (None, None)
        code = province if not text[2:].strip("0") else city
    else:
        code = (normalise(text, None, None)[0] or normalise(None, text, None)[1]) if text else None
    if code is None:
        raise ValueError(
            f"{value!r} is no province or city; allowed: two or four digits of GB/T 2260 as in 44 "
            'and 4403, or a name as in "广东省" and "深圳市"'
        )
    return int(code)


def _regions(value: object) -> frozenset[int]:
    if not isinstance(value, list):
        raise ValueError("a list of provinces and cities is needed, as in [65, 4403]")
    return frozenset(_region(each) for each in value)


class Window(Strict):
    """`{ from, to }`: from a moment on, to another, itself not."""

    from_: Annotated[Aware, Field(alias="from")]
    to: Aware

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.to <= self.from_:
            raise ValueError("`to` must be after `from`")
        return self


class ExemptionTable(Strict):
    """One row: a stretch of time, single days, or weekdays, in which clocks stand still; or a date
    `ship_by` in place of an earlier one, for orders `paid` or `due` within a window. For some
    regions, carriers, rules.

    `promises`: whether it also holds a clock that runs to the order's own promise. If the row does
    not say: a stretch does, days and weekdays do not, for such a promise has them in it.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    from_: Annotated[Aware | None, Field(alias="from")] = None
    to: Aware | None = None
    weekdays: Annotated[list[str], Field(min_length=1), AfterValidator(_weekdays)] | None = None
    days: Annotated[list[date], Field(min_length=1)] | None = None
    zone: ZoneName | None = None
    ship_by: Aware | None = None
    paid: Window | None = None
    due: Window | None = None
    regions: Annotated[frozenset[int], BeforeValidator(_regions)] = frozenset()
    carriers: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)
    rules: list[str] = Field(default_factory=list)
    promises: bool | None = None

    @field_validator("rules")
    @classmethod
    def _known_rules(cls, value: list[str], info: ValidationInfo) -> list[str]:
        known = (info.context or {}).get("rules", value)
        for rule in value:
            if rule not in known:
                raise ValueError(f"{rule!r} is no rule; allowed: {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise ValueError("`to` must be after `from`")
        if self.ship_by is not None or self.paid is not None or self.due is not None:
            return self._with_a_date()
        if self.weekdays is not None and self.days is not None:
            raise ValueError("`weekdays` and `days` are two rows, not one")
        if self.weekdays is None and self.days is None:
            if self.from_ is None or self.to is None:
                raise ValueError(
                    "when? allowed: `from` and `to`, or `days`, or `weekdays`, or `ship_by` with "
                    "`paid` or `due`"
                )
            if self.zone is not None:
                raise ValueError("`zone` is for `days` and `weekdays`, not for `from` and `to`")
        elif self.zone is None:
            raise ValueError('`days` and `weekdays` need a `zone`, as in "Asia/Shanghai"')
        return self

    def _with_a_date(self) -> Self:
        if self.ship_by is None or (self.paid is None) == (self.due is None):
            raise ValueError(
                "`ship_by` goes with one window, `paid` or `due`, as in due = { from, to }"
            )
        for name in ("from_", "to", "days", "weekdays", "zone", "rules", "promises"):
            if name in self.model_fields_set:
                name = name.rstrip("_")
                raise ValueError(f"`{name}` is for rows in which clocks stand still, not `ship_by`")
        return self

    def exemption(self) -> Exemption:
        """The row as the judge takes it."""
        until = self._until()
        return Exemption(
            self.name,
            () if until is not None else tuple(self._pauses()),
            self.regions,
            frozenset(_code(carrier) for carrier in self.carriers),
            frozenset(self.rules) if until is None else frozenset({"ship_overdue"}),
            self.weekdays is None and self.days is None if self.promises is None else self.promises,
            until,
        )

    def _until(self) -> Until | None:
        window = self.due or self.paid
        if self.ship_by is None or window is None:
            return None
        counts: Literal["paid", "due"] = "paid" if self.due is None else "due"
        within = from_datetime(window.from_), from_datetime(window.to)
        return Until(from_datetime(self.ship_by), counts, within)

    def _pauses(self) -> Iterator[Pause]:
        first = None if self.from_ is None else from_datetime(self.from_)
        last = None if self.to is None else from_datetime(self.to)
        if self.weekdays is not None and self.zone is not None:
            whole: Iterable[Pause] = _recurring(tuple(sorted(set(self.weekdays))), self.zone)
        elif self.days is not None and self.zone is not None:
            whole = _joined(_days(sorted(set(self.days)), self.zone))
        else:
            whole = ((first or 0, last or 0),)
        for start, end in whole:
            begins = start if first is None else max(start, first)
            ends = end if last is None else min(end, last)
            if begins < ends:
                yield begins, ends


def zone_of(name: str) -> tzinfo:
    """A time zone by its name or as an offset; raises ValueError."""
    if offset := _OFFSET.fullmatch(name):
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(ahead if offset[1] == "+" else -ahead)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone; allowed: a name as in Asia/Shanghai, or +08:00"
        ) from error


@lru_cache(maxsize=16)
def _recurring(weekdays: tuple[str, ...], zone: str) -> tuple[Pause, ...]:
    """Every one of these weekdays between FIRST_DAY and LAST_DAY."""
    numbers = [number for number, name in enumerate(WEEKDAYS) if name in weekdays]
    weeks = (LAST_DAY - FIRST_DAY).days // 7
    days = [FIRST_DAY + timedelta(days=7 * week + day) for week in range(weeks) for day in numbers]
    return tuple(_joined(_days(days, zone)))


def _days(days: Iterable[date], zone: str) -> Iterator[Pause]:
    """Each day from its midnight to the next; where clocks are changed that is not 24 h."""
    where = zone_of(zone)
    for day in days:
        yield _midnight(day, where), _midnight(day + timedelta(days=1), where)


def _midnight(day: date, where: tzinfo) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=where)
    return from_datetime(local.astimezone(UTC))


def _joined(pauses: Iterable[Pause]) -> Iterator[Pause]:
    """Pauses in order of time, those that touch made one."""
    open_: Pause | None = None
    for start, end in pauses:
        if open_ is not None and start <= open_[1]:
            open_ = (open_[0], end)
            continue
        if open_ is not None:
            yield open_
        open_ = (start, end)
    if open_ is not None:
        yield open_
