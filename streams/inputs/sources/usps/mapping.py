"""USPS's tracking events → checkpoints."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, json_of, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.usps")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a parcel, or of a list of them; `GMTTimestamp` is the scan.

    Raises Unreadable.
    """
    said = json_of(payload.body, "the body")
    parcels = listed({"all": said if isinstance(said, list) else [said]}, "all")
    if not any("trackingEvents" in parcel for parcel in parcels):
        raise Unreadable("there are no trackingEvents")
    found = Checkpoints("usps", payload, CODES, feed.default_zone, own=feed.codes)
    for parcel in parcels:
        for event in listed(parcel, "trackingEvents"):
            found.add(
                carrier="usps",
                number=text(parcel, "trackingNumber"),
                code=text(event, "eventCode"),
                at=_time(event),
                words=raw_text(event, "eventType"),
                location=place(province=text(event, "eventState"), city=text(event, "eventCity")),
            )
    return found.done()


def _time(event: Object) -> str:
    local, offset = text(event, "eventTimestamp"), text(event, "GMTOffset")
    return text(event, "GMTTimestamp") or (local + offset if local and offset else local)
