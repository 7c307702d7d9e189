"""YTO's lines → checkpoints. `orderNo` is an echo, no upload."""

from __future__ import annotations

import re

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, place
from streams.inputs.sources.moments import BEIJING
from streams.inputs.sources.parts import raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload
from streams.inputs.sources.yto.envelope import opened

CODES = codes_of("streams.inputs.sources.yto")

STATUS = "STATUS"
"""The infoType of a push that tells of a scan; others are orders' commands."""

_FRACTION_AND_ZONE = re.compile(r"(?:\.\d+)?\s*CST$")
"""What the old interface writes behind a time: Beijing's."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The checkpoints of a push or an answer. Raises Unreadable."""
    found = Checkpoints("yto", payload, CODES, BEIJING, own=feed.codes)
    for line in opened(payload):
        if text(line, "infoType") not in ("", STATUS):
            found.outcome.passed["other_event"] += 1
            continue
        found.add(
            carrier="yto",
            number=text(line, "waybill_No", "waybillNo", "mailNo"),
            code=text(line, "infoContent"),
            at=_FRACTION_AND_ZONE.sub("", text(line, "upload_Time", "uploadTime", "acceptTime")),
            words=raw_text(line, "processInfo", "remark"),
            location=place(city=text(line, "city"), district=text(line, "district")) or None,
        )
    return found.done()
