"""SF Express (顺丰): pushes of RoutePushService, in JSON or XML, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.sf.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source, by_token

SOURCE = Source(
    name="sf",
    title="顺丰 SF Express",
    codes=CODES,
    checked="password",
    read=read,
    genuine=by_token,
    taken=Answer(200, '{"return_code":"0000","return_msg":"成功"}'),
    failed=Answer(500, '{"return_code":"1000","return_msg":"请重试"}'),
    taken_xml=Answer(
        200, '<Response service="RoutePushService"><Head>OK</Head></Response>', "text/xml"
    ),
    failed_xml=Answer(
        500,
        '<Response service="RoutePushService"><Head>ERR</Head>'
        '<ERROR code="4001">retry</ERROR></Response>',
        "text/xml",
    ),
)
