"""States of every table end in a replay, however long after the last message it goes on."""

from __future__ import annotations

import json

from support.builders import DAY, HOUR, LATER, PICKED, order, picked_up, record, upload, us
from support.replaying import arrival_of, profiles

from streams.decode import Bad, decode_order, decode_tracking
from streams.replay.machine import Machine

PROGRESS = ("hub", "in_transit", "arrived_dest_city", "delivered")


def test_every_state_ends() -> None:
    """An order, its parcel, and the parcel's track, which is kept to be compared with others'."""
    machine = Machine(profiles(), lambda _: None)
    paid = arrival_of(order())
    version = decode_order(json.dumps(order()).encode(), None, paid, paid)
    assert not isinstance(version, Bad)
    machine.order(version, paid)
    scans = [record(status, PICKED + n * 10 * HOUR) for n, status in enumerate(PROGRESS, 1)]
    for value in (upload("1"), picked_up(), *scans):
        fact = decode_tracking(json.dumps(value).encode(), arrival_of(value))
        assert not isinstance(fact, Bad)
        machine.tracking(fact, arrival_of(value))
    machine.advance(us(LATER))
    assert machine.live_states == 3
    machine.advance(us(LATER + 400 * DAY))
    assert machine.live_states == 0
