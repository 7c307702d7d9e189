"""A feed's configuration as an operator writes it, checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from streams.inputs.sources.codes import is_rule
from streams.inputs.sources.payload import Feed


class ConfigurationError(Exception):
    """A configuration that cannot be used; the sentence names file, field, value and remedy."""


def _zone(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a name of the IANA time zone database is allowed, such as Asia/Shanghai")
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{value!r} is no name of the IANA time zone database, such as Asia/Shanghai"
        ) from None


def _rule(value: str) -> str:
    if not is_rule(value):
        raise ValueError(f"{value!r} is no status, and none of words, words/STATUS, hub/STATUS, -")
    return value


Rule = Annotated[str, AfterValidator(_rule)]
"""What a code comes to, as the tables say it."""

Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
"""A zone by its name."""


class FeedOptions(BaseModel):
    """What one feed, or one payload that is tried, is configured with; all of it is optional."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    secret: str = ""
    app_key: str = ""
    default_zone: Zone | None = None
    shop_id: str = ""
    platform: str = ""
    accept_test: bool = False
    request: dict[str, str] = Field(default_factory=dict)
    lookup: dict[str, dict[str, str]] = Field(default_factory=dict)
    codes: dict[str, Rule] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)

    def feed(self) -> Feed:
        """The part that a source reads; headers and query belong to a payload."""
        return Feed(
            secret=self.secret,
            app_key=self.app_key,
            default_zone=self.default_zone,
            shop_id=self.shop_id,
            platform=self.platform,
            accept_test=self.accept_test,
            request=self.request,
            lookup=self.lookup,
            codes=self.codes,
        )


def from_json(file: Path) -> FeedOptions:
    """The options in a JSON file. Raises ConfigurationError, OSError."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: is no JSON: {error}") from None
    try:
        return FeedOptions.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        allowed = ", ".join(FeedOptions.model_fields)
        hint = f"; allowed are {allowed}" if first["type"] == "extra_forbidden" else ""
        raise ConfigurationError(f"{file}: {where}: {first['msg']}{hint}") from None
