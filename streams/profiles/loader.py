"""Reads profiles from TOML and explains what is wrong: file, line, field, what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from streams.core.episodes import Limit
from streams.core.facts import STATUS_CODE
from streams.core.times import DAY, HOUR, from_datetime
from streams.profiles.model import Profile, Profiles
from streams.rules import (
    DuplicateTrackingNumber,
    InactiveAfterPickup,
    LinkRule,
    OrderRule,
    ParcelRule,
    PickupOverdue,
    ShipOverdue,
)

Severity = Literal["critical", "warning", "info"]
Comparator = Literal["gt", "ge"]
Hours = Annotated[float, Field(gt=0, le=24 * 365, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PromiseStage(_Strict):
    """The stage of a clock whose limit is the order's own promise."""

    comparator: Comparator = "gt"
    severity: Severity = "critical"


class Stage(PromiseStage):
    """One stage of a clock: its limit in hours, breached by reaching (ge) or passing (gt) it."""

    limit_hours: Hours

    def limit(self) -> Limit:
        """The stage as the core takes it."""
        return Limit(round(self.limit_hours * HOUR), self.comparator == "ge", self.severity)


class ShipOverdueTable(_Strict):
    """`[rules.ship_overdue]`"""

    violation: PromiseStage = PromiseStage()
    default_promise_hours: Hours = 48


class PickupOverdueTable(_Strict):
    """`[rules.pickup_overdue]`"""

    violation: Stage
    serious: Stage | None = None


class InactiveAfterPickupTable(_Strict):
    """`[rules.inactive_after_pickup]`"""

    ended_by: Literal["any_record"] | list[str]
    violation: Stage
    serious: Stage | None = None

    @field_validator("ended_by")
    @classmethod
    def _known_statuses(cls, value: str | list[str]) -> str | list[str]:
        unknown = [] if isinstance(value, str) else [s for s in value if s not in STATUS_CODE]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no status; allowed: {', '.join(STATUS_CODE)}")
        return value


class DuplicateTrackingNumberTable(_Strict):
    """`[rules.duplicate_tracking_number]`"""

    differs_by: Literal["address", "person"] = "address"
    window_days: Annotated[int, Field(ge=1, le=30)] = 30
    severity: Severity = "critical"


class RuleTables(_Strict):
    """`[rules.*]`: a rule without a table is off."""

    ship_overdue: ShipOverdueTable | None = None
    pickup_overdue: PickupOverdueTable | None = None
    inactive_after_pickup: InactiveAfterPickupTable | None = None
    duplicate_tracking_number: DuplicateTrackingNumberTable | None = None


class ExposureTable(_Strict):
    """`[exposure]`: what a warning says it may cost where there is no sum."""

    kind: Literal["strike"] = "strike"


class ProfileFile(_Strict):
    """One profile file."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    platform: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    effective_from: datetime
    effective_to: datetime | None = None
    source_url: str
    read_on: date
    verified: str
    exposure: ExposureTable = ExposureTable()
    rules: RuleTables

    @field_validator("effective_from", "effective_to")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time needs an offset, as in 2026-07-09T00:00:00+08:00")
        return value

    @field_validator("effective_to")
    @classmethod
    def _after_the_start(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("effective_from")
        if value is not None and start is not None and value <= start:
            raise ValueError("a profile must end after effective_from")
        return value

    def profile(self) -> Profile:
        """The profile as the core takes it."""
        rules = self.rules
        order_rules: list[OrderRule] = []
        parcel_rules: list[ParcelRule] = []
        link_rules: list[LinkRule] = []
        if (ship := rules.ship_overdue) is not None:
            stage = ship.violation
            order_rules.append(
                ShipOverdue(
                    Limit(0, stage.comparator == "ge", stage.severity),
                    round(ship.default_promise_hours * HOUR),
                )
            )
        if (pickup := rules.pickup_overdue) is not None:
            serious = None if pickup.serious is None else pickup.serious.limit()
            parcel_rules.append(PickupOverdue(pickup.violation.limit(), serious))
        if (inactive := rules.inactive_after_pickup) is not None:
            serious = None if inactive.serious is None else inactive.serious.limit()
            ended_by = (
                None
                if isinstance(inactive.ended_by, str)
                else frozenset(STATUS_CODE[status] for status in inactive.ended_by)
            )
            parcel_rules.append(InactiveAfterPickup(inactive.violation.limit(), serious, ended_by))
        if (again := rules.duplicate_tracking_number) is not None:
            link_rules.append(
                DuplicateTrackingNumber(again.differs_by, again.window_days * DAY, again.severity)
            )
        until = self.effective_to
        return Profile(
            id=self.id,
            platform=self.platform,
            effective_from=from_datetime(self.effective_from),
            effective_to=None if until is None else from_datetime(until),
            order_rules=tuple(order_rules),
            parcel_rules=tuple(parcel_rules),
            link_rules=tuple(link_rules),
            exposure=self.exposure.model_dump(),
            source_url=self.source_url,
            read_on=self.read_on.isoformat(),
            verified=self.verified,
        )


class ProfileError(ValueError):
    """A profile cannot be used; `problems` has a line each: file, line, field, what is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def builtin_files() -> list[Path]:
    """The profile files that come with ShipSentry."""
    return sorted(Path(__file__).parent.glob("*.toml"))


def read(path: Path) -> Profile:
    """The profile in one file; raises ProfileError that names line and field, or OSError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProfileError([f"{path.name}: not UTF-8 (byte {error.start})"]) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError([f"{path.name}: not TOML: {error}"]) from error
    try:
        return ProfileFile.model_validate(document).profile()
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
            value = problem["input"]
            shown = f" (found {value!r})" if isinstance(value, str | int | float) else ""
            line = _line_of(text, [part for part in problem["loc"] if isinstance(part, str)])
            problems.append(f"{path.name}:{line}: {field}: {problem['msg']}{shown}")
        raise ProfileError(problems) from error


def load(directories: Iterable[Path] = ()) -> Profiles:
    """The built-in profiles and those in `directories`, of which a later one of the same id wins.

    Raises ProfileError with every problem of every file.
    """
    files = builtin_files()
    for directory in directories:
        files += sorted(directory.glob("*.toml"))
    found: dict[str, Profile] = {}
    problems: list[str] = []
    for path in files:
        try:
            profile = read(path)
        except ProfileError as error:
            problems += error.problems
        else:
            found[profile.id] = profile
    starts: dict[tuple[str, int], str] = {}
    for profile in found.values():
        other = starts.setdefault((profile.platform, profile.effective_from), profile.id)
        if other != profile.id:
            problems.append(f"{profile.id}: starts at the same moment as {other}")
    if problems:
        raise ProfileError(problems)
    return Profiles(found.values())


def _line_of(text: str, path: list[str]) -> int:
    """The line of the deepest part of `path` in the file, else 1: the parser keeps no places."""
    best, depth, table = 1, 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = [part.strip().strip('"') for part in header[1].split(".")]
            place = table
        elif key := re.match(r"\s*([A-Za-z0-9_.\-]+)\s*=", line):
            place = table + key[1].split(".")
        else:
            continue
        if len(place) > depth and path[: len(place)] == place:
            best, depth = number, len(place)
    return best
