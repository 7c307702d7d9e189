"""Parcels that travel as they should: what the smallest histories of trouble differ from.

Each rule's own history is `story` in `tests/rules/test_NAME.py`; `support.stories` collects them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from support.builders import (
    GUANGZHOU,
    HOUR,
    NUMBER,
    PICKED,
    SHENZHEN,
    Message,
    order,
    picked_up,
    record,
    upload,
)

OTHER_NUMBER = "78123456789029"
TRACKED = PICKED + 45 * HOUR
"""When a parcel that travels as it should is delivered."""


def travels(number: str = NUMBER, since: datetime = PICKED, **delivered: Any) -> list[Message]:
    """A parcel that travels as it should, five records long, delivered in Shenzhen."""
    return [
        picked_up(since, number, location=GUANGZHOU),
        record("hub", since + 5 * HOUR, number, location=GUANGZHOU),
        record("arrived_dest_city", since + 30 * HOUR, number, location=SHENZHEN),
        record("out_for_delivery", since + 42 * HOUR, number, location=SHENZHEN),
        record("delivered", since + 45 * HOUR, number, **{"location": SHENZHEN, **delivered}),
    ]


def quiet(platform: str, **fields: Any) -> list[Message]:
    """What no rule says anything of: paid, uploaded, travels, delivered."""
    return [order(platform=platform, **fields), upload("1", platform=platform), *travels()]
