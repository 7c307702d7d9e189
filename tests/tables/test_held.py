"""What is held is judged later, but where nothing could ever be warned of."""

from __future__ import annotations

import json
from collections.abc import Iterable

from support.builders import DAY, HOUR, PAID, PICKED, SHENZHEN, Message, order, record, upload, us
from support.two_sides import TOPICS, Loop

from streams.engine.kafka.types import Effects
from streams.state.codec import due_of, load_order, load_parcel

NOW = us(PAID + 5 * DAY)
DELIVERED = [
    upload("1"),
    record("picked_up", PICKED),
    record("arrived_dest_city", PICKED + 6 * HOUR, location=SHENZHEN),
    record("delivered", PICKED + 12 * HOUR),
]


def loop_of(messages: Iterable[Message], watermark: int | None) -> tuple[Loop, list[Effects]]:
    """One partition that has read some messages, and all that came of each."""
    loop = Loop(1, NOW)
    effects = []
    for message in messages:
        topic = TOPICS.orders if "paid_at" in message else TOPICS.tracking
        loop.produce(topic, json.dumps(message).encode(), None, 0)
        while loop.waiting():
            effects.append(loop.step(loop.waiting()[0], 9, watermark))
    return loop, effects


def due(loop: Loop) -> dict[str, int]:
    """By table, when the one state of it is due."""
    found = {}
    for table in ("orders", "parcels"):
        (value,) = loop.values(table)
        found[table] = due_of(value)
    return found


def test_what_is_over_is_judged_while_it_is_held() -> None:
    """Order and parcel are stored as a second visit would have left them, and publish nothing."""
    held, effects = loop_of([order(), *DELIVERED], None)
    before = due(held)
    assert min(before.values()) > held.now + 30 * 24 * 3600 * 1_000_000
    assert not any(o.topic == TOPICS.warnings for each in effects for o in each.outputs)
    values = {table: held.values(table) for table in ("orders", "parcels")}
    held.drain(held.now)
    assert {table: held.values(table) for table in ("orders", "parcels")} == values
    assert held.warnings == []


def test_what_is_on_its_way_waits_for_the_deadlines() -> None:
    """Time alone would bring something: it is judged when it may be published."""
    held, _ = loop_of([order(), *DELIVERED[:2]], None)
    assert due(held)["parcels"] <= held.now
    held.drain(held.now)
    assert {warning["rule"] for warning in held.warnings} == {"inactive_after_pickup"}


def test_what_can_be_warned_of_waits_for_the_deadlines() -> None:
    """A delivered parcel that came late is found, once that may be said."""
    late = [upload("1"), record("picked_up", PICKED), record("delivered", PICKED + 60 * HOUR)]
    held, effects = loop_of([order(), *late], None)
    assert due(held)["parcels"] <= held.now
    assert not any(o.topic == TOPICS.warnings for each in effects for o in each.outputs)
    held.drain(held.now)
    assert held.warnings != []


def test_an_order_contributes_while_it_is_held_and_takes_it_back() -> None:
    """Its shop's day counts it once, whatever else is read of the backlog."""
    held, effects = loop_of([order(), *DELIVERED[:2]], None)
    sent = [o for each in effects for o in each.outputs if o.topic == TOPICS.meter_totals]
    assert len(sent) == 1
    held.produce(TOPICS.tracking, json.dumps(record("delivered", PICKED + HOUR)).encode(), None, 0)
    held.drain(held.now)
    held.produce(
        TOPICS.orders, json.dumps(order(shop_id="s-2", updated_at=PICKED)).encode(), None, 0
    )
    held.drain(held.now)
    (value,) = held.values("orders")
    assert [each.shop_id for each in load_order(value).contributions] == ["s-2"]
    counts = {value["shop_id"]: value["orders"] for _, _, value in held.risks if "orders" in value}
    assert counts.get("s-1", 0) == 0


def test_what_was_published_is_judged_when_it_may_be_published() -> None:
    """Of a state with warnings nothing is settled while it is held."""
    loop, _ = loop_of([order(), *DELIVERED[:2]], NOW)
    assert loop.warnings != []
    (value,) = loop.values("parcels")
    assert load_parcel(value).published != []
    for message in DELIVERED[2:]:
        loop.produce(TOPICS.tracking, json.dumps(message).encode(), None, 0)
    while loop.waiting():
        loop.step(loop.waiting()[0], 9, None)
    assert due(loop)["parcels"] <= loop.now
