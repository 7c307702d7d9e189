"""Random histories of a few parcels that travel on equal tracks, or on nearly equal ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from oracle.histories import History
from support.builders import (
    ANNA,
    BORIS,
    DAY,
    GUANGZHOU,
    HANGZHOU,
    HOUR,
    MINUTE,
    SHENZHEN,
    Message,
    arriving,
    order,
    record,
    release,
    upload,
)

START = datetime.fromisoformat("2026-08-20T00:00:00+08:00")
RECIPIENTS: tuple[Message | None, ...] = (ANNA, BORIS, ANNA, SHENZHEN, HANGZHOU, GUANGZHOU, None)
PLATFORMS = ("douyin", "douyin", "douyin", "tmall", "brief")
ON_THE_WAY = ("picked_up", "hub", "hub", "in_transit", "arrived_dest_city", "out_for_delivery")

Step = tuple[datetime, str, dict[str, Any]]


def clone_history(seed: int) -> History:
    """Two to six parcels of one or two tracks, their orders known, changed, moved or not at all."""
    rng = Random(f"clones/{seed}")
    tracks = [_track(rng) for _ in range(rng.choice((1, 1, 2)))]
    orders: list[Message] = []
    tracking: list[Message] = []
    for number in range(rng.randrange(2, 7)):
        name = f"7812345678{number:02d}"
        track = _changed(rng, rng.choice(tracks))
        tracking += [record(status, at, name, **fields) for at, status, fields in track]
        for nth in range(rng.choice((1, 1, 1, 2, 3))):
            order_id = f"{number}{nth}"
            orders += _versions(rng, order_id)
            tracking += _links(rng, order_id, name, track)
    late = [_delayed(rng, message) for message in (*orders, *tracking)]
    late += rng.sample(late, rng.randrange(4))
    found = History(
        [message for message in late if "order_id" in message],
        [message for message in late if "order_id" not in message],
        START + 40 * DAY,
        seed,
    )
    for messages in (found.orders, found.tracking):
        messages.sort(key=lambda message: datetime.fromisoformat(message["received_at"]))
    return found


def _track(rng: Random) -> list[Step]:
    at = START + 2 * DAY
    steps: list[Step] = []
    for status in (*rng.sample(ON_THE_WAY, rng.choice((2, 3, 3, 4, 5))), "delivered"):
        place = rng.choice((None, SHENZHEN, {**SHENZHEN, "site": "南山"}, HANGZHOU))
        steps.append((at, status, {"location": place, "description": rng.choice(("a", "b"))}))
        at += rng.choice((0, 1, 1, 2)) * 5 * HOUR
    return steps


def _changed(rng: Random, track: list[Step]) -> list[Step]:
    """A parcel's own track: mostly the very same one."""
    steps = [(at, status, {**fields}) for at, status, fields in track]
    for _, _, fields in steps:
        # What is not compared may differ.
        fields["description"] = rng.choice(("a", "b"))
    kind = rng.randrange(10)
    place = rng.randrange(len(steps))
    at, status, fields = steps[place]
    if kind == 0:
        del steps[place]
    elif kind == 1:
        steps[place] = (at + MINUTE, status, fields)
    elif kind == 2:
        steps[place] = (at, status, {**fields, "location": GUANGZHOU})
    elif kind == 3:
        steps.append((at, status, {**fields, "raw_status": "again"}))
    elif kind == 4:
        steps.append((steps[-1][0] + rng.choice((0, 1)) * HOUR, "exception", {}))
    elif kind == 5:
        steps.append((at, rng.choice(("ordered", "unknown")), {}))
    return steps


def _versions(rng: Random, order_id: str) -> list[Message]:
    if rng.random() < 0.1:
        return []
    fields: dict[str, Any] = {
        "recipient": rng.choice(RECIPIENTS),
        "platform": rng.choice(PLATFORMS),
        "paid": START + rng.randrange(20) * HOUR,
    }
    if rng.random() < 0.1:
        fields["delivery_method"] = "self_delivery"
    found = [order(order_id, **fields)]
    for _ in range(rng.choice((0, 0, 1, 2))):
        at = fields["paid"] + rng.randrange(1, 10 * 24) * HOUR
        change: dict[str, Any] = rng.choice(
            (
                {"recipient": rng.choice(RECIPIENTS)},
                {"delivery_method": rng.choice(("express", "self_pickup"))},
                {"state": "closed"},
            )
        )
        fields = {**fields, **change}
        found.append(order(order_id, updated_at=at, **fields))
    return found


def _links(rng: Random, order_id: str, number: str, track: list[Step]) -> list[Message]:
    at = rng.choice((START + DAY, START + DAY + HOUR, track[-1][0], track[-1][0] + 3 * DAY))
    found = [upload(order_id, at, number)]
    if rng.random() < 0.3:
        found.append(release(order_id, at + rng.choice((HOUR, 2 * DAY, 5 * DAY)), number))
        if rng.random() < 0.5:
            found.append(upload(order_id, at + 6 * DAY, number))
    return found


def _delayed(rng: Random, message: Message) -> Message:
    own = message.get("occurred_at") or message.get("updated_at") or message["paid_at"]
    delay: timedelta = rng.choice((0, 0, 1, 30, 24 * 8)) * HOUR
    return arriving(message, datetime.fromisoformat(own) + delay)
