"""From raw bytes to facts, or to a named refusal: three looks at a record, fastest first.

1. Typed structs (`raw.py`): messages whose fields are all known and of the expected type.
2. A lenient look (`lenient.py`): unknown fields dropped, integer ids made text.
3. The contract's models in `schemas`: their verdict on everything doubtful stands.
"""

from __future__ import annotations

from streams.decode.bad import Bad
from streams.decode.keys import normalise_number, parcel_key
from streams.decode.order import decode_order
from streams.decode.stock import decode_stock
from streams.decode.tracking import decode_tracking

__all__ = [
    "Bad",
    "decode_order",
    "decode_stock",
    "decode_tracking",
    "normalise_number",
    "parcel_key",
]
