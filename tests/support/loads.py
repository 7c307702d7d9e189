"""A load of random histories that workers on a real Kafka live through, and what it must give."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from oracle.brute_force import normal_id, normal_number
from oracle.histories import History, random_history
from support.replaying import replay, standing
from support.running import Deployment, wait_for
from support.shop_days import counted

from streams.decode import parcel_key
from streams.decode.moments import parse_time
from streams.facts.times import RETENTION
from streams.profiles.loader import load as profiles
from streams.state.shop_days import KEPT


def _with_former_lives(history: History) -> set[str]:
    """Numbers whose facts lie further apart than a fact may be late.

    A record that was sent home is read after those that were at home, so the older ones of such a
    number might be late, which is outside the law.
    """
    times: dict[str, list[int]] = {}
    for value in history.tracking:
        key = parcel_key(value["carrier"], value["tracking_number"])
        times.setdefault(key, []).append(parse_time(value["occurred_at"]) or 0)
    return {key for key, found in times.items() if max(found) - min(found) > RETENTION}


def load(parts: int) -> list[History]:
    """A load in `parts`: random histories without former lives, ids and numbers made unlike."""
    found = []
    for part in range(parts):
        orders: list[dict[str, Any]] = []
        tracking: list[dict[str, Any]] = []
        for seed in range(part * 3, part * 3 + 3):
            history = random_history(1_000 + seed, ahead=False)
            for value in history.orders:
                orders.append({**value, "order_id": f"{seed}-{normal_id(value['order_id'])}"})
            former = _with_former_lives(history)
            for value in history.tracking:
                if parcel_key(value["carrier"], value["tracking_number"]) in former:
                    continue
                ids = value.get("order_ids")
                tracking.append(
                    {
                        **value,
                        "tracking_number": f"{normal_number(value['tracking_number'])}-{seed}",
                        "order_ids": ids and [f"{seed}-{normal_id(order_id)}" for order_id in ids],
                    }
                )
        found.append(History(orders, tracking, datetime.now(UTC)))
    return found


def wanted(parts: list[History]) -> list[dict[str, Any]]:
    """What `replay` says of all parts by now."""
    orders = [value for part in parts for value in part.orders]
    tracking = [value for part in parts for value in part.tracking]
    return standing(replay(orders, tracking, datetime.now(UTC))[0])


def wait_for_shop_days(deployment: Deployment, parts: list[History]) -> None:
    """Wait until the newest counts of every shop's day are those that the facts give."""
    until = datetime.now(UTC)
    orders = [value for part in parts for value in part.orders]
    tracking = [value for part in parts for value in part.tracking]
    shops, _ = counted(History(orders, tracking, until), profiles(), wanted(parts))
    # Of the oldest days some may have been forgotten meanwhile.
    oldest = (until - timedelta(microseconds=KEPT) + timedelta(days=2)).date().isoformat()
    due = {key: numbers for key, numbers in shops.items() if key[-1] > oldest}
    assert len(due) > 20
    found: dict[tuple[str, str, str], dict[str, int]] = {}

    def equal() -> bool:
        newest: dict[bytes | None, dict[str, Any]] = {}
        for key, raw in deployment.read(deployment.topics.shop_risk):
            value = json.loads(raw or b"{}")
            if key not in newest or value["revision"] >= newest[key]["revision"]:
                newest[key] = value
        found.clear()
        for value in newest.values():
            counts = {name: number for name, number in value["counts"].items() if number}
            if counts and value["day"] > oldest:
                found[value["platform"], value["shop_id"], value["day"]] = counts
        return found == due

    def difference() -> str:
        keys = sorted({*found, *due})
        others = [(key, found.get(key), due.get(key)) for key in keys]
        others = [entry for entry in others if entry[1] != entry[2]]
        return f"equal counts: {len(others)} of {len(due)} differ, first {others[:2]}"

    wait_for(equal, 60, difference)
