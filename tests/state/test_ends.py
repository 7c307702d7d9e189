"""All state has an end: each kind is seen to end, and to stay while something is pending."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from support.builders import (
    BORIS,
    DAY,
    HOUR,
    PAID,
    PICKED,
    UPLOADED,
    Message,
    arriving,
    order,
    picked_up,
    record,
    release,
    upload,
    us,
)
from support.replaying import arrival_of

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.times import STATE_KEPT
from streams.judge.warnings import Revision
from streams.profiles.loader import load
from streams.replay.machine import Machine

KEPT = timedelta(microseconds=STATE_KEPT)


def machine_after(history: list[Message]) -> tuple[Machine, list[Revision]]:
    """A machine that has read a history."""
    log: list[Revision] = []
    machine = Machine(load(), log.append)
    for message in history:
        arrival = arrival_of(message)
        raw = json.dumps(message).encode()
        if "order_id" in message:
            version = decode_order(raw, None, arrival, arrival)
            assert not isinstance(version, Bad)
            machine.order(version, arrival)
        else:
            fact = decode_tracking(raw, arrival)
            assert not isinstance(fact, Bad)
            machine.tracking(fact, arrival)
    return machine, log


HISTORIES: dict[str, list[Message]] = {
    "an order alone": [order()],
    "a closed order": [order(), order(updated_at=PAID + HOUR, state="closed")],
    "a virtual order": [order(delivery_method="virtual")],
    "a deposit never paid up": [order(presale="deposit")],
    "a parcel of nobody": [record("hub", PICKED)],
    "a label of nobody": [record("ordered", PICKED)],
    "an upload of an unknown order": [upload("1")],
    "a release alone": [release("1", UPLOADED)],
    "a record that names an order": [picked_up(order_ids=["1"])],
    "a parcel delivered": [order(), upload("1"), picked_up(), record("delivered", PICKED + HOUR)],
    "a parcel never picked up": [order(), upload("1")],
    "a parcel silent after pickup": [order(), upload("1"), picked_up()],
    "a duplicate that nobody corrects": [
        order("1"),
        order("2", recipient=BORIS),
        upload(["1", "2"]),
    ],
    "warnings withdrawn": [
        order(),
        upload("1"),
        arriving(picked_up(), PICKED + 3 * DAY),
        arriving(record("hub", PICKED + HOUR), PICKED + 3 * DAY),
    ],
    "two lives of a number": [upload("1"), upload("2", UPLOADED + 40 * DAY)],
    "facts ahead of their arrival": [arriving(picked_up(PAID + 23 * HOUR), PAID)],
    "facts long before their arrival": [arriving(picked_up(PAID), PAID + 300 * DAY)],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_every_kind_of_state_ends(name: str) -> None:
    """Past the end of everything nothing is in memory, and nothing more is said on the way."""
    history = HISTORIES[name]
    machine, log = machine_after(history)
    last = max(arrival_of(message) for message in history)
    assert machine.live_states > 0
    machine.advance(last + us(PAID + 6 * DAY) - us(PAID))
    said = len(log)
    assert machine.live_states > 0, "no state may end before its retention"
    machine.advance(last + STATE_KEPT - 1)
    assert machine.live_states > 0
    machine.advance(last + 2 * STATE_KEPT)
    assert machine.live_states == 0
    assert len(log) == said, "ending is not an event that anybody hears of"


def ends_at(history: list[Message], low: datetime, high: datetime) -> datetime:
    """The day on which nothing is left of a history."""
    machine, _ = machine_after(history)
    while low < high:
        low += DAY
        machine.advance(us(low))
        if not machine.live_states:
            return low
    raise AssertionError("it never ended")


def test_a_promise_far_ahead_keeps_the_order() -> None:
    """An order promised in two hundred days is judged then, and ends after that."""
    promise = PAID + 200 * DAY
    machine, log = machine_after([order(promised_ship_by=promise)])
    machine.advance(us(promise - 12 * HOUR) - 1)
    assert (machine.live_states, log) == (1, [])
    machine.advance(us(promise) + 1)
    assert [revision.finding.state for revision in log] == ["open", "breached"]
    assert machine.live_states == 1
    machine.advance(us(promise + 2 * KEPT))
    assert machine.live_states == 0


def test_an_order_shipped_long_before_its_promise_outlives_it() -> None:
    """What is heard of it then is no news of an order that never shipped, nor counted again."""
    promise = PAID + 60 * DAY
    early = [upload("1"), picked_up(), record("delivered", PICKED + DAY)]
    machine, log = machine_after([order(promised_ship_by=promise), *early])
    machine.advance(us(promise) + STATE_KEPT - 1)
    raw = json.dumps(order(promised_ship_by=promise, updated_at=promise + 20 * DAY)).encode()
    arrival = us(promise) + STATE_KEPT
    version = decode_order(raw, None, arrival, arrival)
    assert not isinstance(version, Bad)
    machine.order(version, arrival)
    assert "ship_overdue" not in [revision.finding.rule for revision in log]


def test_a_promise_for_never_keeps_nothing() -> None:
    """9999-12-31 stands for none in some shops: an order that has shipped ends all the same."""
    never = PAID.replace(year=9999)
    early = [upload("1"), picked_up(), record("delivered", PICKED + DAY)]
    machine, _ = machine_after([order(promised_ship_by=never), *early])
    machine.advance(us(PAID + 366 * DAY) + 2 * STATE_KEPT)
    assert machine.live_states == 0


def test_each_fact_puts_the_end_off() -> None:
    """A state lives on from its newest fact."""
    short = ends_at([record("hub", PICKED)], PAID, PAID + 400 * DAY)
    longer = [record("hub", PICKED), record("hub", PICKED + 20 * DAY)]
    assert ends_at(longer, PAID, PAID + 400 * DAY) == short + 20 * DAY


def test_a_state_made_anew_is_judged_anew() -> None:
    """A number that comes back after its state has ended starts with nothing known of it."""
    machine, log = machine_after([order(), upload("1")])
    machine.advance(us(PAID + 200 * DAY))
    assert machine.live_states == 0
    said = len(log)
    back = PAID + 201 * DAY
    for message in (order("2", back), upload("2", back)):
        raw = json.dumps(message).encode()
        if "order_id" in message:
            machine.order(decode_order(raw, None, us(back), us(back)), us(back))  # type: ignore[arg-type]
        else:
            machine.tracking(decode_tracking(raw, us(back)), us(back))  # type: ignore[arg-type]
    machine.advance(us(back + 3 * DAY))
    assert {r.finding.order_ids for r in log[said:]} == {("2",)}
