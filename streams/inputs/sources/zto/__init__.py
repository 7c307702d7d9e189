"""ZTO (中通): pushes of one line each, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.zto.envelope import genuine
from streams.inputs.sources.zto.mapping import CODES, read

SOURCE = Source(
    name="zto",
    title="中通 ZTO",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, '{"status":true,"statusCode":"SYS000","message":"","result":""}'),
    failed=Answer(500, '{"status":false,"statusCode":"SYS001","message":"retry","result":""}'),
)
