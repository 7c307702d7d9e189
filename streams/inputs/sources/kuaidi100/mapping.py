"""Kuaidi100's lines → checkpoints."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.kuaidi100.envelope import opened
from streams.inputs.sources.messages import checkpoint, place
from streams.inputs.sources.moments import BEIJING, NoMoment, moment
from streams.inputs.sources.parts import Object, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload

CODES = codes_of("streams.inputs.sources.kuaidi100", "zh")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of one parcel, and of its second leg abroad."""
    outcome = Outcome()
    for leg in opened(payload):
        for line in listed(leg, "data"):
            _line(outcome, payload, leg, line)
    if not outcome.messages and not outcome.refusals:
        outcome.passed["no_lines"] += 1
    return outcome


def _line(outcome: Outcome, payload: Payload, leg: Object, line: Object) -> None:
    number, code, words = text(leg, "nu"), text(line, "statusCode"), raw_text(line, "context")
    try:
        at = moment(text(line, "ftime", "time"), BEIJING)
    except NoMoment as error:
        outcome.refuse(error.reason, f"{number}: a line with code {code or 'none'} {error}")
        return
    rule = CODES.find(code) if code else "words"
    if rule is None:
        outcome.unknown[code] += 1
        rule = "unknown"
    checkpoint(
        outcome,
        payload,
        source="kuaidi100",
        carrier=text(leg, "com"),
        number=number,
        status=CODES.status(rule, words),
        at=at,
        location=_area(line),
        description=words,
        raw_status=code,
    )


def _area(line: Object) -> dict[str, str]:
    """`areaName` is "陕西,西安市,灞桥区", in old pushes one name; codes may begin with CN."""
    names = text(line, "areaName").split(",")
    code = text(line, "areaCode").removeprefix("CN")
    province, city, district = ([name.strip() for name in names] + ["", "", ""])[:3]
    if not city and province.endswith("市"):
        province, city = "", province
    return place(province=province, city=city, district=district, region_code=code)
