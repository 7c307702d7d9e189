"""How WeChat asks: JSON or XML, with a signature of a time in the address.

The signature covers token, time and nonce, not the body; events that are encrypted are refused: no
key for them is configured.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from streams.inputs.sources.moments import NoMoment, from_seconds
from streams.inputs.sources.parts import Object, is_xml, object_of, xml_of
from streams.inputs.sources.payload import Feed, Payload, Unreadable
from streams.inputs.sources.signing import equal, octets

REPLAYED_AFTER = timedelta(minutes=5)
"""How far `timestamp` may be from the arrival: an older request may be a copy."""


def opened(payload: Payload) -> Object:
    """The event or the answer; fields that XML repeats are lists. Raises Unreadable."""
    if not is_xml(payload.body):
        said = object_of(payload.body, "the body")
    else:
        said = {}
        for child in xml_of(payload.body, "the body"):
            if len(child):
                value: object = {leaf.tag: leaf.text or "" for leaf in child}
            else:
                value = child.text or ""
            if child.tag in said or child.tag == "Actions":
                said.setdefault(child.tag, [])
                if not isinstance(said[child.tag], list):
                    said[child.tag] = [said[child.tag]]
                said[child.tag].append(value)
            else:
                said[child.tag] = value
    if "Encrypt" in said or "encrypt" in said:
        raise Unreadable("the event is encrypted: set the account to plain messages")
    return said


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `signature` is SHA-1 of the sorted token, time and nonce, and made just now."""
    sent = payload.query.get("signature")
    if sent is None:
        return None
    stamp = payload.query.get("timestamp", "")
    parts = sorted([feed.secret, stamp, payload.query.get("nonce", "")])
    right = hashlib.sha1(octets("".join(parts)), usedforsecurity=False).hexdigest()
    try:
        recent = abs(payload.arrived_at - from_seconds(stamp)) <= REPLAYED_AFTER
    except NoMoment:
        return False
    return equal(sent, right) and recent
