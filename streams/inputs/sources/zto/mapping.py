"""ZTO's lines → checkpoints. `orderCode` and the like are echoes, no uploads."""

from __future__ import annotations

from datetime import datetime

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import checkpoint, place
from streams.inputs.sources.moments import BEIJING, NoMoment, from_milliseconds, moment
from streams.inputs.sources.parts import Object, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload
from streams.inputs.sources.zto.envelope import opened

CODES = codes_of("streams.inputs.sources.zto", "zh")

IS_HUB = {"T": True, "F": False}
"""`isCenter` of a query's line: whether the scan was made at a hub."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push, one line of a parcel, or of a query's answer, of several."""
    outcome = Outcome()
    for said in opened(payload):
        if "billCode" in said and "traces" not in said:
            _pushed(outcome, payload, said)
        for parcel in [*listed(said, "data"), *([said] if "traces" in said else [])]:
            for line in listed(parcel, "traces"):
                _answered(outcome, payload, text(parcel, "billCode"), line)
    if not outcome.messages and not outcome.refusals:
        outcome.passed["no_lines"] += 1
    return outcome


def _pushed(outcome: Outcome, payload: Payload, line: Object) -> None:
    site = text(line, "facilityName")
    where = place(city=text(line, "city"), district=text(line, "dist"), site=site)
    at, code = text(line, "actionTime"), text(line, "action")
    _add(outcome, payload, text(line, "billCode"), code, at, raw_text(line, "desc"), where)


def _answered(outcome: Outcome, payload: Payload, number: str, line: Object) -> None:
    where = place(
        province=text(line, "scanProv"), city=text(line, "scanCity"), site=text(line, "scanSite")
    )
    at, code, hub = (
        text(line, "scanDate"),
        text(line, "scanType"),
        IS_HUB.get(text(line, "isCenter")),
    )
    _add(outcome, payload, number, code, at, raw_text(line, "desc"), where, hub)


def _add(
    outcome: Outcome,
    payload: Payload,
    number: str,
    code: str,
    at: str,
    words: str,
    where: dict[str, str],
    hub: bool | None = None,
) -> None:
    rule = CODES.find(code)
    if rule is None:
        outcome.unknown[code] += 1
        rule = "unknown"
    site = where.get("site", "")
    try:
        moment_of = _moment(at)
    except NoMoment as error:
        outcome.refuse(error.reason, f"{number}: the line {code} {error}")
        return
    checkpoint(
        outcome,
        payload,
        source="zto",
        carrier="zto",
        number=number,
        status=CODES.status(rule, words, site, hub),
        at=moment_of,
        location=where,
        description=words,
        raw_status=code,
    )


def _moment(text: str) -> datetime:
    """Newer answers give milliseconds, all else a text."""
    return from_milliseconds(text) if text.isdigit() else moment(text, BEIJING)
