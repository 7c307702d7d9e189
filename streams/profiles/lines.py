"""`[meter]` and `[[lines]]` in a profile file: what is counted of a shop's day, and the lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from streams.facts.facts import STATUS_CODE, STATUSES
from streams.facts.statuses import PROGRESS
from streams.facts.times import HOUR
from streams.profiles.exemptions import ZoneName, zone_of
from streams.profiles.exposure import Percent, basis_points
from streams.profiles.fields import Comparator, Statuses, Strict
from streams.state.shop_lines import DELIVERED, FURTHER, MEASURES, PAIRS, Few, Line, Meter
from streams.state.windows import Window

_STAGES = ("violation", "serious", "notice")

AMONG = dict(PAIRS.keys())
"""Which orders go wrong → of which they are."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Count = Annotated[int, Field(ge=1, le=10**9)]


class MeterTable(Strict):
    """`[meter]`: which findings make an order abnormal, when a day begins, when stock is out.

    `abnormal` has rules, all of whose stages but `notice` count, or single stages as in
    `pickup_overdue.serious`. A `zone` takes the place of `days_ahead_of_utc_hours`. A number is
    valid once it has `valid_scans` records of progress at different times; an order is delivered by
    the first record with one of the statuses `delivered_by`.
    """

    abnormal: list[str] = Field(default_factory=list)
    days_ahead_of_utc_hours: Annotated[int, Field(ge=-12, le=14)] = 8
    zone: ZoneName | None = None
    unshipped_after_hours: Annotated[float, Field(ge=0, le=24 * 365, allow_inf_nan=False)] = 0
    valid_scans: Annotated[int, Field(ge=1, le=10)] = 1
    delivered_by: Statuses = DELIVERED

    @field_validator("abnormal")
    @classmethod
    def _stages(cls, value: list[str]) -> list[str]:
        for name in value:
            rule, _, stage = name.partition(".")
            if not rule or (stage and stage not in _STAGES):
                raise ValueError(
                    f"{name!r}: a rule, or a rule and one of its stages "
                    f"({', '.join(_STAGES)}), is needed, as in 'pickup_overdue.serious'"
                )
            if rule == "ship_overdue":
                raise ValueError("a late order is counted as late, not as abnormal")
        return value

    @field_validator("delivered_by")
    @classmethod
    def _on_its_way(cls, value: frozenset[int] | None) -> frozenset[int]:
        if value is None or not value <= PROGRESS:
            known = ", ".join(name for name, code in STATUS_CODE.items() if code in PROGRESS)
            found = [STATUSES[code] for code in sorted(value or ())] or "any_record"
            raise ValueError(
                f"{found}: a list of statuses of a parcel on its way is needed, of {known}"
            )
        return value

    def meter(self, lines: tuple[Line, ...]) -> Meter:
        """The table as the judge takes it."""
        looked_at = {line.among for line in lines}
        return Meter(
            lines,
            frozenset(stage for name in self.abnormal for stage in _pairs(name)),
            self.days_ahead_of_utc_hours * HOUR,
            round(self.unshipped_after_hours * HOUR),
            zone=None if self.zone is None else zone_of(self.zone),
            valid_scans=self.valid_scans,
            received=self.delivered_by or DELIVERED,
            further=frozenset(looked_at & set(FURTHER)),
        )


class ConsequenceTable(Strict):
    """`consequence`: what the platform does where a line is crossed, in both languages."""

    zh: Annotated[str, Field(min_length=1, max_length=200)]
    en: Annotated[str, Field(min_length=1, max_length=200)]

    def pair(self) -> tuple[str, str]:
        """The texts, Chinese first."""
        return self.zh, self.en


class GradeTable(Strict):
    """One row of `grades`: a share or a number, and what follows where it is reached."""

    percent: Percent | None = None
    count: Count | None = None
    consequence: ConsequenceTable | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.percent is None) == (self.count is None):
            raise ValueError("either percent or count is needed")
        return self

    @property
    def text(self) -> str:
        """The grade at the end of its line's name."""
        number = self.count if self.percent is None else f"{self.percent:g}"
        return str(number).replace(".", "_")


class FewTable(Strict):
    """`few`: up to `up_to` orders `among`, `count` of them cross the line, whatever their share."""

    up_to: Annotated[int, Field(ge=1, le=10**6)]
    count: Count

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.count > self.up_to:
            raise ValueError(f"count is {self.count}, more than the {self.up_to} of up_to")
        return self


class WindowTable(Strict):
    """`window`: so many `days` together, or the `calendar` week (from Monday) or month so far, as
    it stood `lag_days` ago."""

    days: Annotated[int, Field(ge=1, le=90)] | None = None
    calendar: Literal["week", "month"] | None = None
    lag_days: Annotated[int, Field(ge=0, le=30)] = 0

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.days is None) == (self.calendar is None):
            raise ValueError("either days or calendar is needed")
        return self

    def window(self) -> Window:
        """The table as the judge takes it."""
        return Window(self.days or 0, self.calendar or "", self.lag_days)


