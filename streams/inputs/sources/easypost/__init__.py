"""EasyPost: pushes of Tracker events, and Trackers as a query returns them."""

from __future__ import annotations

import unicodedata

from streams.inputs.sources.easypost.mapping import CODES, read
from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import equal, hmac_sha256
from streams.inputs.sources.source import Answer, Source


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `X-Hmac-Signature` is HMAC-SHA256 of the raw body by the secret in NFKD."""
    sent = payload.headers.get("x-hmac-signature")
    if sent is None:
        return None
    digest = hmac_sha256(unicodedata.normalize("NFKD", feed.secret), payload.body)
    return equal(sent, f"hmac-sha256-hex={digest.hex()}")


SOURCE = Source(
    name="easypost",
    title="EasyPost",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
