"""EasyPost's tracking details → checkpoints. A carrier's own code is finer than the status."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.dhl.mapping import CODES as DHL
from streams.inputs.sources.fedex.mapping import CODES as FEDEX
from streams.inputs.sources.fedex.mapping import rule_of as rule_of_fedex
from streams.inputs.sources.messages import Checkpoints, carrier_of, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable
from streams.inputs.sources.ups.mapping import CODES as UPS
from streams.inputs.sources.usps.mapping import CODES as USPS

CODES = codes_of("streams.inputs.sources.easypost")

OF_CARRIERS = {"dhl": DHL, "fedex": FEDEX, "ups": UPS, "usps": USPS}

TRACKER_EVENTS = ("tracker.created", "tracker.updated")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a Tracker, in an event or alone, or of a list. Raises Unreadable.

    Events of other kinds, and of EasyPost's test mode, are passed over; a Tracker that was asked
    for is read in any mode.
    """
    said = object_of(payload.body, "the body")
    found = Checkpoints("easypost", payload, CODES, own=feed.codes)
    tracker = said
    if text(said, "object") == "Event" or "result" in said:
        tracker = inner(said, "result")
        if text(said, "description") not in TRACKER_EVENTS:
            found.outcome.passed["other_event"] += 1
            return found.outcome
        if text(said, "mode") == "test" and not feed.accept_test:
            found.outcome.passed["test_event"] += 1
            return found.outcome
    trackers = listed(tracker, "trackers") or [tracker]
    if not any("tracking_details" in each for each in trackers):
        raise Unreadable("there are no tracking_details")
    for each in trackers:
        for detail in listed(each, "tracking_details"):
            _add(found, each, detail)
    return found.done()


def _add(found: Checkpoints, tracker: Object, detail: Object) -> None:
    carrier = carrier_of(text(tracker, "carrier") or text(detail, "source"))
    own, status = text(detail, "carrier_code"), text(detail, "status")
    both = f"{status}/{text(detail, 'status_detail')}".strip("/")
    where = inner(detail, "tracking_location")
    found.add(
        carrier=carrier,
        number=text(tracker, "tracking_code"),
        code=own or both,
        rule=_rule(carrier, detail),
        at=text(detail, "datetime"),
        words=raw_text(detail, "message", "description"),
        location=place(province=text(where, "state"), city=text(where, "city")),
    )


def _rule(carrier: str, detail: Object) -> str | None:
    own, status = text(detail, "carrier_code"), text(detail, "status")
    table = OF_CARRIERS.get(carrier)
    if table and own and table.find(own) is not None:
        return rule_of_fedex(own, detail) if carrier == "fedex" else table.find(own)
    finer = text(detail, "status_detail")
    return CODES.find(f"{status}/{finer}") or CODES.find(f"detail:{finer}") or CODES.find(status)
