"""How Douyin asks: an array of messages whose `data` is a JSON text; answers are objects."""

from __future__ import annotations

from typing import Any

from streams.inputs.sources.parts import json_of
from streams.inputs.sources.payload import Feed, Payload, Unreadable
from streams.inputs.sources.signing import equal, hmac_sha256, md5, octets


def opened(payload: Payload) -> Any:
    """The pushed messages, a list, or an answer, an object. Raises Unreadable."""
    said = json_of(payload.body, "the body")
    if isinstance(said, list):
        return said
    if isinstance(said, dict) and "tag" not in said:
        return said
    raise Unreadable("the body is neither an array of messages nor an answer to a query")


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `event-sign` is lower hex MD5 of app key, raw body and app secret.

    Newer apps sign the same text by HMAC-SHA256. `app-id` must be the app key.
    """
    sent = payload.headers.get("event-sign")
    if sent is None:
        return None
    app_key = feed.app_key or payload.headers.get("app-id", "")
    text = octets(app_key) + payload.body + feed.secret.encode()
    fits = equal(sent.lower(), md5(text).hex()) or equal(
        sent.lower(), hmac_sha256(feed.secret, text).hex()
    )
    return fits and equal(payload.headers.get("app-id", app_key), app_key)
