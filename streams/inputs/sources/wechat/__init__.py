"""WeChat shops (微信小店) and its logistics: events in JSON or XML, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.source import Answer, Source
from streams.inputs.sources.wechat.api import API
from streams.inputs.sources.wechat.envelope import genuine
from streams.inputs.sources.wechat.mapping import CODES, read

SOURCE = Source(
    name="wechat",
    title="微信小店 WeChat",
    codes=CODES,
    checked="password",
    read=read,
    genuine=genuine,
    taken=Answer(200, "success", "text/plain"),
    failed=Answer(500, "retry", "text/plain"),
    echo="echostr",
    api=API,
)
