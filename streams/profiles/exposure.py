"""`[exposure]` in a profile file: what the platform's own text says that a warning may cost."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from streams.facts.facts import PRESALES
from streams.facts.times import HOUR
from streams.profiles.money import ALL_PRESALES, Exposure, Scale, Step, Together
from streams.rules.fields import Promise, fields_of
from streams.rules.spec import RuleSpec


def _hundredths(value: float) -> float:
    if abs(value * 100 - basis_points(value)) > 1e-6:
        raise ValueError("a percentage has at most two decimals")
    return value


Minor = Annotated[int, Field(ge=0, le=10**12)]
"""Money in minor units."""
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), AfterValidator(_hundredths)]
Hours = Annotated[float, Field(gt=0, le=24 * 365, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SumTable(_Strict):
    """`{ percent, floor, cap }`: a share of the amount paid, within bounds in minor units.

    `cap_per_buyer_day` is the cap of a buyer's day in this case, greater than the profile's.
    """

    percent: Percent
    floor: Minor = 0
    cap: Minor
    cap_per_buyer_day: Minor = 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.floor > self.cap:
            raise ValueError("floor must not be above cap")
        return self

    def step(self) -> Step:
        """The sum as the judge takes it."""
        return Step(basis_points(self.percent), self.floor, self.cap, self.cap_per_buyer_day)


class ScaleTable(_Strict):
    """`{ promise_up_to_hours, presale, added, tiers }`: what lateness costs one kind of order; each
    tier in place of those before it, or `added` to them. `presale` true is any kind of it."""

    promise_up_to_hours: Hours | None = None
    presale: bool | Literal["full", "deposit"] | None = None
    added: bool = False
    tiers: Annotated[list[SumTable], Field(min_length=1)]

    def scale(self) -> Scale:
        """The scale as the judge takes it."""
        hours = self.promise_up_to_hours
        return Scale(
            tuple(tier.step() for tier in self.tiers),
            None if hours is None else round(hours * HOUR),
            ALL_PRESALES if self.presale is None else _PRESALES[self.presale],
            self.added,
        )


_PRESALES: dict[bool | str, frozenset[int]] = {
    False: frozenset({0}),
    True: ALL_PRESALES - {0},
    **{name: frozenset({PRESALES.index(name)}) for name in ("full", "deposit")},
}


class StageSums(_Strict):
    """`[exposure.RULE]`: one sum for each stage that has one."""

    violation: SumTable | None = None
    serious: SumTable | None = None
    notice: SumTable | None = None

    def scales(self) -> dict[str, tuple[Scale, ...]]:
        """Stage → its scale."""
        stages = ("violation", self.violation), ("serious", self.serious), ("notice", self.notice)
        return {stage: (Scale((sum.step(),)),) for stage, sum in stages if sum is not None}


class PromiseSums(_Strict):
    """The same of a clock that runs to the order's promise, as `[exposure.ship_overdue]`: scales,
    of which the first that fits an order counts."""

    violation: Annotated[list[ScaleTable], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        last = self.violation[-1]
        if last.promise_up_to_hours is not None or last.presale is not None:
            raise ValueError("the last entry must fit every order")
        return self

    def scales(self) -> dict[str, tuple[Scale, ...]]:
        """Stage → its scales."""
        return {"violation": tuple(table.scale() for table in self.violation)}


class TogetherTable(_Strict):
    """`[exposure.together]`: what several rules may cost one order together."""

    rules: Annotated[list[str], Field(min_length=1)]
    percent: Percent
    cap: Minor


class ExposureTable(_Strict):
    """`[exposure]`: sums by rule and stage; a warning without one is of `kind`.

    `exposure_table` adds a field for the sums of each rule that there is.
    """

    kind: Literal["strike", "unknown"] = "strike"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    round_to: Annotated[int, Field(ge=1, le=10**6)] = 1
    without_postage: bool = False
    cap_per_buyer_day: Minor | None = None
    days_ahead_of_utc_hours: Annotated[int, Field(ge=-12, le=14)] = 8
    together: TogetherTable | None = None

    @model_validator(mode="after")
    def _says_in_what(self) -> Self:
        tables = self.tables()
        if tables and self.currency is None:
            raise ValueError("sums need a currency, such as CNY")
        for rule in () if self.together is None else self.together.rules:
            if rule not in tables:
                raise ValueError(f"together: {rule!r} has no sum here")
        days = {
            scale.buyer_days[1]
            for table in tables.values()
            for scales in table.scales().values()
            for scale in scales
        } - {0}
        if days and (self.cap_per_buyer_day is None or min(days) <= self.cap_per_buyer_day):
            raise ValueError(
                "cap_per_buyer_day: that of a sum must be greater than the one of all others, in "
                f"[exposure] (found {min(days)} and {self.cap_per_buyer_day})"
            )
        return self

    def tables(self) -> dict[str, PromiseSums | StageSums]:
        """Rule → its sums."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        kinds = (PromiseSums, StageSums)
        return {rule: table for rule, table in given.items() if isinstance(table, kinds)}

    def exposure(self) -> Exposure:
        """The table as the judge takes it."""
        together = self.together
        return Exposure(
            sums={
                (rule, stage): scales
                for rule, table in self.tables().items()
                for stage, scales in table.scales().items()
            },
            kind=self.kind,
            currency=self.currency or "",
            round_to=self.round_to,
            without_postage=self.without_postage,
            together=None
            if together is None
            else Together(frozenset(together.rules), basis_points(together.percent), together.cap),
            cap_per_buyer_day=self.cap_per_buyer_day,
            day_offset=self.days_ahead_of_utc_hours * HOUR,
        )


@lru_cache(maxsize=32)
def exposure_table(specs: tuple[RuleSpec, ...]) -> type[ExposureTable]:
    """The table in which each of these rules can have sums."""
    sums: dict[str, Any] = {
        spec.name: (_sums_of(spec) | None, None)
        for spec in specs
        if spec.name not in ExposureTable.model_fields
    }
    made: type[ExposureTable] = create_model("ExposureTable", __base__=ExposureTable, **sums)
    return made


def _sums_of(spec: RuleSpec) -> Any:
    """How sums of a rule are said: by promise where its limit is the order's own."""
    fields = () if spec.rule is None else fields_of(spec.rule)
    return PromiseSums if any(field.mark(Promise) for field in fields) else StageSums


def basis_points(percent: float) -> int:
    """A percentage of at most two decimals as whole basis points."""
    return round(percent * 100)
