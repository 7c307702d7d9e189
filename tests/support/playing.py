"""Histories that are played into a real Kafka, and what must come of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from oracle.brute_force import normal_id, normal_number
from oracle.histories import History, random_history
from support.replaying import arrival_of, replay, standing
from support.running import Deployment, wait_for

from streams.facts.times import DAY


def wanted(history: History) -> list[dict[str, Any]]:
    """What `replay` says of the whole history by now."""
    return standing(replay(history.orders, history.tracking, datetime.now(UTC))[0])


def combined(seeds: range) -> History:
    """Several random histories side by side: ids and numbers are made unlike."""
    orders: list[dict[str, Any]] = []
    tracking: list[dict[str, Any]] = []
    for seed in seeds:
        history = random_history(seed, ahead=False)
        for value in history.orders:
            orders.append({**value, "order_id": f"{seed}-{normal_id(value['order_id'])}"})
        for value in history.tracking:
            ids = value.get("order_ids")
            tracking.append(
                {
                    **value,
                    "tracking_number": f"{normal_number(value['tracking_number'])}-{seed}",
                    "order_ids": ids and [f"{seed}-{normal_id(order_id)}" for order_id in ids],
                }
            )
    return History(orders, tracking, datetime.now(UTC))


def phases(history: History) -> list[History]:
    """The history in stretches of 30 days by arrival.

    A record that was sent home is read after those that were at home; were its number's next life
    read before it, it would be late. Between phases everything is read.
    """
    arrivals = sorted(arrival_of(value) for value in (*history.orders, *history.tracking))
    found = []
    start = arrivals[0]
    while start <= arrivals[-1]:
        end = start + 30 * DAY
        orders = [value for value in history.orders if start <= arrival_of(value) < end]
        tracking = [value for value in history.tracking if start <= arrival_of(value) < end]
        if orders or tracking:
            found.append(History(orders, tracking, history.until))
        start = end
    return found


def play(deployment: Deployment, history: History) -> None:
    """Produce a history, waiting between its phases until everything is read."""
    for phase in phases(history):
        deployment.produce(phase.orders, phase.tracking)
        wait_for(lambda: deployment.lag() == 0, 30, lambda: f"lag 0 (is {deployment.lag()})")
