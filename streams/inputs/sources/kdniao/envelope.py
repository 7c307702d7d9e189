"""How KDNiao asks: a form with `RequestData` and `DataSign`, or the bare JSON of an answer."""

from __future__ import annotations

import json
from contextlib import suppress

from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import Object, form_of, is_json, object_of, text
from streams.inputs.sources.payload import Feed, Payload, Unreadable
from streams.inputs.sources.signing import base64_of, equal, md5, octets
from streams.inputs.sources.source import Answer


def opened(payload: Payload) -> Object:
    """What the push or the answer says. Raises Unreadable."""
    if is_json(payload.body):
        return object_of(payload.body, "the body")
    form = form_of(payload.body)
    if "RequestData" not in form:
        raise Unreadable("the form has no field RequestData")
    return object_of(form["RequestData"], "RequestData")


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `DataSign` is base64 of the lower hex MD5 of RequestData and the AppKey.

    Base64 of the 32 hexadecimal characters, not of the 16 bytes.
    """
    try:
        form = form_of(payload.body)
    except Unreadable:
        return False
    if "DataSign" not in form:
        return None
    right = md5(octets(form.get("RequestData", "") + feed.secret)).hex()
    return equal(form["DataSign"], base64_of(right.encode()))


def addressed(answer: Answer, payload: Payload) -> Answer:
    """The answer with the merchant that the request names, and the time."""
    merchant = ""
    with suppress(Unreadable):
        merchant = text(opened(payload), "EBusinessID")
    said = {
        "EBusinessID": merchant,
        "UpdateTime": payload.arrived_at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        **json.loads(answer.body),
    }
    return answer._replace(body=json.dumps(said, ensure_ascii=False))
