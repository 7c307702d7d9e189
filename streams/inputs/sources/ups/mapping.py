"""UPS's activities → checkpoints. Reference numbers are echoes, no uploads."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.ups")

EXCEPTION = "words/exception"
"""What the type X comes to, where its code is in no row."""

TOLD_BY_EXCEPTIONS = {"attempt_failed", "customs", "returning", "returned"}
"""What the words of an exception may make of it: "left the facility late" is no scan at a hub."""

PLACEHOLDER = "string"
"""What the vendor's sample has where a number should be."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push, one activity of a parcel, or of an answer, all of several.

    Raises Unreadable.
    """
    said = object_of(payload.body, "the body")
    found = Checkpoints("ups", payload, CODES, feed.default_zone, own=feed.codes)
    if "activityStatus" in said:
        _pushed(found, said)
        return found.done()
    if "trackResponse" not in said:
        raise Unreadable("there is neither activityStatus nor trackResponse")
    for shipment in listed(inner(said, "trackResponse"), "shipment"):
        for package in listed(shipment, "package"):
            number = text(package, "trackingNumber")
            if number in ("", PLACEHOLDER):
                number = text(shipment, "inquiryNumber")
            for activity in listed(package, "activity"):
                _answered(found, number, activity)
    return found.done()


def _pushed(found: Checkpoints, said: Object) -> None:
    day, hour = text(said, "localActivityDate"), text(said, "localActivityTime")
    _add(
        found,
        text(said, "trackingNumber"),
        _time(day, hour, text(said, "gmtOffset")),
        inner(said, "activityStatus"),
        inner(said, "activityLocation"),
    )


def _answered(found: Checkpoints, number: str, activity: Object) -> None:
    offset = text(activity, "gmtOffset")
    at = _time(text(activity, "gmtDate"), text(activity, "gmtTime").replace(":", ""), "+00:00")
    if not (text(activity, "gmtDate") and text(activity, "gmtTime")):
        at = _time(text(activity, "date"), text(activity, "time"), offset)
    where = inner(inner(activity, "location"), "address")
    _add(found, number, at, inner(activity, "status"), where)


def _add(found: Checkpoints, number: str, at: str, status: Object, where: Object) -> None:
    kind, code = text(status, "type"), text(status, "code")
    words = raw_text(status, "description")
    rule = CODES.find(code) or CODES.find(f"type:{kind}")
    if rule == EXCEPTION and CODES.status(rule, words) not in TOLD_BY_EXCEPTIONS:
        rule = "exception"
    found.add(
        carrier="ups",
        number=number,
        code=f"{kind}:{code}" if code else kind,
        rule=rule,
        at=at,
        words=words,
        location=place(province=text(where, "stateProvince"), city=text(where, "city")) or None,
    )


def _time(day: str, hour: str, offset: str) -> str:
    """ "20210210" and "071356" as a text with an offset, where there is one."""
    if len(day) != 8 or len(hour) != 6 or not (day + hour).isdigit():
        return f"{day} {hour}".strip()
    clock = f"{hour[:2]}:{hour[2:4]}:{hour[4:]}"
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock}{offset}"
