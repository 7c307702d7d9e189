"""TrackingMore's lines → checkpoints, at the origin and at the destination, in two spellings."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.trackingmore")

_LINES = ("trackinfo", "track_info")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push's parcel, or of each in an answer. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    parcels = listed(said, "data") or [inner(said, "data") or said]
    if not any("tracking_number" in parcel for parcel in parcels):
        raise Unreadable("there is no tracking_number")
    found = Checkpoints("trackingmore", payload, CODES, feed.default_zone, own=feed.codes)
    for parcel in parcels:
        carrier = text(parcel, "courier_code", "carrier_code")
        for part in (parcel, inner(parcel, "origin_info"), inner(parcel, "destination_info")):
            own = text(part, "courier_code", "carrier_code") or carrier
            for line in [line for name in _LINES for line in listed(part, name)]:
                _add(found, own, text(parcel, "tracking_number"), line)
    return found.done()


def _add(found: Checkpoints, carrier: str, number: str, line: Object) -> None:
    code = text(line, "checkpoint_delivery_substatus", "substatus") or text(
        line, "checkpoint_delivery_status", "checkpoint_status"
    )
    found.add(
        carrier=carrier,
        number=number,
        code=code,
        at=text(line, "checkpoint_date", "Date"),
        words=raw_text(line, "tracking_detail", "StatusDescription", "Details"),
        location=place(site=text(line, "location", "Details")) or None,
    )
