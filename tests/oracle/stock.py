"""What products lack, counted from the facts one by one, and random levels of stock.

Written from the contract's section `stock-level` alone. What it leaves open is ours: since when a
product is short, and which orders are named (`docs/decisions/0149`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from oracle.brute_force import (
    TOLERANCE,
    World,
    build_world,
    clean,
    normal_id,
    normal_platform,
    read_time,
    why_no_time,
)
from oracle.histories import HOUR, SPELLINGS, ZONES, History, Message

Product = tuple[str, str, str]
"""(platform, shop, product)."""

PRODUCTS = ("p1", "p2", "尺码 M", "a:b")
NAMED = 10
"""Orders that a record names."""


@dataclass(frozen=True)
class Level:
    """A level that counts."""

    product: Product
    at: datetime
    available: int


def levels_in(messages: list[Message], until: datetime) -> Iterator[Level]:
    """The levels among messages that arrived by `until`, without dead letters."""
    for value in messages:
        level = read_level(value)
        if level is not None and datetime.fromisoformat(value["received_at"]) <= until:
            yield level


def read_level(value: Message) -> Level | None:
    """The level that a message is; None: it is a dead letter."""
    try:
        names = value["platform"], value["shop_id"], value["product_id"]
        platform, shop, product = names
        available = value["available"]
        at = read_time(value["at"])
    except (KeyError, ValueError):
        return None
    if not isinstance(platform, str) or type(available) is not int:
        return None
    if any(type(each) not in (str, int) for each in (shop, product)):
        return None
    if why_no_time(at, datetime.fromisoformat(value["received_at"])) is not None:
        return None
    shop, product = normal_id(shop), clean(str(product))
    if not shop or not product:
        return None
    return Level((str(normal_platform(platform)), shop, product), at, available)


def counted(history: History, levels: list[Message]) -> dict[Product, dict[str, Any]]:
    """What `product-risk` says at the history's end of each product with a level."""
    until = history.until.astimezone(UTC)
    gone = [
        (m["key"], *(datetime.fromisoformat(m[name]) for name in ("timestamp", "received_at")))
        for m in history.tombstones
    ]
    world = build_world(history.orders, history.tracking, until, tombstones=gone)
    newest: dict[Product, Level] = {}
    for level in levels_in(levels, until):
        known = newest.get(level.product)
        if known is None or (level.at, -level.available) > (known.at, -known.available):
            newest[level.product] = level
    waiting: defaultdict[Product, list[tuple[str, int, datetime, datetime | None]]]
    waiting = defaultdict(list)
    for order_id, order in world.orders.items():
        if not order.is_known or not order.is_judged or order.closed_since is not None:
            continue
        if any(_progress(world, order_id, order.base)):
            continue
        known = order.known
        pieces: defaultdict[str, int] = defaultdict(int)
        for item in json.loads(known.canon).get("items") or ():
            if item and item.get("product_id"):
                quantity = item.get("quantity")
                pieces[item["product_id"]] += 1 if quantity is None else quantity
        for product, number in pieces.items():
            if number > 0:
                place = str(known.platform), str(known.shop_id), product
                waiting[place].append((order_id, number, known.paid_at, order.promise))
    return {product: _said(level, waiting.get(product, [])) for product, level in newest.items()}


def _progress(world: World, order_id: str, base: datetime | None) -> Iterator[bool]:
    for parcel in world.linked_now(order_id):
        for record in parcel.records:
            yield base is not None and record.is_progress and record.at >= base - TOLERANCE


def _said(
    level: Level, waiting: list[tuple[str, int, datetime, datetime | None]]
) -> dict[str, Any]:
    unshipped = sum(pieces for _, pieces, _, _ in waiting)
    since = None
    if unshipped > level.available:
        # The earliest moment from the level on at which those paid by then are too many.
        moments = sorted({level.at, *(paid for _, _, paid, _ in waiting if paid > level.at)})
        since = next(
            moment
            for moment in moments
            if sum(pieces for _, pieces, paid, _ in waiting if paid <= moment) > level.available
        )
    late = datetime.max.replace(tzinfo=UTC)
    by_promise = sorted(waiting, key=lambda each: (each[3] or late, each[2], each[0]))
    named = [
        {"order_id": order_id, "pieces": pieces, "promised_ship_by": _text(promise)}
        for n, (order_id, pieces, _, promise) in enumerate(by_promise, 1)
        if sum(before for _, before, _, _ in by_promise[:n]) > level.available
    ]
    return {
        "unshipped": unshipped,
        "available": level.available,
        "level_at": _text(level.at),
        "short_by": max(0, unshipped - level.available),
        "short_since": _text(since),
        "short_orders": named[:NAMED],
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


# ------------------------------------------------------------------------------- at random


def stocked(history: History, seed: int) -> tuple[History, list[Message]]:
    """The history with goods in its orders, and levels of them: out of order, repeated, of one
    time, spelled in many ways, some of them dead letters."""
    rng = Random(f"stock/{seed}")
    orders = [_with_goods(value, rng) for value in history.orders]
    return replace(history, orders=orders), _levels(history, rng)


def _with_goods(value: Message, rng: Random) -> Message:
    if value.get("partial") and rng.random() < 0.6:
        return value
    quantities = (None, 1, 1, 2, 3, 0, -1, 40)
    items: list[Message] = [
        {"product_id": rng.choice((*PRODUCTS, None, "")), "quantity": rng.choice(quantities)}
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3)))
    ]
    for item in items:
        if rng.random() < 0.2:
            del item["quantity"]
    return {**value, "items": items if items or rng.random() < 0.5 else None}


def _levels(history: History, rng: Random) -> list[Message]:
    shops = sorted(
        {
            (str(normal_platform(order["platform"])), normal_id(order["shop_id"]))
            for order in history.orders
            if order.get("platform") is not None and order.get("shop_id") is not None
        }
    )
    levels: list[Message] = []
    for platform, shop in shops:
        for product in PRODUCTS:
            if rng.random() < 0.3:
                continue
            times = [
                history.until
                - timedelta(hours=rng.randrange(1, 200), microseconds=rng.randrange(2))
                for _ in range(2)
            ]
            for _ in range(rng.choice((1, 2, 4))):
                levels.append(_level(rng, (platform, shop, product), rng.choice(times), history))
    levels += [dict(level) for level in rng.sample(levels, len(levels) // 4)]
    rng.shuffle(levels)
    return levels


def _level(rng: Random, product: Product, at: datetime, history: History) -> Message:
    platform, shop, name = product
    room = history.until - at
    value: Message = {
        "platform": rng.choice((platform, *SPELLINGS.get(platform, ()))),
        "shop_id": rng.choice((shop, shop, f"'{shop}", f" {shop}\u200b")),
        "product_id": rng.choice((name, name, f"{name}\t")),
        "available": rng.choice((0, 1, 2, 3, 5, 40, 80, -2)),
        "at": at.astimezone(rng.choice(ZONES)).isoformat(),
        "received_at": (at + room * rng.random() - rng.choice((0, 0, 1)) * HOUR).isoformat(),
    }
    if rng.random() < 0.08:
        spoiled = rng.choice(("platform", "shop_id", "product_id", "available", "at"))
        value[spoiled] = rng.choice((None, True, [], "2026-11-20T10:00:00", ""))
        if spoiled == "platform" and value[spoiled] == "":
            value[spoiled] = None  # an empty platform is one
        if spoiled in ("platform", "shop_id", "product_id") and value[spoiled]:
            value[spoiled] = None
    return value
