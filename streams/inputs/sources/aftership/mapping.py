"""AfterShip's checkpoints → ours. Times have no offset: they are local to the scan."""

from __future__ import annotations

import re

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.aftership")

NEWS = "tracking_update"
"""The one event that tells of the parcel; others tell of estimates."""

SCANS = {"InTransit_003", "InTransit_007"}
"""Arrivals and departures, of which the words say where."""

_POST_OFFICE = re.compile("arriv.* post office", re.I)


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push, or of an answer to a query. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    found = Checkpoints("aftership", payload, CODES, feed.default_zone, own=feed.codes)
    if text(said, "event") not in ("", NEWS):
        found.outcome.passed["no_tracking_news"] += 1
        return found.outcome
    data = inner(said, "data")
    tracking = inner(said, "msg") or inner(data, "tracking") or data
    trackings = listed(data, "trackings") or [tracking]
    if not any("checkpoints" in each for each in trackings):
        raise Unreadable("there are no checkpoints")
    for each in trackings:
        for checkpoint in listed(each, "checkpoints"):
            _add(found, each, checkpoint)
    return found.done()


def _add(found: Checkpoints, tracking: Object, line: Object) -> None:
    code, words = text(line, "subtag", "tag"), raw_text(line, "message")
    at_post_office = code in SCANS and _POST_OFFICE.search(words)
    found.add(
        carrier=text(line, "slug") or text(tracking, "slug"),
        number=text(tracking, "tracking_number"),
        code=code,
        rule="arrived_dest_city" if at_post_office else None,
        at=text(line, "checkpoint_time"),
        words=words,
        location=place(province=text(line, "state"), city=text(line, "city")),
    )
