"""WooCommerce: webhooks of orders, which are what its REST API answers."""

from __future__ import annotations

from streams.inputs.sources.source import Answer, Source, by_hmac
from streams.inputs.sources.woocommerce.mapping import CODES, read

SOURCE = Source(
    name="woocommerce",
    title="WooCommerce",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=by_hmac("x-wc-webhook-signature"),
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
