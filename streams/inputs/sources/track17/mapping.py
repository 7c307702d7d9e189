"""17TRACK's events → checkpoints. Milestones and the latest event repeat them; the tag is ours."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, carrier_of, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.track17")

STOPPED = "TRACKING_STOPPED"
"""17TRACK gave up: no checkpoint, and no more will come."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push's parcel, or of each in an answer. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    found = Checkpoints("17track", payload, CODES, feed.default_zone, own=feed.codes)
    if text(said, "event") == STOPPED:
        found.outcome.passed["source_gave_up"] += 1
        return found.outcome
    data = inner(said, "data")
    parcels = listed(data, "accepted") if "accepted" in data else [{**said, **data}]
    if parcels and not any("track_info" in each or "tracking" in each for each in parcels):
        raise Unreadable("there is no track_info")
    for parcel in parcels:
        # Some bridges put the parts of the push beside each other.
        info = inner(parcel, "track_info") or parcel
        for leg in listed(inner(info, "tracking"), "providers"):
            carrier = _carrier(text(inner(leg, "provider"), "key") or text(parcel, "carrier"))
            for event in listed(leg, "events"):
                _add(found, carrier, text(parcel, "number"), event)
    return found.done()


def _carrier(key: str) -> str:
    """A provider's key by our code; one that no table has is told apart from other numbers."""
    code = carrier_of(key)
    return f"17track-{key}" if key and code == key else code


def _add(found: Checkpoints, carrier: str, number: str, event: Object) -> None:
    where = inner(event, "address")
    found.add(
        carrier=carrier,
        number=number,
        code=text(event, "sub_status", "stage"),
        at=text(event, "time_iso", "time_utc"),
        words=raw_text(event, "description"),
        location=place(province=text(where, "state"), city=text(where, "city")),
    )
