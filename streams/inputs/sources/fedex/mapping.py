"""FedEx's scan events → checkpoints."""

from __future__ import annotations

import re

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.fedex")

BY_LOCATION = {
    "FEDEX_FACILITY": "hub",
    "SORT_FACILITY": "hub",
    "ORIGIN_FEDEX_FACILITY": "hub",
    "DESTINATION_FEDEX_FACILITY": "arrived_dest_city",
    "VEHICLE": "in_transit",
}
"""What an event at a facility comes to, by `locationType`."""

HUB_ALONE = {"AR", "DP", "SF"}
"""Events that are at a hub also where no location is told."""

_NOBODY = re.compile("not available|business closed|not in", re.I)
_REASONS = ("exceptionDescription", "eventDescription", "message", "description")
"""Where FedEx, and who passes its events on, says why."""

_DAY_ALONE = "T00:00:00"


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of each parcel in the answer. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    results = inner(said, "output") or said
    if "completeTrackResults" not in results and "scanEvents" not in results:
        raise Unreadable("there is neither completeTrackResults nor scanEvents")
    found = Checkpoints("fedex", payload, CODES, own=feed.codes)
    for parcel in listed(results, "completeTrackResults"):
        for result in listed(parcel, "trackResults"):
            number = text(inner(result, "trackingNumberInfo"), "trackingNumber")
            for event in listed(result, "scanEvents"):
                _add(found, number or text(parcel, "trackingNumber"), event)
    for event in listed(results, "scanEvents"):
        _add(found, text(results, "trackingNumber"), event)
    return found.done()


def _add(found: Checkpoints, number: str, event: Object) -> None:
    code, at = text(event, "eventType"), text(event, "date")
    where = inner(event, "scanLocation")
    found.add(
        carrier="fedex",
        number=number,
        code=code,
        # A day alone comes as midnight without offset, which may lie before the label.
        at=at.removesuffix(_DAY_ALONE),
        words=raw_text(event, "eventDescription"),
        rule=rule_of(code, event),
        location=place(province=text(where, "stateOrProvinceCode"), city=text(where, "city")),
    )


def rule_of(code: str, event: Object) -> str | None:
    """What a code of FedEx comes to, by what else an event tells; None where no row has it."""
    rule = CODES.find(code)
    if rule is not None and rule.startswith("hub"):
        by_location = BY_LOCATION.get(text(event, "locationType"))
        return by_location or ("hub" if code in HUB_ALONE else rule)
    why = " ".join(text(event, name) for name in _REASONS)
    if code == "DE" and _NOBODY.search(why):
        return "attempt_failed"
    return rule
