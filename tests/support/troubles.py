"""The smallest history that each rule warns of: one function a rule, named after it.

Each takes the platform and fields for its orders; order "1" is the one that is warned of. Where a
rule compares addresses, ANNA's order is in Shenzhen, BORIS's in Hangzhou, parcels leave Guangzhou.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from support.builders import (
    BORIS,
    GUANGZHOU,
    HOUR,
    NUMBER,
    PAID,
    PICKED,
    PROMISE,
    SHENZHEN,
    UPLOADED,
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


def ship_overdue(platform: str, **fields: Any) -> list[Message]:
    """Paid, and nothing more."""
    return [order(platform=platform, **fields)]


def pickup_overdue(platform: str, **fields: Any) -> list[Message]:
    """A number without a parcel."""
    return [order(platform=platform, **fields), upload("1", platform=platform)]


def inactive_after_pickup(platform: str, **fields: Any) -> list[Message]:
    """Picked up, then silence."""
    return [*pickup_overdue(platform, **fields), picked_up()]


def transit_stalled(platform: str, **fields: Any) -> list[Message]:
    """In a hub, then silence."""
    return [*inactive_after_pickup(platform, **fields), record("hub", PICKED + HOUR)]


def duplicate_tracking_number(platform: str, **fields: Any) -> list[Message]:
    """The number had served another buyer's order an hour before."""
    other = order("0", platform=platform, **{**fields, "recipient": BORIS})
    story = [order(platform=platform, **fields), other]
    story += [upload("0", UPLOADED - HOUR, platform=platform), upload("1", platform=platform)]
    return [*story, *travels()]


def malformed_tracking_number(platform: str, **fields: Any) -> list[Message]:
    """Somebody typed eight zeros."""
    number = "00000000"
    story = [order(platform=platform, **fields), upload("1", number=number, platform=platform)]
    return [*story, *travels(number)]


def address_mismatch(platform: str, **fields: Any) -> list[Message]:
    """Delivered in another province than the buyer's."""
    story = [order(platform=platform, **fields), upload("1", platform=platform)]
    return [*story, *travels(location={"province": "浙江省", "city": "杭州市"})]


def tracked_before_paid(platform: str, **fields: Any) -> list[Message]:
    """Picked up four hours before the buyer paid."""
    story = [order(platform=platform, **fields), upload("1", platform=platform)]
    return [*story, *travels(since=PAID - 4 * HOUR)]


def repeated_track(platform: str, **fields: Any) -> list[Message]:
    """The same words from the same place at three times."""
    story = [order(platform=platform, **fields), upload("1", platform=platform), *travels()]
    for hours in (6, 7, 8):
        at = PICKED + hours * HOUR
        story.append(record("in_transit", at, location=GUANGZHOU, description="运输中"))
    return story


def cloned_track(platform: str, **fields: Any) -> list[Message]:
    """Another buyer's parcel has the same track, record by record."""
    other = order("0", platform=platform, **{**fields, "recipient": {"address_key": "elsewhere"}})
    story = [order(platform=platform, **fields), other, upload("1", platform=platform)]
    story += [upload("0", UPLOADED, OTHER_NUMBER, platform=platform)]
    return [*story, *travels(), *travels(OTHER_NUMBER)]


def recalled(platform: str, **fields: Any) -> list[Message]:
    """The parcel turns round, the order stays open."""
    story = [order(platform=platform, **fields), upload("1", platform=platform), *travels()[:2]]
    return [*story, record("returning", PICKED + 12 * HOUR, location=GUANGZHOU)]


def reshipped_while_late(platform: str, **fields: Any) -> list[Message]:
    """A second number on top of one that never moved, when the promise had passed."""
    late = PROMISE + 3 * HOUR
    story = [order(platform=platform, **fields)]
    story += [upload("1", UPLOADED, OTHER_NUMBER, platform=platform)]
    return [*story, upload("1", late, platform=platform), *travels(since=late + HOUR)]


TROUBLES: dict[str, Callable[..., list[Message]]] = {
    story.__name__: story
    for story in (
        ship_overdue,
        pickup_overdue,
        inactive_after_pickup,
        transit_stalled,
        duplicate_tracking_number,
        malformed_tracking_number,
        address_mismatch,
        tracked_before_paid,
        repeated_track,
        cloned_track,
        recalled,
        reshipped_while_late,
    )
}
"""Rule → its history; `delivery_overdue` is off until an operator sets a limit, and has none."""


def quiet(platform: str, **fields: Any) -> list[Message]:
    """What no rule says anything of: paid, uploaded, travels, delivered."""
    return [order(platform=platform, **fields), upload("1", platform=platform), *travels()]
