"""How YTO asks: a form with `logistics_interface` (XML) and `data_digest`, or an answer's JSON."""

from __future__ import annotations

from streams.inputs.sources.parts import (
    Object,
    form_of,
    is_json,
    is_xml,
    json_of,
    listed,
    xml_of,
)
from streams.inputs.sources.payload import Feed, Payload, Unreadable
from streams.inputs.sources.signing import base64_of, equal, md5, octets


def opened(payload: Payload) -> list[Object]:
    """The lines of a push or an answer. Raises Unreadable."""
    body = payload.body
    if is_json(body):
        said = json_of(body, "the body")
        if isinstance(said, list):
            return listed({"lines": said}, "lines")
        parcels = said.get("map")
        if not isinstance(parcels, dict):
            raise Unreadable("the body is neither a list of lines nor an empty answer")
        return [line for number in parcels for line in listed(parcels, number)]
    if not is_xml(body):
        form = form_of(body)
        if "logistics_interface" not in form:
            raise Unreadable("the form has no field logistics_interface")
        body = form["logistics_interface"].encode()
    root = xml_of(body, "logistics_interface")
    return [
        {child.tag: child.text for child in each}
        for each in ([root] if root.tag == "UpdateInfo" else root.iter("UpdateInfo"))
    ]


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `data_digest` is base64 of the MD5 of the XML and the partner's id."""
    if is_json(payload.body) or is_xml(payload.body):
        return None
    try:
        form = form_of(payload.body)
    except Unreadable:
        return False
    if "data_digest" not in form:
        return None
    right = base64_of(md5(octets(form.get("logistics_interface", "") + feed.secret)))
    return equal(form["data_digest"], right)
