"""AfterShip Tracking: pushes of one parcel's whole history."""

from __future__ import annotations

from streams.inputs.sources.aftership.mapping import CODES, read
from streams.inputs.sources.source import Answer, Source, by_hmac

SOURCE = Source(
    name="aftership",
    title="AfterShip",
    codes=CODES,
    checked="signature",
    read=read,
    genuine=by_hmac("aftership-hmac-sha256"),
    taken=Answer(200, "{}"),
    failed=Answer(503, "{}"),
)
