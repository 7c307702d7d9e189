"""JD's lines → checkpoints. `routeAddress` is a detailed address and is not read."""

from __future__ import annotations

import re

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import Object, is_json, json_of, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.jd", "zh")

_HUB = re.compile("分拣|中转|转运|分拨")
_PIECE = re.compile(r"(JD[A-Z0-9]+?)-\d+-\d*-?")
"""A piece's code: the waybill's, which of how many, and a dash."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoint of a push, or those of an answer to a query. Raises Unreadable."""
    if not is_json(payload.body):
        raise Unreadable("the body is no JSON")
    said = json_of(payload.body, "the body")
    root = {"lines": said} if isinstance(said, list) else {"lines": [said]}
    lines = [
        line
        for each in listed(root, "lines")
        for line in (listed(each, "data") or listed(each, "traceDetails") or [each])
    ]
    if not any("waybillCode" in line for line in lines):
        raise Unreadable("there is no waybillCode")
    found = Checkpoints("jd", payload, CODES, BEIJING)
    for line in lines:
        _add(found, line)
    return found.done()


def _add(found: Checkpoints, line: Object) -> None:
    code, site = text(line, "state"), text(line, "operateSite")
    category = text(line, "category")
    number = text(line, "waybillCode")
    piece = _PIECE.fullmatch(number)
    found.add(
        carrier="jd",
        number=piece[1] if piece else number,
        code=code or category,
        rule=(CODES.find(code) if code else None)
        or (CODES.find(f"category:{category}") if category else None)
        or (None if code or category else "words"),
        at=text(line, "operationTime", "opeTime"),
        words=raw_text(line, "operationRemark", "opeRemark", "operationTitle", "opeTitle"),
        location=place(
            province=text(line, "routeProvinceName"),
            city=text(line, "routeCityName"),
            district=text(line, "routeDistrictName"),
            site=site,
        )
        or None,
        place=site,
        hub=bool(_HUB.search(site)) if site else None,
    )
