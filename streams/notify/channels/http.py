"""One request to a channel's server, and its answer; nothing of either is ever logged or raised."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from yarl import URL

from streams.telemetry.secrets import hide, masked

MOST_BYTES = 64 * 1024
"""Of an answer; one that is longer is cut."""

LONGEST_WAIT_S = 3600.0
"""However long a server asks us to wait, it is asked again after so long."""

_LONGEST_SAID = 160
_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True)
class Request:
    """A request to make; the address of a robot is its password."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The JSON object of its body; empty where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Unanswered(Exception):
    """There was no answer; the text is a reason without the address."""


class Poster:
    """Posts, by connections of its own. The session is made in the loop that first posts."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, request: Request) -> Answer:
        """Ask once. Raises Unanswered."""
        if self._session is None:
            # Proxies of the environment are used; cookies and redirections would carry what is
            # sent elsewhere.
            self._session = aiohttp.ClientSession(
                trust_env=True, cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout
            )
        headers = {"Content-Type": "application/json; charset=utf-8", **request.headers}
        try:
            async with self._session.post(
                # A signature in the query is encoded already.
                URL(request.url, encoded=True),
                data=request.body,
                headers={"User-Agent": "shipsentry", **headers},
                allow_redirects=False,
            ) as answer:
                body = b""
                while len(body) < MOST_BYTES:
                    chunk = await answer.content.read(MOST_BYTES - len(body))
                    if not chunk:
                        break
                    body += chunk
                return Answer(answer.status, answer.headers.copy(), body)
        except TimeoutError:
            raise Unanswered(f"no answer within {self._timeout.total:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Its words have the address, and that may have the token.
            raise Unanswered(f"no answer: {type(error).__name__}") from None

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def said(text: object) -> str:
    """What a server said, on one line, short and without our secrets."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", str(text)).split())
    line = masked(line)
    return line if len(line) <= _LONGEST_SAID else line[:_LONGEST_SAID] + "…"


def retry_after(answer: Answer, default: float, now: float) -> float:
    """Seconds that a server asks us to wait, by `Retry-After` or as Feishu's gateway says it."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    text = headers.get("retry-after") or headers.get("x-ogw-ratelimit-reset") or ""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except ValueError:
            return default
    if seconds != seconds:  # NaN
        return default
    return min(max(seconds, 1.0), LONGEST_WAIT_S)


def web_address(url: str) -> str:
    """A URL to post to. Raises ValueError, which does not quote it."""
    parts = urlsplit(url)
    here = parts.scheme == "http" and is_here(parts.hostname or "")
    if not parts.hostname or not (here or parts.scheme == "https"):
        raise ValueError("what it holds is no https URL (http is for this machine alone)")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("the URL that it holds has a user or a fragment: neither is allowed")
    _ = parts.port  # raises where it is none
    return url


def hide_parts(url: str) -> None:
    """Have no line show an address, or what of it is as good as a password."""
    hide(url)
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query)]
    for each in (parts.path.rpartition("/")[2], *values):
        if len(each) >= _SHORTEST_SECRET:
            hide(each)


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
