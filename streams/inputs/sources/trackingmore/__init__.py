"""TrackingMore: pushes of versions 2 to 4, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.parts import inner, object_of, text
from streams.inputs.sources.payload import Feed, Payload, Unreadable
from streams.inputs.sources.signing import equal, hmac_sha256, octets
from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.trackingmore.mapping import CODES, read


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether the signature fits: of the body (version 4), or of a time (versions 2 and 3).

    What version 4 signs is contradictory in the vendor's own texts; the older signature does not
    cover the body. So put a token into the address besides: it is taken as the secret, too.
    """
    token = payload.query.get("token")
    if token is not None:
        return equal(token, feed.secret)
    sent = payload.headers.get("signature") or payload.headers.get("trackingmore-hmac-sha256")
    if sent is not None:
        return equal(sent.lower(), hmac_sha256(feed.secret, payload.body).hex())
    try:
        info = inner(object_of(payload.body, "the body"), "verifyInfo")
    except Unreadable:
        return False
    if not info:
        return None
    right = hmac_sha256(feed.secret, octets(text(info, "timeStr"))).hex()
    return equal(text(info, "signature").lower(), right)


SOURCE = Source(
    name="trackingmore",
    title="TrackingMore",
    codes=CODES,
    checked="password",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
