"""Shippo: pushes of one parcel's whole history."""

from __future__ import annotations

from datetime import timedelta

from streams.inputs.sources.moments import NoMoment, from_seconds
from streams.inputs.sources.payload import Feed, Payload
from streams.inputs.sources.shippo.mapping import CODES, read
from streams.inputs.sources.signing import equal, hmac_sha256, octets
from streams.inputs.sources.source import Answer, Source

REPLAYED_AFTER = timedelta(minutes=5)
"""How far the signature's time may be from the arrival: an older request may be a copy."""


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `Shippo-Auth-Signature` (t=…,v1=…) is HMAC-SHA256 of "t.body", and made just now.

    Signatures are on request: without one, a token in the address is the secret.
    """
    sent = payload.headers.get("shippo-auth-signature")
    if sent is None:
        token = payload.query.get("token")
        return None if token is None else equal(token, feed.secret)
    parts = dict(part.strip().partition("=")[::2] for part in sent.split(","))
    stamp = parts.get("t", "")
    digest = hmac_sha256(feed.secret, octets(stamp) + b"." + payload.body)
    try:
        recent = abs(payload.arrived_at - from_seconds(stamp)) <= REPLAYED_AFTER
    except NoMoment:
        return False
    return equal(parts.get("v1"), digest.hex()) and recent


SOURCE = Source(
    name="shippo",
    title="Shippo",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
