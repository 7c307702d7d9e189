"""What shops' days come to, counted from the facts one by one: what meters are compared with."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from oracle.brute_force import (
    HOUR,
    TOLERANCE,
    Order,
    World,
    build_world,
    earliest,
    profile_of,
)
from oracle.histories import History

from streams.facts.times import from_datetime
from streams.profiles.model import Profiles

Day = tuple[str, str, str]
"""(platform, shop, day)."""

Product = tuple[str, str, str, str]
"""(platform, shop, product, day)."""


def counted(
    history: History, profiles: Profiles, warnings: Iterable[dict[str, Any]]
) -> tuple[dict[Day, dict[str, int]], dict[Product, dict[str, int]]]:
    """The orders of each shop's day by measure, and of each product's day; zeros left out.

    `warnings` are those that stand at the history's end.
    """
    warnings = list(warnings)
    until = history.until.astimezone(UTC)
    world = build_world(history.orders, history.tracking, until)
    broken = {
        warning["order_ids"][0]: warning
        for warning in warnings
        if warning["rule"] == "ship_overdue" and warning["breached_at"] is not None
    }
    days: defaultdict[Day, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    products: defaultdict[Product, defaultdict[str, set[str]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for order_id, order in world.orders.items():
        if not order.is_known or not order.is_judged:
            continue
        known = order.known
        assert known.paid_at is not None
        assert known.platform is not None
        platform = profile_of(known.platform, known.paid_at).platform
        shop = str(known.shop_id)
        moment = from_datetime(known.paid_at)
        meter = profiles.at(platform, moment).meter
        assert meter is not None
        for warning in warnings:
            if order_id in warning["order_ids"]:
                at = warning["breached_at"] if is_clock(warning["rule"]) else warning["opened_at"]
                # A parcel's finding counts by the profile that it was judged by.
                its = profiles.at(warning["platform"], moment).meter
                assert its is not None
                if (warning["rule"], warning["stage"]) in its.abnormal and at is not None:
                    days[platform, shop, day(at)]["abnormal"].add(order_id)
        if order.base is None:
            continue
        shipped = shipped_at(world, order, order.base)
        if shipped is not None:
            days[platform, shop, day(shipped)]["shipped"].add(order_id)
        promise, closed = order.promise, order.closed_since
        if promise is None:
            continue
        gone = closed is not None and closed <= promise and not (shipped and shipped <= closed)
        if promise <= order.base or gone:
            continue
        late = order_id in broken
        names = {"due"} | ({"late"} if late else set())
        for product in {item["product_id"] for item in items_of(known)} - {None}:
            for name in names:
                products[platform, shop, product, day(promise)][name].add(order_id)
        after = timedelta(microseconds=meter.unshipped_after)
        if late and shipped is None and (closed or until) > promise + after:
            names.add("unshipped")
        for name in names:
            days[platform, shop, day(promise)][name].add(order_id)
    return (
        {key: {n: len(ids) for n, ids in found.items()} for key, found in days.items()},
        {
            key: {n: len(ids) for n, ids in found.items()}
            for key, found in products.items()
            if found["late"]
        },
    )


def shipped_at(world: World, order: Order, base: datetime) -> datetime | None:
    """When as many parcels linked now as the order takes had moved: each by its first progress at
    or after the base, less tolerance."""
    moments = []
    for parcel in world.linked_now(order.order_id):
        records = (f.at for f in parcel.records if f.is_progress and f.at >= base - TOLERANCE)
        if (first := earliest(*records)) is not None:
            moments.append(first)
    expected = order.known.parcels_expected
    return sorted(moments)[expected - 1] if len(moments) >= expected else None


def is_clock(rule: str) -> bool:
    """Whether a rule has a deadline that is breached."""
    return rule.endswith(("_overdue", "_after_pickup", "_stalled"))


def day(at: datetime | str) -> str:
    """The day in Beijing."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (moment.astimezone(UTC) + 8 * HOUR).date().isoformat()


def items_of(version: Any) -> list[dict[str, Any]]:
    """The items of an order version, as sent."""
    return [item for item in json.loads(version.canon).get("items") or () if item]
