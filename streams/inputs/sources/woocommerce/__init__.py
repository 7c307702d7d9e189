"""WooCommerce: webhooks of orders, which are what its REST API answers."""

from __future__ import annotations

from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import base64_of, equal, hmac_sha256
from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.woocommerce.mapping import CODES, read


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `X-WC-Webhook-Signature` is base64 of HMAC-SHA256 of the raw body."""
    sent = payload.headers.get("x-wc-webhook-signature")
    return None if sent is None else equal(sent, base64_of(hmac_sha256(feed.secret, payload.body)))


SOURCE = Source(
    name="woocommerce",
    title="WooCommerce",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
