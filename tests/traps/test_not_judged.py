"""Traps 10, 16, 20 and 22: what is not judged, not now, not for ever, and not any more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest
from support import replaying
from support.builders import (
    BORIS,
    DAY,
    GUANGZHOU,
    HANGZHOU,
    HOUR,
    LATER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    Message,
    arriving,
    judge,
    order,
    picked_up,
    record,
    times,
    upload,
    us,
)
from support.replaying import arrival_of
from support.stories import TROUBLES
from support.troubles import travels

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.times import STATE_KEPT
from streams.profiles.loader import builtin_files, load
from streams.replay.machine import Machine

METHODS = ("self_delivery", "self_pickup", "virtual")


# ---- 10 no tracking


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rule", TROUBLES)
def test_trap_10_orders_without_a_carrier_are_not_judged(rule: str, method: str) -> None:
    """Neither the order, nor a parcel typed in for it, whatever its track says."""
    assert judge(TROUBLES[rule]("douyin"), LATER).of(rule)
    assert judge(TROUBLES[rule]("douyin", delivery_method=method), LATER).newest == {}


@pytest.mark.parametrize("method", METHODS)
def test_trap_10_a_number_they_used_is_free(method: str) -> None:
    """A number typed in for an order that needs none is no earlier use of it."""
    story = [order("1", delivery_method=method, recipient=BORIS), upload("1")]
    story += [order("2"), upload("2", UPLOADED + HOUR), *travels()]
    assert judge(story, LATER).newest == {}


@pytest.mark.parametrize("rule", TROUBLES)
def test_trap_10_known_only_later(rule: str) -> None:
    """A method that becomes known later withdraws what was said before, of every rule."""
    story = TROUBLES[rule]("douyin")
    told = PAID + 12 * DAY
    later = [
        {**message, "updated_at": told.isoformat(), "delivery_method": "self_pickup"}
        for message in story
        if "order_id" in message
    ]
    outcome = judge([*story, *later], LATER)
    assert outcome.withdrawn(rule)
    assert {value["state"] for value in outcome.newest.values()} == {"withdrawn"}


# ---- 16 holidays, closed regions

CLOSED = """
[[exemptions]]
name = "snow in Zhejiang"
from = {start}
to = {end}
regions = ["浙江省"]
carriers = ["zto"]
"""


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[datetime, datetime]:
    """Judged with a row that closes Zhejiang to zto for two days from an hour after the pickup."""
    start, end = PICKED + HOUR, PICKED + HOUR + 2 * DAY
    (builtin,) = [path for path in builtin_files() if path.name.startswith("douyin-2026")]
    row = CLOSED.format(start=start.isoformat(), end=end.isoformat())
    (tmp_path / builtin.name).write_text(builtin.read_text("utf-8") + row, encoding="utf-8")
    monkeypatch.setattr(replaying, "profiles", lambda: load([tmp_path]))
    return start, end


def silent(carrier: str = "zto", province: Message | None = None) -> list[Message]:
    """A parcel for Hangzhou, or elsewhere, that is picked up and not heard of again."""
    story = [order(recipient=province or HANGZHOU), upload("1", carrier=carrier)]
    return [*story, picked_up(carrier=carrier, location=GUANGZHOU)]


def test_trap_16_a_closed_region_puts_the_deadline_off(
    closed: tuple[datetime, datetime],
) -> None:
    """One hour of 24 had passed when it began: 23 are left when it ends. The row is named."""
    start, end = closed
    due = end + (24 * HOUR - (start - PICKED))
    assert judge(silent(), due).one("inactive_after_pickup")["state"] == "open"
    warning = judge(silent(), due + US).one("inactive_after_pickup")
    assert times(warning)["breached_at"] == due
    assert warning["evidence"]["exemptions"] == ["snow in Zhejiang"]


@pytest.mark.parametrize(
    ("carrier", "province"), [("yto", HANGZHOU), ("zto", {"province": "广东省"})]
)
def test_trap_16_another_carrier_or_region_is_judged_as_ever(
    closed: tuple[datetime, datetime], carrier: str, province: Message
) -> None:
    """A row is about its carriers and regions, and no excuse for the others."""
    warning = judge(silent(carrier, province), LATER).one("inactive_after_pickup")
    assert times(warning)["breached_at"] == PICKED + 24 * HOUR
    assert warning["evidence"]["exemptions"] == []


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
def test_trap_16_no_holiday_is_made_up(platform: str) -> None:
    """These platforms count every day until they announce otherwise and the operator adds a row."""
    assert load().at(platform, us(PAID)).exemptions == ()


# ---- 20 state growth (each kind of state by itself: tests/state/test_ends.py)


@pytest.mark.parametrize("rule", TROUBLES)
def test_trap_20_whatever_was_said_ends(rule: str) -> None:
    """After any trouble everything is forgotten in the end, warnings that nobody resolved too."""
    story = TROUBLES[rule]("douyin")
    log: list[object] = []
    machine = Machine(load(), log.append)
    for message in sorted(story, key=arrival_of):
        arrive(machine, message)
    last = max(arrival_of(message) for message in story)
    machine.advance(last + us(PAID + 12 * DAY) - us(PAID))
    said = len(log)
    assert said
    assert machine.live_states > 0, "no state ends before its retention"
    machine.advance(last + 2 * STATE_KEPT)
    assert machine.live_states == 0
    assert len(log) == said, "an end is nothing to publish"


def test_trap_20_a_number_that_never_rests_does_not_grow() -> None:
    """A placeholder scanned every ten minutes for a month more: what is past retention goes, and
    what finds no room is refused."""
    machine = Machine(load(), lambda _: None)
    taken = refused = 0
    for n in range(6 * 24 * 40):
        at = PAID + n * 10 * (HOUR / 60)
        if arrive(machine, record("hub", at, "00000000")):
            taken += 1
        else:
            refused += 1
    assert refused > 0
    assert taken < 6 * 24 * 36
    assert machine.live_states == 1


def arrive(machine: Machine, message: Message) -> bool:
    """A message arrives at its own time; whether there was room for it."""
    at = arrival_of(message)
    raw = json.dumps(message).encode()
    if "order_id" in message:
        version = decode_order(raw, None, at, at)
        assert not isinstance(version, Bad)
        return machine.order(version, at)
    fact = decode_tracking(raw, at)
    assert not isinstance(fact, Bad)
    return machine.tracking(fact, at)


# ---- 22 refunded or closed


def test_trap_22_closing_stops_clocks_and_closes_warnings() -> None:
    """Clocks stop at the closing; what was open is resolved, what was breached stays so."""
    closing = PROMISE + DAY
    story = [order("1"), order("2", recipient=BORIS), upload(["1", "2"])]
    story += [order(o, updated_at=closing, state="closed") for o in ("1", "2")]
    outcome = judge(story, LATER)
    standing = [value for value in outcome.newest.values() if value["state"] != "withdrawn"]
    assert {value["state"] for value in standing} == {"resolved"}
    assert {value["rule"] for value in standing} == {
        "ship_overdue",
        "pickup_overdue",
        "duplicate_tracking_number",
    }
    assert {times(value)["resolved_at"] for value in standing} == {closing}


@pytest.mark.parametrize("rule", TROUBLES)
def test_trap_22_a_refund_ends_every_rule(rule: str) -> None:
    """Whatever was wrong, it ends when the last of the parcel's orders is closed."""
    closing = PAID + 12 * DAY
    story = TROUBLES[rule]("douyin")
    outcome = judge([*story, *closed_at(story, closing)], LATER)
    said = outcome.of(rule)
    assert {one["state"] for one in said} == {"resolved"}
    assert {times(one)["resolved_at"] for one in said} == {closing}


def closed_at(story: Iterable[Message], closing: datetime) -> list[Message]:
    """All orders of a story closed."""
    return [
        {**message, "updated_at": closing.isoformat(), "state": "closed"}
        for message in story
        if "order_id" in message
    ]


def test_trap_22_a_closing_known_late_counts_from_its_own_time() -> None:
    """Closed in time, told late: nothing should have been said."""
    closing = arriving(order(updated_at=PAID + HOUR, state="closed"), PAID + 9 * DAY)
    outcome = judge([order(), upload("1"), closing], LATER)
    assert outcome.newest
    assert {value["state"] for value in outcome.newest.values()} == {"withdrawn"}


def test_trap_22_a_parcel_called_back_after_the_refund_is_no_recall() -> None:
    """The buyer got the money, the seller calls the parcel back: as it should be."""
    story = [order(), upload("1"), *travels()[:2]]
    story += [order(updated_at=PICKED + 10 * HOUR, state="closed")]
    assert judge([*story, record("returning", PICKED + 12 * HOUR)], LATER).newest == {}
