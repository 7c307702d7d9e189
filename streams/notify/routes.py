"""The routes file: who is told of what, where, and when. Read and checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from streams.facts.times import HOUR
from streams.notify.hours import Minute, Quiet, minute, quiet
from streams.notify.message import Locale
from streams.texts.toml_file import read_toml
from streams.texts.where import line_of

MOST_ROUTES = 100
MOST_CHANNELS = 50

Hours = Annotated[float, Field(gt=0, le=24 * 31, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
State = Literal["open", "breached"]

_SHOP = re.compile(r"[^/]+/.+")


class WrongRoutes(ValueError):
    """A routes file cannot be used; `problems` has a line each: file, line, field, what it is."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"{value!r} is no time zone, such as Asia/Shanghai") from None
    return value


def _minutes(value: list[str]) -> list[str]:
    for each in value:
        minute(each)
    return value


def _spans(value: list[str]) -> list[str]:
    for each in value:
        quiet(each)
    return value


def _shops(value: list[str]) -> list[str]:
    for each in value:
        if not _SHOP.fullmatch(each):
            raise ValueError(f"{each!r} is no shop: allowed is platform/id, as in douyin/8812345")
    return value


def _distinct(value: list[float]) -> list[float]:
    return sorted(set(value), reverse=True)


class Table(BaseModel):
    """A table of the file: no field that it does not know, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Escalation(Table):
    """Who is told besides where nobody acknowledged or snoozed a warning in time."""

    after_hours: Hours
    channels: Annotated[list[Name], Field(min_length=1)]


class Route(Table):
    """One way from warnings to channels. What it does not name matches everything.

    `hours_to_deadline` leaves open warnings alone until their deadline is so near. `money` is what
    a warning may cost at least, in minor units of `currency`. Nothing waits for the window, a
    digest or the end of quiet hours once its deadline is nearer than `urgent_hours`.
    """

    name: str = ""
    channels: Annotated[list[Name], Field(min_length=1)]
    language: Locale = "zh"
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    platforms: list[str] = Field(default_factory=list)
    shops: Annotated[list[str], AfterValidator(_shops)] = Field(default_factory=list)
    rules: list[str] = Field(default_factory=list)
    stages: list[Literal["violation", "serious", "notice"]] = Field(default_factory=list)
    severities: list[Literal["critical", "warning", "info"]] = Field(default_factory=list)
    states: Annotated[list[State], Field(min_length=1)] = ["open", "breached"]
    hours_to_deadline: Hours | None = None
    money: Annotated[int, Field(ge=0, le=10**15)] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    group: Literal["shop", "route", "warning"] = "shop"
    wait_minutes: Annotated[float, Field(ge=0, le=24 * 60, allow_inf_nan=False)] = 1
    digest: Annotated[list[str], AfterValidator(_minutes)] = Field(default_factory=list)
    quiet: Annotated[list[str], AfterValidator(_spans)] = Field(default_factory=list)
    urgent_hours: Annotated[float, Field(ge=0, le=24 * 31, allow_inf_nan=False)] = 0
    reminders_hours: Annotated[list[Hours], Field(max_length=10), AfterValidator(_distinct)] = (
        Field(default_factory=list)
    )
    follow_up: bool = True
    escalate: Escalation | None = None

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Self:
        if (self.money is None) != (self.currency is None):
            raise ValueError("money and currency: only both together are allowed")
        return self

    @property
    def tz(self) -> ZoneInfo:
        """The zone of its digests, quiet hours and texts."""
        return ZoneInfo(self.zone)

    @property
    def wait(self) -> int:
        """How long the first of a group waits for others, in µs."""
        return round(self.wait_minutes * 60_000_000)

    @property
    def near(self) -> int | None:
        """How near a deadline has to be, in µs; None: however far."""
        return None if self.hours_to_deadline is None else round(self.hours_to_deadline * HOUR)

    @property
    def digests(self) -> tuple[Minute, ...]:
        """When it speaks; none: whenever something is new."""
        return tuple(sorted(minute(each) for each in self.digest))

    @property
    def quiets(self) -> tuple[Quiet, ...]:
        """When it is silent."""
        return tuple(quiet(each) for each in self.quiet)

    @property
    def urgent(self) -> int:
        """How near a deadline lets nothing wait, in µs."""
        return round(self.urgent_hours * HOUR)

    @property
    def reminders(self) -> tuple[int, ...]:
        """How long before a deadline to remind, in µs, the longest first."""
        return tuple(round(each * HOUR) for each in self.reminders_hours)

    @property
    def every_channel(self) -> tuple[str, ...]:
        """The channels that it names, for escalations too, each once."""
        more = () if self.escalate is None else self.escalate.channels
        return tuple(dict.fromkeys((*self.channels, *more)))


class _File(Table):
    texts: str | None = None
    defaults: dict[str, Any] = Field(default_factory=dict)
    channels: Annotated[dict[Name, dict[str, Any]], Field(min_length=1, max_length=MOST_CHANNELS)]
    routes: Annotated[dict[Name, dict[str, Any]], Field(min_length=1, max_length=MOST_ROUTES)]


class Plan:
    """A routes file that can be used: its routes, the tables of its channels, and the folder of its
    templates (None: those of the project alone)."""

    def __init__(
        self,
        path: Path,
        text: str,
        routes: Mapping[str, Route],
        channels: Mapping[str, Mapping[str, Any]],
        texts: Path | None,
    ) -> None:
        self.path = path
        self.text = text
        self.routes = routes
        self.channels = channels
        self.texts = texts

    def problem(self, field: tuple[str | int, ...], message: str) -> str:
        """A line that says what is wrong with a field, and where it stands."""
        return _line(self.path, self.text, field, message)

    def check_names(self, rules: Collection[str], platform_of: Callable[[str], str]) -> None:
        """Raise WrongRoutes where a route could never match: it names a rule that there is not, or
        a platform by another name than warnings do (`platform_of` gives that)."""
        problems = []
        for name, route in self.routes.items():
            place = "routes", name
            problems += [
                self.problem(
                    (*place, "rules"), f"no rule {each!r}; there are {', '.join(sorted(rules))}"
                )
                for each in route.rules
                if each not in rules
            ]
            platforms = (
                *(("platforms", each) for each in route.platforms),
                *(("shops", each.partition("/")[0]) for each in route.shops),
            )
            problems += [
                self.problem((*place, field), f"{each!r} is {platform_of(each)!r} in warnings")
                for field, each in platforms
                if platform_of(each) != each
            ]
        if problems:
            raise WrongRoutes(problems)


def read_routes(path: Path) -> Plan:
    """The file, checked. Raises WrongRoutes; channels are checked by who makes them."""
    try:
        text, data = read_toml(path)
    except OSError as error:
        raise WrongRoutes([f"{path}: cannot be read ({error.strerror or error})"]) from error
    except ValueError as error:
        raise WrongRoutes([f"{path}: {error}"]) from error
    try:
        found = _File.model_validate(data)
    except ValidationError as error:
        raise WrongRoutes(_said(path, text, (), error)) from None
    routes: dict[str, Route] = {}
    problems: list[str] = []
    for name, table in found.routes.items():
        if "name" in table:
            problems.append(_line(path, text, ("routes", name, "name"), "is the table's own name"))
            continue
        try:
            routes[name] = Route.model_validate({**found.defaults, **table, "name": name})
        except ValidationError as error:
            problems += _said(path, text, ("routes", name), error, found.defaults.keys() - table)
            continue
        problems += [
            _line(path, text, ("routes", name, "channels"), f"there is no channel {each!r}")
            for each in routes[name].every_channel
            if each not in found.channels
        ]
    if problems:
        raise WrongRoutes(list(dict.fromkeys(problems)))
    folder = None if found.texts is None else path.parent / Path(found.texts).expanduser()
    return Plan(path, text, routes, found.channels, folder)


def _said(
    path: Path,
    text: str,
    above: tuple[str | int, ...],
    error: ValidationError,
    of_defaults: Collection[str] = (),
) -> list[str]:
    """What is wrong, each where it stands: `of_defaults` are fields that the defaults say."""
    found = []
    for each in error.errors(include_url=False, include_input=False):
        loc = tuple(part for part in each["loc"] if part != "[key]")
        field = (*(("defaults",) if loc and loc[0] in of_defaults else above), *loc)
        found.append(_line(path, text, field, each["msg"].removeprefix("Value error, ")))
    return found


def _line(path: Path, text: str, field: tuple[str | int, ...], message: str) -> str:
    named = ".".join(map(str, field)) or "the file"
    return f"{path}:{line_of(text, field)}: {named}: {message}"