class LineTable(Strict):
    """`[[lines]]`: on one day, or in a `window`, `orders` are more than `percent` of those `among`.

    At least `least` of them, where `counting` is `orders` (the default), or of those `among`. In
    place of `percent` there may be a `count` that is reached, or `grades`: lines of one name.
    """

    name: Name
    subject: Literal["shop", "product"] = "shop"
    orders: Literal[MEASURES]  # type: ignore[valid-type]  # the names, said once
    among: Literal[MEASURES] | None = None  # type: ignore[valid-type]
    percent: Percent | None = None
    count: Count | None = None
    grades: list[GradeTable] = Field(default_factory=list)
    comparator: Comparator | None = None
    least: Count = 1
    counting: Literal["orders", "among"] = "orders"
    days: Annotated[int, Field(ge=1, le=31)] = 1
    few: FewTable | None = None
    window: WindowTable | None = None
    consequence: ConsequenceTable | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        pair = (self.orders, self._among)
        if pair not in PAIRS:
            known = ", ".join(f"{part} among {whole}" for part, whole in PAIRS)
            raise ValueError(
                f"{self.orders} among {self.among or 'none'} is not counted; there are {known}"
            )
        if self.counting == "among" and not PAIRS[pair]:
            raise ValueError(f"counting: {self.orders} are no part of those {self._among}")
        if self.subject == "product" and (pair != ("late", "due") or self.days > 1):
            raise ValueError("of a product, late orders among those due are counted, day by day")
        self._look_at_thresholds()
        if self.window is not None and (self.subject == "product" or self.days > 1):
            raise ValueError("window: of a shop only, and without days running")
        return self

    def _look_at_thresholds(self) -> None:
        ways = {"percent": self.percent, "count": self.count, "grades": self.grades or None}
        said = [name for name, value in ways.items() if value is not None]
        if len(said) != 1:
            found = " and ".join(said) or "none"
            raise ValueError(
                f"{self.name}: one of percent, count and grades is needed, not {found}"
            )
        shares = [each.percent for each in self._grades() if each.percent is not None]
        counts = [each.count for each in self._grades() if each.count is not None]
        if shares and counts:
            raise ValueError("grades: either percent or count in all of them")
        for numbers in (shares, counts):
            for lower, higher in pairwise(numbers):
                if higher <= lower:
                    raise ValueError(f"grades: {higher:g} after {lower:g}; each must be above it")
        if shares and self.comparator is None:
            raise ValueError('comparator: "gt" or "ge" is needed beside percent')
        if counts and (self.comparator is not None or self.few is not None or self.least > 1):
            raise ValueError("count is reached: without comparator, least and few")
        if self.few is not None and self.grades:
            raise ValueError("few: beside percent only")
        if any(share == 0 or (share == 100 and self.comparator == "gt") for share in shares):
            raise ValueError("percent: above 0, and below 100 where it must be passed (gt)")

    @property
    def _among(self) -> str:
        return self.among or AMONG.get(self.orders, "")

    def _grades(self) -> list[GradeTable]:
        """The line's grades; of one without grades, itself."""
        alone = GradeTable.model_construct(
            percent=self.percent, count=self.count, consequence=self.consequence
        )
        return self.grades or [alone]

    def lines(self) -> list[Line]:
        """The line as the judge takes it, each grade as one."""
        return [self._line(grade) for grade in self._grades()]

    def _line(self, grade: GradeTable) -> Line:
        consequence = grade.consequence or self.consequence
        counting = self.orders if self.counting == "orders" else self._among
        return Line(
            name=f"{self.name}_{grade.text}" if self.grades else self.name,
            subject=self.subject,
            orders=self.orders,
            among=self._among,
            share=0 if grade.percent is None else basis_points(grade.percent),
            at_least=grade.percent is None or self.comparator == "ge",
            least=self.least if grade.count is None else grade.count,
            counting=counting,
            days=self.days,
            few=None if self.few is None else Few(self.few.up_to, self.few.count),
            window=None if self.window is None else self.window.window(),
            consequence=None if consequence is None else consequence.pair(),
        )


def named_once(value: list[LineTable]) -> list[LineTable]:
    """The lines of a profile; raises ValueError where two have one name."""
    names = [line.name for table in value for line in table.lines()]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is the name of two lines")
    return value


def meter_of(meter: MeterTable | None, lines: list[LineTable]) -> Meter | None:
    """What a profile counts; None where it has no `[meter]`."""
    drawn = tuple(line for table in lines for line in table.lines())
    return None if meter is None else meter.meter(drawn)


def _pairs(name: str) -> list[tuple[str, str]]:
    rule, _, stage = name.partition(".")
    return [(rule, stage)] if stage else [(rule, "violation"), (rule, "serious")]
