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

CODES = codes_of("streams.inputs.sources.sf", "zh")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of up to ten routes, or of an answer. Raises Unreadable."""
    found = Checkpoints("sf", payload, CODES, BEIJING, otherwise="words")
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
        said = object_of(body, "the body")
        if isinstance(said.get("body"), list):
            return listed(said, "body")
        routes = inner(said, "Body") or inner(said, "body") or said
        if "WaybillRoute" not in routes:
            raise Unreadable("there is no WaybillRoute")
        return listed(routes, "WaybillRoute")
    document = body
    if not is_xml(body):
        form = form_of(body)
        if "content" not in form:
            raise Unreadable("the form has no field content")
        document = form["content"].encode()
    root = xml_of(document, "the content")
    return [
        {**route.attrib, **{child.tag: child.text for child in route}}
        for route in root.iter("WaybillRoute")
    ]
