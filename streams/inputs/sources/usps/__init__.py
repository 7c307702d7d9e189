"""USPS: pushes of Subscriptions-Tracking, and answers of Tracking v3."""

from __future__ import annotations

from datetime import timedelta

from streams.inputs.sources.moments import NoMoment, from_milliseconds, from_seconds, moment
from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.signing import base64_of, equal, hmac_sha256, octets
from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.usps.mapping import CODES, read

REPLAYED_AFTER = timedelta(minutes=5)
"""How far X-Timestamp may be from the arrival: an older request may be a copy."""


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `X-HMAC` is base64 of HMAC-SHA256 of X-Timestamp and the body, and made just now."""
    sent = payload.headers.get("x-hmac")
    if sent is None:
        return None
    stamp = payload.headers.get("x-timestamp", "")
    right = base64_of(hmac_sha256(feed.secret, octets(stamp) + payload.body))
    return equal(sent, right) and _recent(stamp, payload)


def _recent(stamp: str, payload: Payload) -> bool:
    try:
        if stamp.isdigit():
            made = from_milliseconds(stamp) if len(stamp) > 11 else from_seconds(stamp)
        else:
            made = moment(stamp, None)
    except NoMoment:
        return False
    return abs(payload.arrived_at - made) <= REPLAYED_AFTER


SOURCE = Source(
    name="usps",
    title="USPS",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
