"""DHL: answers of the Unified API and of MyDHL; how pushes are signed is not established."""

from __future__ import annotations

from streams.inputs.sources.dhl.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source, by_token

SOURCE = Source(
    name="dhl",
    title="DHL",
    codes=CODES,
    checked="password",
    read=read,
    genuine=by_token,
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
