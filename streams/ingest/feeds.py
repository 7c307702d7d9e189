"""The feeds that an operator configured: a TOML file with a table `[[feed]]` for each, checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from streams.ingest.asks.table import ApiTable, Asking
from streams.ingest.limits import Network
from streams.inputs.sources.configuration import Rule, Zone
from streams.inputs.sources.payload import Feed
from streams.inputs.sources.registry import SOURCES
from streams.inputs.sources.scope import FIELDS, Scope
from streams.inputs.sources.source import Source
from streams.telemetry.secret_files import NoSecret, secret_of
from streams.texts.toml_file import read_toml
from streams.texts.where import line_of

MOST_FEEDS = 200
"""Each has series of its own in the metrics."""

MOST_PROBLEMS = 50
"""What is said of a file at a time."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LONGEST_SHOWN = 60

Key = tuple[str, str]
"""Source and name of a feed, as its address has them."""


class FeedsError(ValueError):
    """Feeds that cannot be used; `problems` has a line each: file, line, field, what is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class NamedFeed:
    """One feed: whose it is, what its source reads of it, and what is done with what comes."""

    source: Source
    name: str
    feed: Feed = field(repr=False)
    scope: Scope | None = None
    allow: tuple[Network, ...] = ()
    """From where requests may come; empty: from anywhere."""
    rate_limit: float | None = None
    """Requests a second."""
    mask_phones: bool = False
    """Whether mobile numbers in descriptions are masked."""
    asking: Asking | None = None
    """How its platform is asked for orders of which its requests say too little."""

    @property
    def key(self) -> Key:
        """What its address says of it."""
        return self.source.name, self.name


def _source(value: str) -> str:
    if value not in SOURCES:
        raise ValueError(f"there is no such source: allowed are {', '.join(SOURCES)}")
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            "a name has up to 64 of a-z, 0-9, _ and -, and begins with a letter or digit"
        )
    return value


def _networks(value: list[str]) -> list[str]:
    for each in value:
        try:
            ip_network(each)
        except ValueError as error:
            raise ValueError(f"{error}: allowed are addresses and networks") from None
    return value


class _Table(BaseModel):
    """A table `[[feed]]` as it is written."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    source: Annotated[str, AfterValidator(_source)]
    name: Annotated[str, AfterValidator(_name)]
    secret_file: str = ""
    secret_env: str = ""
    app_key: str = ""
    default_zone: Zone | None = None
    shop_id: str = ""
    platform: str = ""
    scope: Scope | None = None
    accept_test: bool = False
    allow: Annotated[list[str], AfterValidator(_networks)] = Field(default_factory=list)
    rate_limit: Annotated[float, Field(gt=0, le=100_000)] | None = None
    mask_phones: bool = False
    codes: dict[str, Rule] = Field(default_factory=dict)
    api: ApiTable | None = None


def load_feeds(path: Path, environment: Mapping[str, str]) -> dict[Key, NamedFeed]:
    """The feeds of a file, by source and name. From now on no line of the log shows a secret.

    Raises FeedsError with all that is wrong, OSError where the file cannot be read.
    """
    try:
        text, data = read_toml(path)
    except ValueError as error:
        raise FeedsError([f"{path}: {error}"]) from error
    found = _Reading(path, text, environment)
    for key in data:
        if key != "feed":
            found.wrong((key,), f"there is no such key: allowed are tables [[feed]]{_close(key)}")
    tables = data.get("feed", [])
    if not isinstance(tables, list) or not tables:
        found.wrong(("feed",), "there is no feed: a table [[feed]] is one")
        tables = []
    if len(tables) > MOST_FEEDS:
        found.wrong(("feed",), f"{len(tables)} feeds: at most {MOST_FEEDS} are allowed")
    for number, table in enumerate(tables):
        found.take(number, table)
    if found.problems:
        raise FeedsError(found.problems[:MOST_PROBLEMS])
    return found.feeds


class _Reading:
    """Gathers the feeds of one file, and what is wrong with them."""

    def __init__(self, path: Path, text: str, environment: Mapping[str, str]) -> None:
        self.feeds: dict[Key, NamedFeed] = {}
        self.problems: list[str] = []
        self._path = path
        self._text = text
        self._environment = environment

    def wrong(self, place: tuple[str | int, ...], why: str) -> None:
        """Note a problem: its line, its field, the sentence."""
        name = ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)
        self.problems.append(f"{self._path}:{line_of(self._text, place)}: {name}: {why}")

    def take(self, number: int, table: Any) -> None:
        """Add the feed of a table, or say what is wrong with it."""
        place = ("feed", number)
        try:
            said = _Table.model_validate(table)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                where = tuple(part for part in each["loc"] if part != "default_zone.zone")
                self.wrong((*place, *where), _why(each))
            return
        key = said.source, said.name
        if key in self.feeds:
            self.wrong((*place, "name"), f"there are two feeds {said.source}/{said.name}")
        if said.scope is not None:
            owner = FIELDS[said.scope]
            if not getattr(said, owner):
                self.wrong((*place, "scope"), f"scope {said.scope!r} needs {owner}")
        try:
            secret = secret_of("secret", said.secret_file, said.secret_env, self._environment)
        except NoSecret as error:
            self.wrong((*place, *filter(None, (error.field,))), str(error))
            return
        feed = Feed(
            secret=secret,
            app_key=said.app_key,
            default_zone=said.default_zone,
            shop_id=said.shop_id,
            platform=said.platform,
            accept_test=said.accept_test,
            codes=said.codes,
        )
        self.feeds[key] = NamedFeed(
            source=SOURCES[said.source],
            name=said.name,
            feed=feed,
            scope=said.scope,
            allow=tuple(ip_network(each) for each in said.allow),
            rate_limit=said.rate_limit,
            mask_phones=said.mask_phones,
            asking=self._asking(place, said, feed),
        )

    def _asking(self, place: tuple[str | int, ...], said: _Table, feed: Feed) -> Asking | None:
        """How the feed's platform is asked; None where it is not, or what it needs is missing."""
        if said.api is None:
            return None
        place = (*place, "api")
        api = SOURCES[said.source].api
        if api is None:
            asked = ", ".join(name for name, source in SOURCES.items() if source.api is not None)
            self.wrong(place, f"{said.source} is not asked for orders: only {asked} are")
            return None

        def wrong(name: str, why: str) -> None:
            self.wrong((*place, *filter(None, (name,))), why)

        return said.api.asking(api, feed, self._environment, wrong)


def _why(problem: Any) -> str:
    """What is wrong with a field, in a sentence; no value of a key that is none."""
    name, table = str(problem["loc"][-1]), ApiTable if "api" in problem["loc"][:-1] else _Table
    if name in ("secret", "token") and problem["type"] == "extra_forbidden":
        return f"secrets do not stand here: name a file ({name}_file) or a variable ({name}_env)"
    if problem["type"] == "extra_forbidden":
        allowed = table.model_fields
        return f"there is no such field{_close(name, allowed)}: allowed are {', '.join(allowed)}"
    if problem["type"] == "missing":
        return "it is needed"
    message = str(problem["msg"]).removeprefix("Value error, ")
    value = repr(problem["input"])[:_LONGEST_SHOWN]
    return message if message.startswith(value) else f"{value}: {message}"


def _close(name: str, allowed: Iterable[str] = _Table.model_fields) -> str:
    close = difflib.get_close_matches(name, [*allowed], 1)
    return f", did you mean {close[0]}?" if close else ""
