"""Shopify: webhooks of orders and fulfillments, and answers of its REST API."""

from __future__ import annotations

from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.shopify.mapping import CODES, read
from streams.inputs.sources.signing import base64_of, equal, hmac_sha256
from streams.inputs.sources.source import Answer, Source


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `X-Shopify-Hmac-SHA256` is base64 of HMAC-SHA256 of the raw body."""
    sent = payload.headers.get("x-shopify-hmac-sha256")
    return None if sent is None else equal(sent, base64_of(hmac_sha256(feed.secret, payload.body)))


SOURCE = Source(
    name="shopify",
    title="Shopify",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
