"""EasyPost's tracking details → checkpoints. A carrier's own code is finer than the status."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.dhl.mapping import CODES as DHL
from streams.inputs.sources.fedex.mapping import CODES as FEDEX
from streams.inputs.sources.fedex.mapping import HUB_ALONE
from streams.inputs.sources.messages import Checkpoints, carrier_of, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable
from streams.inputs.sources.ups.mapping import CODES as UPS
from streams.inputs.sources.usps.mapping import CODES as USPS

CODES = codes_of("streams.inputs.sources.easypost", "en")

OF_CARRIERS = {"dhl": DHL, "fedex": FEDEX, "ups": UPS, "usps": USPS}

TRACKER_EVENTS = ("tracker.created", "tracker.updated")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a Tracker, alone or in an event. Raises Unreadable.

    Events of other kinds, and of EasyPost's test mode, are passed over; a Tracker that was asked
    for is read in any mode.
    """
    said = object_of(payload.body, "the body")
    found = Checkpoints("easypost", payload, CODES)
    tracker = said
    if text(said, "object") == "Event" or "result" in said:
        tracker = inner(said, "result")
        if text(said, "description") not in TRACKER_EVENTS:
            found.outcome.passed["other_event"] += 1
            return found.outcome
        if text(said, "mode") == "test" and not feed.accept_test:
            found.outcome.passed["test_event"] += 1
            return found.outcome
    if "tracking_details" not in tracker:
        raise Unreadable("there are no tracking_details")
    for detail in listed(tracker, "tracking_details"):
        _add(found, tracker, detail)
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
        rule=_rule(carrier, own, status, text(detail, "status_detail")),
        at=text(detail, "datetime"),
        words=raw_text(detail, "message", "description"),
        location=place(province=text(where, "state"), city=text(where, "city")),
    )


def _rule(carrier: str, own: str, status: str, detail: str) -> str | None:
    table = OF_CARRIERS.get(carrier)
    rule = table.find(own) if table and own else None
    if rule is not None:
        return "hub" if carrier == "fedex" and own in HUB_ALONE else rule
    return CODES.find(f"detail:{detail}") or CODES.find(status)
