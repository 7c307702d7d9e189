"""Ship24's events → checkpoints. `datetime` glues a Z to local times and is not read."""

from __future__ import annotations

import re

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.ship24")

_OFFSET = re.compile(r"[+-]\d\d:?\d\d")
_HAS_OFFSET = re.compile(r"\d(?:[zZ]|[+-]\d\d:?\d\d)")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of each tracking, by the number of its tracker. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    trackings = listed(said, "trackings") or listed(inner(said, "data"), "trackings")
    if "trackings" not in said and "trackings" not in inner(said, "data"):
        raise Unreadable("there are no trackings")
    found = Checkpoints("ship24", payload, CODES, feed.default_zone, own=feed.codes)
    for tracking in trackings:
        number = text(inner(tracking, "tracker"), "trackingNumber")
        for event in listed(tracking, "events"):
            _add(found, number or text(event, "eventTrackingNumber"), event)
    return found.done()


def _add(found: Checkpoints, number: str, event: Object) -> None:
    code = text(event, "statusCode")
    milestone = text(event, "statusMilestone")
    found.add(
        carrier=text(event, "courierCode"),
        number=number,
        code=code or milestone,
        rule=(CODES.find(code) if code else None) or CODES.find(f"milestone:{milestone}"),
        at=_time(event),
        words=raw_text(event, "status"),
        location=place(site=text(event, "location")) or None,
    )


def _time(event: Object) -> str:
    """The time with its offset where either field says one; empty where it is a day alone."""
    at, offset = text(event, "occurrenceDatetime"), text(event, "utcOffset")
    if event.get("hasNoTime") is True or text(event, "hasNoTime").startswith("true"):
        return ""
    if _OFFSET.fullmatch(offset) and not _HAS_OFFSET.search(at[10:]):
        return at + offset
    return at
