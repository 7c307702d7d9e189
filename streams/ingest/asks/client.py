"""One question to a platform, and what its answer is."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import aiohttp
from yarl import URL

from streams.ingest.asks.table import Asking
from streams.inputs.sources.asking import Credentials
from streams.inputs.sources.parts import object_of
from streams.inputs.sources.payload import Unreadable

MOST_BYTES = 4 << 20
"""Of an answer; an order has some ten thousand."""

_LONGEST_CODE = 60

_OUTCOMES = {
    "again": "failed",
    "throttled": "throttled",
    "denied": "denied",
    "gone": "not_found",
    "refused": "refused",
}
"""What metrics call the verdicts."""


class Reply(NamedTuple):
    """How a question ended: as metrics call it, the answer of `answered`, the code of others."""

    outcome: str
    body: bytes = b""
    code: str = ""


class Client:
    """Asks platforms. Nothing of a request or an answer is ever logged."""

    def __init__(self) -> None:
        # Proxies of the environment are used; cookies and redirections would carry tokens away.
        self._session = aiohttp.ClientSession(
            trust_env=True, cookie_jar=aiohttp.DummyCookieJar(), raise_for_status=False
        )

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, asking: Asking, who: Credentials, order_id: str, at: datetime) -> Reply:
        """Ask for an order, once."""
        query = asking.api.query(order_id, who, at)
        try:
            async with self._session.request(
                query.method,
                URL(asking.address + query.path).update_query(query.query),
                headers=query.headers,
                data=query.body or None,
                timeout=aiohttp.ClientTimeout(total=asking.timeout),
                allow_redirects=False,
            ) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_chunked(1 << 16):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        return Reply("unreadable", code="too_large")
                return _reply(asking, answer.status, bytes(body))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Its words have the address, and that may have the token.
            return Reply("unanswered", code=type(error).__name__)


def _reply(asking: Asking, status: int, body: bytes) -> Reply:
    said_no = f"http_{status}"
    if status == 429 or status >= 500:
        return Reply("throttled" if status == 429 else "failed", code=said_no)
    refused = Reply("denied" if status in (401, 403) else "refused", code=said_no)
    try:
        said = object_of(body, "the answer")
    except Unreadable:
        return refused if status != 200 else Reply("unreadable", code="no_json")
    codes = asking.api.failed(said)
    if codes:
        outcome = _OUTCOMES[asking.api.verdict(codes, asking.codes)]
        known = outcome if outcome != "refused" else refused.outcome
        return Reply(known, code=codes[0][:_LONGEST_CODE])
    return Reply("answered", body) if status == 200 else refused
