"""What is measured of carriers and lanes, of a history that can be counted by hand."""

from __future__ import annotations

import json
from typing import Any

from support.builders import (
    DAY,
    HANGZHOU,
    HOUR,
    PAID,
    SHENZHEN,
    Message,
    order,
    record,
    release,
    upload,
    us,
)
from support.replaying import arrival_of, profiles

from streams.decode import Bad, decode_order, decode_tracking
from streams.replay.backlog import Backlog
from streams.report.measures import Measured, measured

HOURS = 3_600_000_000
UNTIL = PAID + 4 * DAY


def parcel(number: str, *, upload_after: int, moves_after: int, **more: Any) -> list[Message]:
    """A parcel of the order of its number, delivered a day after its pickup."""
    uploaded = PAID + upload_after * HOUR
    moved = uploaded + moves_after * HOUR
    return [
        upload(number, uploaded, number, **more),
        record("picked_up", moved, number, location=HANGZHOU, **more),
        record("hub", moved + 4 * HOUR, number, location=HANGZHOU, **more),
        record("delivered", moved + 24 * HOUR, number, location=SHENZHEN, **more),
    ]


def found(orders: list[Message], tracking: list[Message]) -> Measured:
    """What is measured at the end."""
    machine = Backlog(profiles(), lambda _: None)
    for value in sorted(orders + tracking, key=arrival_of):
        raw, now = json.dumps(value).encode(), arrival_of(value)
        if "paid_at" in value:
            version = decode_order(raw, None, now, now)
            assert not isinstance(version, Bad)
            machine.order(version, now)
        else:
            fact = decode_tracking(raw, now)
            assert not isinstance(fact, Bad)
            machine.tracking(fact, now)
    machine.advance(us(UNTIL))
    return measured(machine, profiles(), us(UNTIL))


def test_lengths_and_shares_of_a_carrier() -> None:
    """Medians and percentiles are times of parcels; the order that was late is not in time."""
    numbers = [f"7800000000000{n}" for n in range(4)]
    tracking = [
        *parcel(numbers[0], upload_after=1, moves_after=2),
        *parcel(numbers[1], upload_after=1, moves_after=4),
        *parcel(numbers[2], upload_after=1, moves_after=50),
        upload(numbers[3], PAID + HOUR, numbers[3]),
    ]
    orders = [order(number, ship_from=HANGZHOU, recipient=SHENZHEN) for number in numbers]
    (all_lanes,) = found(orders, tracking).carriers
    assert all_lanes[:5] == ("zto", "", 4, 1, 3)
    assert all_lanes.pickup == (4 * HOURS, 50 * HOURS)
    assert all_lanes.travel == (24 * HOURS, 24 * HOURS)
    assert (all_lanes.gap, all_lanes.gap_key) == (20 * HOURS, f"zto:{numbers[0]}")
    assert (all_lanes.in_time, all_lanes.due) == (2, 4)
    (lane,) = found(orders, tracking).lanes
    assert lane == all_lanes._replace(lane="cross_province")


def test_a_parcel_on_its_way_stands_still_until_now() -> None:
    """Whose last record is the oldest; a released one is not due."""
    tracking = [
        upload("1", PAID + HOUR, "78000000000001"),
        record("picked_up", PAID + 2 * HOUR, "78000000000001"),
        upload("2", PAID + HOUR, "78000000000002"),
        release("2", PAID + 3 * HOUR, "78000000000002"),
    ]
    (carrier,) = found([order("1"), order("2")], tracking).carriers
    assert carrier.gap == (4 * 24 - 2) * HOURS
    assert (carrier.parcels, carrier.waiting, carrier.delivered) == (2, 0, 0)
    assert (carrier.in_time, carrier.due) == (1, 1)
    assert carrier.travel is None


def test_what_cannot_be_measured_is_named() -> None:
    """Parcels without an order, and orders that no file has."""
    tracking = [record("hub", PAID, "78000000000003"), upload("9", PAID, "78000000000004")]
    seen = found([], tracking)
    assert seen.orderless == 1
    assert seen.unknown_orders == {"9": "zto:78000000000004"}
