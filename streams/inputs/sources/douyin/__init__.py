"""Douyin (抖店): pushes of messages about orders, and answers to queries."""

from __future__ import annotations

from streams.inputs.sources.douyin.api import API
from streams.inputs.sources.douyin.envelope import genuine
from streams.inputs.sources.douyin.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source

SOURCE = Source(
    name="douyin",
    title="抖店 Douyin",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=genuine,
    taken=Answer(200, '{"code":0,"msg":"success"}'),
    failed=Answer(500, '{"code":1,"msg":"retry"}'),
    remembers=True,
    api=API,
)
