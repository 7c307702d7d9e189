"""JD's lines → checkpoints. `routeAddress` is a detailed address and is not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import Object, is_json, json_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable
from streams.inputs.sources.wording import status_of

CODES = codes_of("streams.inputs.sources.jd")

_TITLES = ("operationTitle", "opeTitle")

_OF_A_LINE = {"state", "operationTime", "opeTime"}

MAX_DEPTH = 6
"""Of an answer's wrappings."""

_HUB = re.compile("分拣|中转|转运|分拨")
_PIECE = re.compile(r"(JD[A-Z0-9]+?)-\d+-\d*-?")
"""A piece's code: the waybill's, which of how many, and a dash."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoint of a push, or those of an answer to a query. Raises Unreadable."""
    if not is_json(payload.body):
        raise Unreadable("the body is no JSON")
    said = json_of(payload.body, "the body")
    lines = list(_lines(said, MAX_DEPTH))
    if not lines:
        raise Unreadable("there is no waybillCode")
    found = Checkpoints("jd", payload, CODES, BEIJING, own=feed.codes)
    for line in lines:
        _add(found, line)
    return found.done()


def _lines(said: Any, depth: int, number: str = "") -> Iterator[Object]:
    """The lines, wherever they are: the gateway wraps answers in objects named by the method.

    A line has a state or a time; its number may be that of what is around it.
    """
    if isinstance(said, dict):
        number = text(said, "waybillCode") or number
        if number and not _OF_A_LINE.isdisjoint(said):
            yield {**said, "waybillCode": number}
            return
    if depth and isinstance(said, dict | list):
        for each in said.values() if isinstance(said, dict) else said:
            yield from _lines(each, depth - 1, number)


def _add(found: Checkpoints, line: Object) -> None:
    code, site = text(line, "state"), text(line, "operateSite")
    category = text(line, "category")
    number = text(line, "waybillCode")
    piece = _PIECE.fullmatch(number)
    words = raw_text(line, "operationRemark", "opeRemark", *_TITLES)
    title = status_of(raw_text(line, *_TITLES), place=site)
    found.add(
        carrier="jd",
        number=piece[1] if piece else number,
        code=code or category,
        rule=(CODES.find(code) if code else None)
        or (CODES.find(f"category:{category}") if category else None)
        or (None if code or category else f"words/{title or 'unknown'}"),
        at=text(line, "operationTime", "opeTime"),
        words=words,
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
