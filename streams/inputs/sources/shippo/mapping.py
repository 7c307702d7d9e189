"""Shippo's tracking history → checkpoints; `tracking_status` repeats its newest line,
and is read where there is no history."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.shippo")

NEWS = "track_updated"
"""The one event that tells of a parcel."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push, or of a track as a query returns it. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    found = Checkpoints("shippo", payload, CODES, own=feed.codes)
    if text(said, "event") not in ("", NEWS):
        found.outcome.passed["other_event"] += 1
        return found.outcome
    track = inner(said, "data") or said
    if "tracking_history" not in track:
        raise Unreadable("there is no tracking_history")
    if said.get("test") is True and not feed.accept_test:
        found.outcome.passed["test_event"] += 1
        return found.outcome
    newest = inner(track, "tracking_status")
    for line in listed(track, "tracking_history") or [newest] * bool(newest):
        _add(found, track, line)
    return found.done()


def _add(found: Checkpoints, track: Object, line: Object) -> None:
    status, detail = text(line, "status"), text(inner(line, "substatus"), "code")
    where = inner(line, "location")
    both = f"{status}/{detail}" if detail else status
    found.add(
        carrier=text(track, "carrier"),
        number=text(track, "tracking_number"),
        code=both,
        # Where the two contradict each other, as in the vendor's sample, the status wins.
        rule=CODES.find(both) or CODES.find(status),
        at=text(line, "status_date"),
        words=raw_text(line, "status_details"),
        location=place(province=text(where, "state"), city=text(where, "city")),
    )
