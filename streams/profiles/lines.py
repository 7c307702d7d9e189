"""`[meter]` and `[[lines]]` in a profile file: what is counted of a shop's day, and the lines."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from streams.facts.times import HOUR
from streams.profiles.exposure import Percent, basis_points
from streams.profiles.fields import Comparator, Strict
from streams.state.shop_lines import PAIRS, Line, Meter

_STAGES = ("violation", "serious", "notice")

Measure = Literal["due", "late", "unshipped", "shipped", "abnormal"]


class MeterTable(Strict):
    """`[meter]`: which findings make an order abnormal, when a day begins, when stock is out.

    `abnormal` has rules, all of whose stages but `notice` count, or single stages as in
    `pickup_overdue.serious`.
    """

    abnormal: list[str] = Field(default_factory=list)
    days_ahead_of_utc_hours: Annotated[int, Field(ge=-12, le=14)] = 8
    unshipped_after_hours: Annotated[float, Field(ge=0, le=24 * 365, allow_inf_nan=False)] = 0

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

    def meter(self, lines: tuple[Line, ...]) -> Meter:
        """The table as the judge takes it."""
        return Meter(
            lines,
            frozenset(stage for name in self.abnormal for stage in _pairs(name)),
            self.days_ahead_of_utc_hours * HOUR,
            round(self.unshipped_after_hours * HOUR),
        )


class LineTable(Strict):
    """`[[lines]]`: on one day, `orders` are more than `percent` of those `among`.

    At least `least` of them, where `counting` is `orders` (the default), or of those `among`.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    subject: Literal["shop", "product"] = "shop"
    orders: Measure
    among: Measure
    percent: Percent
    comparator: Comparator
    least: Annotated[int, Field(ge=1, le=10**9)] = 1
    counting: Literal["orders", "among"] = "orders"
    days: Annotated[int, Field(ge=1, le=31)] = 1

    @model_validator(mode="after")
    def _possible(self) -> Self:
        pair = (self.orders, self.among)
        if pair not in PAIRS:
            known = ", ".join(f"{part} among {whole}" for part, whole in PAIRS)
            raise ValueError(f"{self.orders} among {self.among} is not counted; there are {known}")
        if self.counting == "among" and not PAIRS[pair]:
            raise ValueError(f"counting: {self.orders} are no part of those {self.among}")
        if self.percent == 0 or (self.percent == 100 and self.comparator == "gt"):
            raise ValueError("percent: above 0, and below 100 where it must be passed (gt)")
        if self.subject == "product" and (pair != ("late", "due") or self.days > 1):
            raise ValueError("of a product, late orders among those due are counted, day by day")
        return self

    def line(self) -> Line:
        """The line as the judge takes it."""
        return Line(
            name=self.name,
            subject=self.subject,
            orders=self.orders,
            among=self.among,
            share=basis_points(self.percent),
            at_least=self.comparator == "ge",
            least=self.least,
            counting=self.orders if self.counting == "orders" else self.among,
            days=self.days,
        )


def named_once(value: list[LineTable]) -> list[LineTable]:
    """The lines of a profile; raises ValueError where two have one name."""
    names = [line.name for line in value]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is the name of two lines")
    return value


def meter_of(meter: MeterTable | None, lines: list[LineTable]) -> Meter | None:
    """What a profile counts; None where it has no `[meter]`."""
    return None if meter is None else meter.meter(tuple(line.line() for line in lines))


def _pairs(name: str) -> list[tuple[str, str]]:
    rule, _, stage = name.partition(".")
    return [(rule, stage)] if stage else [(rule, "violation"), (rule, "serious")]
