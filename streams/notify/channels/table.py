"""A channel's table in the file of routes: what all have, and where their secrets are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from streams.notify.channels.http import hide_parts, web_address
from streams.notify.message import Channel, Limits
from streams.notify.texts.links import Links
from streams.notify.texts.texts import Texts
from streams.telemetry.secret_files import NoSecret, secret_of


class WrongChannel(ValueError):
    """A channel's table cannot be used; `field` is which part of it, dotted ("": all of it)."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True)
class Around:
    """What a channel is made with besides its table. `clock` is in seconds since the epoch."""

    name: str
    links: Links | None
    texts: Texts
    clock: Callable[[], float]
    environment: Mapping[str, str] = field(repr=False)


class Table(BaseModel):
    """What every channel's table may have. A kind of channel says its limits and makes one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    most: ClassVar[Limits]
    """What its documentation allows."""

    type: str
    per_minute: Annotated[int, Field(ge=1, le=10_000)] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=15)] = 10.0

    def make(self, around: Around) -> Channel:
        """The channel. Raises WrongChannel."""
        raise NotImplementedError

    @property
    def limits(self) -> Limits:
        """What the channel takes: a table may lower the messages a minute. Raises WrongChannel."""
        most = self.most.per_minute
        if self.per_minute is None:
            return self.most
        if most is not None and self.per_minute > most:
            raise WrongChannel("per_minute", f"{self.per_minute}: at most {most} are allowed here")
        return Limits(self.per_minute, self.most.max_bytes)

    def secret(self, name: str, around: Around, *, needed: bool = True) -> str:
        """The secret that `NAME_file` or `NAME_env` names; "" where none is needed and none is
        named. Raises WrongChannel."""
        file, variable = getattr(self, f"{name}_file"), getattr(self, f"{name}_env")
        if not (needed or file or variable):
            return ""
        try:
            return secret_of(name, file, variable, around.environment, "the channel's")
        except NoSecret as error:
            raise WrongChannel(error.field, str(error)) from None


class AddressTable(Table):
    """A channel whose address is a secret: a robot is asked by whoever knows it."""

    url_file: str = ""
    url_env: str = ""

    def address(self, around: Around) -> str:
        """Where to post to; from now on no line of the log shows it. Raises WrongChannel."""
        url = self.secret("url", around)
        hide_parts(url)
        try:
            return web_address(url)
        except ValueError as error:
            raise WrongChannel("url_file" if self.url_file else "url_env", str(error)) from None


class SignedTable(AddressTable):
    """A robot that may ask for signatures, or for a keyword in every message."""

    secret_file: str = ""
    secret_env: str = ""
    keyword: Annotated[str, Field(max_length=50)] = ""
