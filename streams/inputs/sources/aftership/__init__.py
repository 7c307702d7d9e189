"""AfterShip Tracking: pushes of one parcel's whole history."""

from __future__ import annotations

from streams.inputs.sources.aftership.mapping import CODES, read
from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import base64_of, equal, hmac_sha256
from streams.inputs.sources.source import Answer, Source


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `aftership-hmac-sha256` is base64 of HMAC-SHA256 of the raw body."""
    sent = payload.headers.get("aftership-hmac-sha256")
    return None if sent is None else equal(sent, base64_of(hmac_sha256(feed.secret, payload.body)))


SOURCE = Source(
    name="aftership",
    title="AfterShip",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
