"""DHL's events → checkpoints. What the shipment says of its status repeats the newest event."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.dhl")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of each shipment; times are local to the scan. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    if "shipments" not in said:
        raise Unreadable("there are no shipments")
    found = Checkpoints("dhl", payload, CODES, feed.default_zone, own=feed.codes)
    for shipment in listed(said, "shipments"):
        for event in listed(shipment, "events"):
            if "typeCode" in event:
                _my_dhl(found, text(shipment, "shipmentTrackingNumber"), event)
            else:
                _unified(found, text(shipment, "id"), event)
    return found.done()


def _unified(found: Checkpoints, number: str, event: Object) -> None:
    where = inner(inner(event, "location"), "address")
    found.add(
        carrier="dhl",
        number=number,
        code=text(event, "statusCode"),
        at=text(event, "timestamp"),
        words=raw_text(event, "description", "status"),
        location=place(city=text(where, "addressLocality")) or None,
    )


def _my_dhl(found: Checkpoints, number: str, event: Object) -> None:
    at = f"{text(event, 'date')} {text(event, 'time')}".strip()
    offset = text(event, "GMTOffset")
    area = next(iter(listed(event, "serviceArea")), {})
    found.add(
        carrier="dhl",
        number=number,
        code=text(event, "typeCode"),
        at=at + offset if text(event, "time") else at,
        words=raw_text(event, "description"),
        location=place(site=text(area, "description")) or None,
    )
