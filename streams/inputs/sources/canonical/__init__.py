"""Our own messages, one or many, from whoever can write them but not to Kafka."""

from __future__ import annotations

from streams.inputs.sources.canonical.mapping import CODES, read
from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import equal, hmac_sha256
from streams.inputs.sources.source import Answer, Source


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `X-ShipSentry-Signature` is lower hex HMAC-SHA256 of the raw body."""
    sent = payload.headers.get("x-shipsentry-signature")
    return None if sent is None else equal(sent, hmac_sha256(feed.secret, payload.body).hex())


SOURCE = Source(
    name="canonical",
    title="ShipSentry's own messages",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, '{"taken":true}'),
    failed=Answer(503, '{"taken":false}'),
)
