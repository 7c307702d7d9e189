"""UPS: Track Alert pushes, and answers of the Track API."""

from __future__ import annotations

from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import equal
from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.ups.mapping import CODES, read


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether the header `credential` is the value given at the subscription."""
    sent = payload.headers.get("credential")
    return None if sent is None else equal(sent, feed.secret)


SOURCE = Source(
    name="ups",
    title="UPS",
    codes=CODES,
    checked="password",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
