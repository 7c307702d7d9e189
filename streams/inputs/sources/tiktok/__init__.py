"""TikTok Shop: pushes that something of an order changed, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import equal, hmac_sha256
from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.tiktok.api import API
from streams.inputs.sources.tiktok.mapping import CODES, read


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `Authorization` is lower hex HMAC-SHA256 of the app key and the raw body."""
    sent = payload.headers.get("authorization")
    if sent is None:
        return None
    return equal(sent, hmac_sha256(feed.secret, feed.app_key.encode() + payload.body).hex())


SOURCE = Source(
    name="tiktok",
    title="TikTok Shop",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, '{"code":0,"message":"success"}'),
    failed=Answer(500, '{"code":1,"message":"retry"}'),
    api=API,
)
