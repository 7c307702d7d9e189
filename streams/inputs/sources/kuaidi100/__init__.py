"""Kuaidi100 (快递100): pushes of a parcel's whole history, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.kuaidi100.envelope import genuine
from streams.inputs.sources.kuaidi100.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source

SOURCE = Source(
    name="kuaidi100",
    title="快递100 Kuaidi100",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, '{"result":true,"returnCode":"200","message":"提交成功"}'),
    failed=Answer(500, '{"result":false,"returnCode":"500","message":"请重试"}'),
)
