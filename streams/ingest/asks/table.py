"""`[feed.api]`: with what a feed's platform is asked for orders, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from streams.inputs.sources.asking import Api, Credentials, Verdict
from streams.inputs.sources.payload import Feed
from streams.telemetry.secret_files import NoSecret, SecretFile, secret_of


@dataclass(frozen=True, slots=True)
class Asking:
    """How a feed's platform is asked. `rate` is in requests a second, `timeout` in seconds."""

    api: Api
    address: str
    rate: float
    timeout: float
    retries: int
    """How often an order is asked for again that the platform could not answer."""
    codes: Mapping[str, Verdict]
    who: Credentials = field(repr=False)
    token_file: SecretFile | None = None

    def credentials(self) -> Credentials:
        """Who asks now: a token in a file is what stands there now. Raises NoSecret."""
        if self.token_file is None:
            return self.who
        return replace(self.who, token=self.token_file.read())


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("an address such as https://host is allowed")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("an address has neither a user nor a query")
    if parts.scheme == "http" and not _here(parts.hostname):
        raise ValueError("tokens and addresses of people travel there: https is needed")
    return value.rstrip("/")


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ApiTable(BaseModel):
    """The table as it is written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    address: Annotated[str, AfterValidator(_address)] | None = None
    app_key: str = ""
    secret_file: str = ""
    secret_env: str = ""
    token_file: str = ""
    token_env: str = ""
    shop_cipher: str = ""
    rate: Annotated[float, Field(gt=0, le=1000)] = 5.0
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    retries: Annotated[int, Field(ge=0, le=100)] = 10
    codes: dict[str, Verdict] = Field(default_factory=dict)

    def asking(
        self,
        api: Api,
        feed: Feed,
        environment: Mapping[str, str],
        wrong: Callable[[str, str], None],
    ) -> Asking | None:
        """How the platform is asked, or None once `wrong` was told of each field, and why."""
        found = {
            "app_key": self.app_key or feed.app_key,
            "secret": "" if api.own_secret else feed.secret,
            "token": "",
            "shop_cipher": self.shop_cipher,
        }
        problems = []
        for name in ("secret", "token"):
            file, variable = getattr(self, f"{name}_file"), getattr(self, f"{name}_env")
            if name not in api.needs:
                problems += [
                    NoSecret(each, "this platform's requests have none")
                    for each in (f"{name}_file", f"{name}_env")
                    if getattr(self, each)
                ]
            elif file or variable or not found[name]:
                try:
                    found[name] = secret_of(name, file, variable, environment)
                except NoSecret as error:
                    problems.append(error)
        for name in ("app_key", "shop_cipher"):
            if name in api.needs and not found[name]:
                problems.append(NoSecret(name, "it is needed"))
            elif name not in api.needs and getattr(self, name):
                problems.append(NoSecret(name, "this platform's requests have none"))
        for problem in problems:
            wrong(problem.field, str(problem))
        if problems:
            return None
        return Asking(
            api=api,
            address=self.address or api.address,
            rate=self.rate,
            timeout=self.timeout_s,
            retries=self.retries,
            codes=self.codes,
            who=Credentials(**found),
            token_file=SecretFile("token", self.token_file) if self.token_file else None,
        )
