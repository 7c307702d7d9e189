"""One profile file: its head, its exemptions, its rules, and the profile that they make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from streams.facts.times import from_datetime
from streams.profiles.business_days import BusinessDaysTable
from streams.profiles.exemptions import ExemptionTable, ZoneName
from streams.profiles.fields import NEVER, Aware, LanesTable, PromiseHours, Strict, microseconds
from streams.profiles.lines import LineTable, MeterTable, meter_of, named_once
from streams.profiles.model import Profile
from streams.profiles.money import Exposure
from streams.profiles.registry import RuleSpec
from streams.profiles.sources import Confidence, SourceTable
from streams.rules.business_days import BusinessDays
from streams.rules.terms import Terms

_TRACK_RULES = ("pickup_overdue", "inactive_after_pickup", "transit_stalled")
"""Clocks of a parcel whose breach is a violation of its track."""

Row = TypeVar("Row", ExemptionTable, SourceTable)


class ProfileFile(Strict):
    """A profile as a file says it; of an override, after it was laid over its base."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    platform: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    effective_from: Aware
    effective_to: Aware | None = None
    source_url: str
    read_on: date
    verified: str
    confidence: Confidence | None = None
    sources: list[SourceTable] = Field(default_factory=list)
    appeal_days: Annotated[int, Field(ge=1, le=365)] | None = None
    zone: ZoneName | None = None
    default_promise_hours: PromiseHours | None = None
    business_days: BusinessDaysTable | None = None
    lanes: LanesTable = LanesTable()
    exposure: dict[str, Any] = Field(default_factory=dict)
    exemptions: list[ExemptionTable] = Field(default_factory=list)
    meter: MeterTable | None = None
    lines: list[LineTable] = Field(default_factory=list)
    rules: dict[str, Any]

    @field_validator("effective_to")
    @classmethod
    def _after_the_start(cls, value: Aware | None, info: ValidationInfo) -> Aware | None:
        start = info.data.get("effective_from")
        if value is not None and start is not None and value <= start:
            raise ValueError("a profile must end after effective_from")
        return value

    @field_validator("business_days")
    @classmethod
    def _instead_of_hours(
        cls, value: BusinessDaysTable | None, info: ValidationInfo
    ) -> BusinessDaysTable | None:
        hours = info.data.get("default_promise_hours")
        if value is not None and hours is not None and hours != NEVER:
            raise ValueError(
                f"working days here, and {hours:g} in default_promise_hours; allowed: one of them, "
                'the other "off"'
            )
        return value

    @field_validator("exemptions", "sources")
    @classmethod
    def _named_once(cls, value: list[Row]) -> list[Row]:
        names = [row.name for row in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is the name of two rows")
        return value

    @field_validator("lines")
    @classmethod
    def _lines_named_once(cls, value: list[LineTable]) -> list[LineTable]:
        return named_once(value)

    def profile(
        self,
        rules: Mapping[str, Any],
        exposure: Exposure,
        specs: Mapping[str, RuleSpec],
        files: tuple[str, ...],
    ) -> Profile:
        """The profile as the judge takes it; `rules` and `exposure` are what its tables make."""
        until = self.effective_to
        built: dict[str, list[Any]] = {"order": [], "parcel": [], "parcel × order": []}
        for name, spec in specs.items():
            if name in rules:
                built[spec.sees].append(rules[name])
            elif spec.always and spec.rule is not None:
                built[spec.sees].append(spec.rule())
        return Profile(
            id=self.id,
            platform=self.platform,
            effective_from=from_datetime(self.effective_from),
            effective_to=None if until is None else from_datetime(until),
            order_rules=tuple(built["order"]),
            parcel_rules=tuple(built["parcel"]),
            link_rules=tuple(built["parcel × order"]),
            exposure=exposure,
            terms=Terms(self.lanes.lanes(), self._default_promise(), _track_rules(rules)),
            source_url=self.source_url,
            read_on=self.read_on.isoformat(),
            verified=self.verified,
            sources=tuple(row.source() for row in self.sources),
            confidence=self.confidence,
            appeal_days=self.appeal_days,
            zone=self._zone(),
            exemptions=tuple(row.exemption() for row in self.exemptions),
            files=files,
            meter=meter_of(self.meter, self.lines),
        )

    def _zone(self) -> str:
        """Whose hours the platform's deadlines are said in."""
        if self.zone is not None:
            return self.zone
        return "+08:00" if self.business_days is None else self.business_days.zone

    def _default_promise(self) -> int | BusinessDays | None:
        """When an order is due that brings no promise of its own; None: never."""
        if self.business_days is not None:
            return self.business_days.business_days()
        hours = 48 if self.default_promise_hours is None else self.default_promise_hours
        return None if hours == NEVER else microseconds(hours)


def _track_rules(rules: Mapping[str, Any]) -> tuple[Any, ...]:
    """The rules of the track that are on, for the rule that goes by their breaches."""
    if "unreceived_after_violation" not in rules:
        return ()
    return tuple(rules[name] for name in _TRACK_RULES if name in rules)
