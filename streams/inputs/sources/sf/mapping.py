"""SF's routes → checkpoints. `orderid` is the order number given to SF: an echo, no upload."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import (
    Object,
    form_of,
    inner,
    is_json,
    is_xml,
    listed,
    object_of,
    raw_text,
    text,
    xml_of,
)
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.sf")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of up to ten routes, or of an answer. Raises Unreadable."""
    found = Checkpoints("sf", payload, CODES, BEIJING, otherwise="words", own=feed.codes)
    for route in _routes(payload.body):
        address = text(route, "acceptAddress", "accept_address")
        where = place(city=address) if address.endswith("市") else place(site=address)
        words = raw_text(route, "remark")
        found.add(
            carrier="sf",
            number=text(route, "mailno", "mailNo"),
            code=text(route, "opCode", "opcode"),
            at=text(route, "acceptTime", "accept_time"),
            words=words,
            location=where or None,
            place=address,
        )
    return found.done()


def _routes(body: bytes) -> list[Object]:
    if is_json(body):
        return _from_json(object_of(body, "the body"))
    if is_xml(body):
        return _from_xml(body)
    form = form_of(body)
    if "content" not in form:
        raise Unreadable("the form has no field content")
    content = form["content"].encode()
    return _from_json(object_of(content, "content")) if is_json(content) else _from_xml(content)


def _from_json(said: Object) -> list[Object]:
    if isinstance(said.get("body"), list):
        return listed(said, "body")
    answer = said
    if isinstance(said.get("apiResultData"), str):
        answer = object_of(said["apiResultData"], "apiResultData")
    parcels = inner(answer, "msgData")
    if "routeResps" in parcels:
        return [
            {"mailNo": text(parcel, "mailNo"), **route}
            for parcel in listed(parcels, "routeResps")
            for route in listed(parcel, "routes")
        ]
    routes = inner(said, "Body") or inner(said, "body") or said
    if "WaybillRoute" not in routes:
        raise Unreadable("there is neither WaybillRoute nor an answer's routes")
    one = inner(routes, "WaybillRoute")
    return [one] if one else listed(routes, "WaybillRoute")


def _from_xml(document: bytes) -> list[Object]:
    root = xml_of(document, "the content")
    pushed = [
        {**route.attrib, **{child.tag: child.text for child in route}}
        for route in root.iter("WaybillRoute")
    ]
    answered = [
        {**parcel.attrib, **route.attrib}
        for parcel in root.iter("RouteResponse")
        for route in parcel.iter("Route")
    ]
    return pushed + answered
