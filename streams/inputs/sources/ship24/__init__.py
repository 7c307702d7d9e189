"""Ship24: pushes of events, several parcels at a time, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.ship24.mapping import CODES, read
from streams.inputs.sources.signing import equal
from streams.inputs.sources.source import Answer, Source


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `Authorization` is Bearer with the account's secret."""
    sent = payload.headers.get("authorization")
    if sent is None:
        return None
    scheme, _, token = sent.partition(" ")
    return scheme.lower() == "bearer" and equal(token.strip(), feed.secret)


SOURCE = Source(
    name="ship24",
    title="Ship24",
    codes=CODES,
    checked="password",
    read=read,
    genuine=genuine,
    taken=Answer(200, '{"success":true}'),
    failed=Answer(503, '{"success":false}'),
)
