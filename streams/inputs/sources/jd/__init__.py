"""JD Logistics (京东物流): pushes of one line each; how they are signed is not established."""

from __future__ import annotations

from streams.inputs.sources.jd.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source, by_token

SOURCE = Source(
    name="jd",
    title="京东物流 JD Logistics",
    codes=CODES,
    checked="password",
    read=read,
    genuine=by_token,
    taken=Answer(200, '{"code":"0","message":"success"}'),
    failed=Answer(500, '{"code":"1","message":"retry"}'),
)
