"""`[business_days]` in a profile file: by when an order is due where working days are counted."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from streams.profiles.calendars import calendar, names
from streams.profiles.exemptions import WEEKDAYS, ZoneName, known_weekdays, zone_of
from streams.profiles.fields import Strict
from streams.rules.business_days import BusinessDays


class HolidaysTable(Strict):
    """One row of days on which nobody works, with the page that says so."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    source_url: str = ""
    days: Annotated[list[date], Field(min_length=1)]


def _calendar(name: str) -> str:
    if name not in names():
        raise ValueError(f"{name!r} is no calendar; allowed: {', '.join(names())}")
    return name


class BusinessDaysTable(Strict):
    """An order without a promise is due at `ends_at` of the `promise_days`-th working day after
    the day of its payment; one paid later than `cut_off`, or when nobody works, counts as paid on
    the next working day.

    Holidays are those of a `calendar` that comes with the product, and the rows of `holidays`.
    `working_days` are worked although they are not in the working `week`, to make up for holidays.
    What the profile says of a day goes before what the calendar does.
    """

    promise_days: Annotated[int, Field(ge=0, le=60)]
    zone: ZoneName
    week: Annotated[list[str], Field(min_length=1), AfterValidator(known_weekdays)]
    cut_off: time | None = None
    ends_at: time = time(23, 59, 59)
    calendar: Annotated[str, AfterValidator(_calendar)] | None = None
    working_days: list[date] = Field(default_factory=list)
    holidays: list[HolidaysTable] = Field(default_factory=list)

    @field_validator("holidays")
    @classmethod
    def _named_once(cls, value: list[HolidaysTable]) -> list[HolidaysTable]:
        names = [row.name for row in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is the name of two rows")
        return value

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        for row in self.holidays:
            for day in row.days:
                if day in self.working_days:
                    raise ValueError(
                        f"{day} is in working_days and a holiday of {row.name!r}; allowed: one "
                        "of them"
                    )
        return self

    def business_days(self) -> BusinessDays:
        """The table as the judge takes it."""
        free = frozenset(day for row in self.holidays for day in row.days)
        worked = frozenset(self.working_days)
        if self.calendar is not None:
            known = calendar(self.calendar)
            free, worked = free | known.holidays - worked, worked | known.working_days - free
        return BusinessDays(
            self.promise_days,
            zone_of(self.zone),
            frozenset(WEEKDAYS.index(day) for day in self.week),
            self.ends_at,
            self.cut_off,
            free,
            worked,
        )
