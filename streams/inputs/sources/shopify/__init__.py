"""Shopify: webhooks of orders and fulfillments, and answers of its REST API."""

from __future__ import annotations

from streams.inputs.sources.shopify.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source, by_hmac

SOURCE = Source(
    name="shopify",
    title="Shopify",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=by_hmac("x-shopify-hmac-sha256"),
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
    remembers=True,
)
