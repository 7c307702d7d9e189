"""Kuaidi100's lines → checkpoints."""

from __future__ import annotations

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.kuaidi100.envelope import opened
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import Object, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload

CODES = codes_of("streams.inputs.sources.kuaidi100")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of one parcel, and of its second leg abroad."""
    found = Checkpoints("kuaidi100", payload, CODES, BEIJING, own=feed.codes)
    for leg in opened(payload):
        for line in listed(leg, "data"):
            code = text(line, "statusCode")
            found.add(
                carrier=text(leg, "com"),
                number=text(leg, "nu"),
                code=code,
                rule=None if code else CODES.find(f"word:{text(line, 'status')}"),
                at=text(line, "ftime", "time"),
                words=raw_text(line, "context"),
                location=_area(line),
            )
    return found.done()


def _area(line: Object) -> dict[str, str] | None:
    """`areaName` is "陕西,西安市,灞桥区", in old pushes one name; codes may begin with CN."""
    names = text(line, "areaName").split(",")
    code = text(line, "areaCode").removeprefix("CN")
    province, city, district = ([name.strip() for name in names] + ["", "", ""])[:3]
    if not city and province.endswith("市"):
        province, city = "", province
    return place(province=province, city=city, district=district, region_code=code) or None
