"""Taobao and Tmall: messages of TMC as a bridge posts them, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.source import Answer, Source, by_token
from streams.inputs.sources.taobao.api import API
from streams.inputs.sources.taobao.mapping import CODES, read

SOURCE = Source(
    name="taobao",
    title="淘宝 天猫 Taobao, Tmall",
    codes=CODES,
    checked="password",
    read=read,
    genuine=by_token,
    taken=Answer(200, '{"success":true}'),
    failed=Answer(500, '{"success":false}'),
    api=API,
)
