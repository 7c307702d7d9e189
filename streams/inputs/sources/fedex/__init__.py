"""FedEx: pushes of Advanced Integrated Visibility, and answers of the Track API."""

from __future__ import annotations

from streams.inputs.sources.fedex.mapping import CODES, read
from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import base64_of, equal, hmac_sha256
from streams.inputs.sources.source import Answer, Source


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `fdx-signature` is the HMAC-SHA256 of the raw body by the security token.

    As base64; the vendor's text says hexadecimal in one place, so that is taken too.
    """
    sent = payload.headers.get("fdx-signature")
    if sent is None:
        return None
    digest = hmac_sha256(feed.secret, payload.body)
    return equal(sent, base64_of(digest)) or equal(sent.lower(), digest.hex())


SOURCE = Source(
    name="fedex",
    title="FedEx",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
