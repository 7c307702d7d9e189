"""KDNiao's traces → checkpoints. `State` is the parcel's; `OrderCode`, `CallBack` are echoes."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.kdniao.envelope import opened
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import Object, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.kdniao")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of each parcel. A parcel without tracks is counted. Raises Unreadable."""
    said = opened(payload)
    parcels = listed(said, "Data") or [said]
    if not any("LogisticCode" in parcel for parcel in parcels):
        raise Unreadable("there is no LogisticCode")
    found = Checkpoints("kdniao", payload, CODES, BEIJING, own=feed.codes)
    for parcel in parcels:
        if parcel.get("Success") is False:
            found.outcome.passed["no_tracks"] += 1
        for trace in listed(parcel, "Traces"):
            _add(found, parcel, trace)
    return found.done()


def _add(found: Checkpoints, parcel: Object, trace: Object) -> None:
    city = text(trace, "Location")
    found.add(
        carrier=text(parcel, "ShipperCode"),
        number=text(parcel, "LogisticCode"),
        code=text(trace, "Action"),
        at=text(trace, "AcceptTime"),
        words=raw_text(trace, "AcceptStation"),
        location=place(city=city) or None,
    )
