"""Douyin's instant-retail express: an upload ships an order; two clocks have 12 h."""

from __future__ import annotations

import pytest
from support.builders import (
    HOUR,
    LATER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    judge,
    order,
    picked_up,
    times,
    upload,
)

INSTANT = "douyin-instant"
FIGURES = {"pickup_overdue": UPLOADED, "inactive_after_pickup": PICKED}


@pytest.mark.parametrize("rule", FIGURES)
def test_twelve_hours_for_each_of_two_clocks(rule: str) -> None:
    """Open at 12 h, breached a microsecond later, and no second stage."""
    story = [order(platform=INSTANT), upload("1")]
    if rule == "inactive_after_pickup":
        story.append(picked_up())
    deadline = FIGURES[rule] + 12 * HOUR
    assert judge(story, deadline).one(rule)["state"] == "open"
    breached = judge(story, deadline + US).one(rule)
    assert times(breached)["breached_at"] == deadline
    assert breached["platform"] == INSTANT
    assert judge(story, LATER).of(rule, "serious") == []


def test_the_upload_ships_the_order() -> None:
    """At the promise in time, a microsecond later late; Douyin's other orders it ships not."""
    for at, breached in ((PROMISE, None), (PROMISE + US, PROMISE)):
        story = [order(platform=INSTANT), upload("1", at)]
        found = times(judge(story, LATER).one("ship_overdue"))
        assert (found["resolved_at"], found["breached_at"]) == (at, breached)
    other = judge([order(), upload("1", PROMISE)], LATER).one("ship_overdue")
    assert other["state"] == "breached"


def test_other_orders_of_the_marketplace_keep_their_limits() -> None:
    """24 h for what is not instant; 48 h where an order of either kind brings no promise."""
    warning = judge([order(), upload("1")], LATER).one("pickup_overdue")
    assert times(warning)["deadline"] == UPLOADED + 24 * HOUR
    unsaid = order(platform=INSTANT, promised_ship_by=None)
    assert times(judge([unsaid], LATER).one("ship_overdue"))["deadline"] == PAID + 48 * HOUR
