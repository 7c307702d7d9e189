"""YTO (圆通): pushes in XML of the old interface, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.yto.envelope import genuine
from streams.inputs.sources.yto.mapping import CODES, read

SOURCE = Source(
    name="yto",
    title="圆通 YTO",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, "<Response><success>true</success></Response>", "text/xml"),
    failed=Answer(500, "<Response><success>false</success></Response>", "text/xml"),
)
