"""USPS's tracking events → checkpoints."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.usps", "en")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of one parcel; `GMTTimestamp` is the scan. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    if "trackingEvents" not in said:
        raise Unreadable("there are no trackingEvents")
    found = Checkpoints("usps", payload, CODES, feed.default_zone)
    for event in listed(said, "trackingEvents"):
        found.add(
            carrier="usps",
            number=text(said, "trackingNumber"),
            code=text(event, "eventCode"),
            at=_time(event),
            words=raw_text(event, "eventType"),
            location=place(province=text(event, "eventState"), city=text(event, "eventCity")),
        )
    return found.done()


def _time(event: Object) -> str:
    local, offset = text(event, "eventTimestamp"), text(event, "GMTOffset")
    return text(event, "GMTTimestamp") or (local + offset if local and offset else local)
