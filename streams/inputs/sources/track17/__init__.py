"""17TRACK (version 2): pushes of one parcel's whole history, and answers to queries."""

from __future__ import annotations

import hashlib

from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import equal
from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.track17.mapping import CODES, read


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether the header `sign` is lower hex SHA-256 of the raw body, a slash and the API key."""
    sent = payload.headers.get("sign")
    if sent is None:
        return None
    return equal(sent, hashlib.sha256(payload.body + b"/" + feed.secret.encode()).hexdigest())


SOURCE = Source(
    name="17track",
    title="17TRACK",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
