"""`stock-level`: from a record's bytes to a `StockFact`, or why not.

Levels are few beside orders and updates: the contract's own model reads each.
"""

from __future__ import annotations

from schemas import MAX_VALUE_BYTES, Refusal, StockLevel, parse, times
from streams.decode.bad import Bad
from streams.decode.names import BUILT_IN, Names
from streams.facts.facts import StockFact


def decode_stock(
    raw: bytes | None,
    arrival_us: int,
    max_value_bytes: int = MAX_VALUE_BYTES,
    names: Names = BUILT_IN,
) -> StockFact | Bad:
    """Return the level in one record's value, or why there is none.

    `arrival_us` is the moment of reading in microseconds since the epoch.
    """
    verdict = parse(StockLevel, raw, arrival_us, max_value_bytes)
    if isinstance(verdict, Refusal):
        return Bad(*verdict)
    model, _ = verdict
    return StockFact(
        names.platform_of(model.platform),
        model.shop_id,
        model.product_id,
        times.to_us(model.at),
        model.available,
    )
