"""What a wrong clock judged is judged anew once the time is known again, and comes out right."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from support.builders import DAY, HOUR, PAID, US, Message, order, picked_up, upload, us
from support.replaying import replay, standing
from support.travelling import RUNNING, sent_anywhere, suitable
from support.two_sides import TOPICS, Loop

from streams.facts.times import DAY as DAY_US
from streams.facts.times import MINUTE, SECOND, from_datetime
from streams.state.codec import TABLES, load_order, load_parcel, touched_of

SETTLE = 5 * SECOND
WAIT = timedelta(seconds=30)
HISTORIES = 15


def say(loop: Loop, *messages: Message) -> None:
    """Messages that are read one by one, and all that they cause."""
    for value in messages:
        topic = TOPICS.tracking if "tracking_number" in value else TOPICS.orders
        loop.produce(topic, json.dumps(value).encode(), None, 0)
        loop.drain(loop.now)


def amended(loop: Loop, now: int) -> int:
    """The time is known again: `now`. How many states were changed later than that."""
    loop.now, loop.latest = now, now + 5 * MINUTE
    late = 0
    for processor in (loop.orders, loop.parcels):
        keys = [
            key
            for partition in range(loop.partitions)
            for key, value in loop.store.tables[processor.table, partition].items()
            if touched_of(processor.table, value) > loop.latest
        ]
        processor.look_again(keys)
        late += len(keys)
    for partition in range(loop.partitions):
        loop.tick(partition, now)
    loop.drain(loop.now)
    return late


def states(loop: Loop, rule: str) -> list[tuple[str, bool]]:
    """What was published of a rule's violation: its state, and whether it names a breach."""
    return [
        (w["state"], w["breached_at"] is not None)
        for w in loop.warnings
        if (w["rule"], w["stage"]) == (rule, "violation")
    ]


@pytest.mark.parametrize("jump", [DAY, 60 * DAY])
def test_breaches_that_never_were_are_taken_back_without_new_facts(jump: timedelta) -> None:
    """A day before the promise, and before the warning opens: breached by the jump, withdrawn; an
    hour before the deadline it had been open, and is again."""
    now = us(PAID + HOUR)
    loop = Loop(1, now)
    say(loop, order(), upload("1"))
    loop.now += jump // US * 3
    loop.drain(loop.now)
    assert states(loop, "ship_overdue")[-1] == ("breached", True)
    assert amended(loop, now + MINUTE) == 2
    assert states(loop, "ship_overdue")[-1] == ("withdrawn", True)
    assert standing(loop.newest()) == []
    revisions: dict[str, list[int]] = {}
    for warning in loop.warnings:
        revisions.setdefault(warning["warning_id"], []).append(warning["revision"])
    assert all(sorted(set(each)) == each for each in revisions.values())
    deadline = PAID + 48 * HOUR
    loop.now = us(deadline - HOUR)
    loop.drain(loop.now)
    assert states(loop, "ship_overdue")[-1] == ("open", False)
    loop.now = us(deadline + HOUR)
    loop.drain(loop.now)
    assert states(loop, "ship_overdue")[-1] == ("breached", True)


def test_what_had_been_open_is_open_again() -> None:
    now = us(PAID + 40 * HOUR)
    loop = Loop(1, now)
    say(loop, order())
    assert states(loop, "ship_overdue") == [("open", False)]
    loop.now += DAY_US
    loop.drain(loop.now)
    assert states(loop, "ship_overdue")[-1] == ("breached", True)
    amended(loop, now)
    assert states(loop, "ship_overdue")[-1] == ("open", False)


def test_news_heard_at_an_impossible_time_does_not_wait_for_it() -> None:
    """It settles five seconds after it is looked at again, not a day later."""
    now = us(PAID + 10 * DAY)
    loop = Loop(1, now + DAY_US, settle=SETTLE)
    say(loop, order(), upload("1"))
    assert loop.warnings == []
    assert amended(loop, now) == 2
    loop.now += SETTLE
    loop.drain(loop.now)
    assert states(loop, "ship_overdue") == [("breached", True)]


def test_facts_that_come_first_correct_it_as_well() -> None:
    """And what is stored says nothing of that time any more."""
    now = us(PAID + HOUR)
    loop = Loop(1, now)
    say(loop, order())
    loop.now += 3 * DAY_US
    loop.drain(loop.now)
    loop.now, loop.latest = now, now + 5 * MINUTE
    say(loop, upload("1"))
    assert states(loop, "ship_overdue")[-1] == ("withdrawn", True)
    (value,) = loop.values("orders")
    state = load_order(value)
    assert max(state.touched, state.judged) <= loop.now


def test_without_a_witness_nothing_is_taken_back() -> None:
    """It may be our clock that is behind."""
    now = us(PAID + 3 * DAY)
    loop = Loop(1, now)
    say(loop, order())
    published = list(loop.warnings)
    loop.now -= 2 * DAY_US
    loop.orders.look_again([b"1"])
    loop.tick(0, loop.now)
    loop.drain(loop.now)
    assert loop.warnings == published


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_any_jump_ends_with_what_replay_gives(seed: int) -> None:
    """Random histories and partitions; the clock is a day or three ahead for some of the records
    and deadlines, and whoever judged by it thought nothing of it."""
    rng = Random(f"amends/{seed}")
    history = suitable(9_000 + seed)
    until = from_datetime(history.until)
    settled = history.until + WAIT
    wanted = standing(replay(history.orders, history.tracking, settled)[0])
    loop = Loop(rng.choice((1, 2, 3)), until - RUNNING, settle=SETTLE)
    sent_anywhere(loop, history, rng)
    jump = rng.choice((1, 3)) * DAY_US

    def read(steps: int) -> None:
        for _ in range(steps):
            waiting = loop.waiting()
            if waiting:
                loop.step(rng.choice(waiting), rng.choice((1, 2, 5)), loop.now)
            if rng.random() < 0.3:
                loop.tick(rng.randrange(loop.partitions), loop.now)

    read(rng.randrange(60))
    loop.now += jump
    read(rng.randrange(60))
    if rng.random() < 0.5:
        loop.drain(loop.now)
    amended(loop, until)
    loop.now = from_datetime(settled)
    loop.drain(loop.now)
    assert standing(loop.newest()) == wanted


@pytest.mark.parametrize("table", TABLES)
def test_when_a_state_was_touched_is_read_off_its_bytes(table: str) -> None:
    """As the whole state says it, of either version."""
    loop = Loop(1, us(PAID))
    say(loop, order(), upload("1"), picked_up())
    load: Any = load_order if table == "orders" else load_parcel
    (value,) = loop.values(table)
    assert touched_of(table, value) == load(value).touched > us(PAID)
