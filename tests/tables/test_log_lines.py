"""What the pipeline says in the log: a line for a chunk's dead letters, for a rule that failed, for
a line that was crossed; and no flood of any."""

from __future__ import annotations

import json
import logging

import pytest
from support.builders import DAY, HOUR, PAID, PROMISE, order, us
from support.two_sides import TOPICS, Loop

from streams.engine.kafka.types import Chunk, Record
from streams.rules.episodes import Clock
from streams.rules.ship_overdue import ShipOverdue
from streams.telemetry.events import Event, Limited


def said(caplog: pytest.LogCaptureFixture, name: str) -> list[dict[str, object]]:
    """The fields of each event of this name."""
    events = (record.args for record in caplog.records)
    return [dict(each) for each in events if isinstance(each, Event) and each.name == name]


def loop_with_clock() -> tuple[Loop, list[float]]:
    """An empty pipeline, and the time by which lines are limited: it stands."""
    loop, now = Loop(1, us(PAID)), [0.0]
    for side in loop.processors:
        side.lines = Limited(clock=lambda: now[0])
    return loop, now


def chunk_of(topic: str, first: int, *values: bytes | None) -> Chunk:
    """A chunk of partition 0 whose records have offsets from `first` on."""
    records = [Record(first + n, us(PAID) // 1_000, b"k", value) for n, value in enumerate(values)]
    return Chunk(topic, 0, first, first + len(values) - 1, records)


def test_the_dead_letters_of_a_chunk_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """With the first and the last of them, and how many there are of each reason."""
    loop = Loop(1, us(PAID))
    good = json.dumps(order()).encode()
    loop.take(chunk_of(TOPICS.orders, 5, good, b"{", b"[]", b"{", good), us(PAID))
    assert said(caplog, "dead_letters") == [
        {
            "topic": TOPICS.orders,
            "partition": 0,
            "first_offset": 6,
            "last_offset": 8,
            "records": 3,
            "reasons": {"not_json": 2, "not_an_object": 1},
            "left_out": 0,
        }
    ]


def test_a_flood_of_dead_letters_is_one_line_a_second_and_topic(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next line says how many records were left out; every one is a dead letter."""
    loop, now = loop_with_clock()
    for topic in TOPICS.orders, TOPICS.tracking, TOPICS.parcel_facts, TOPICS.meter_totals:
        for first in range(0, 60, 3):
            loop.take(chunk_of(topic, first, b"{", b"{", b"{"), us(PAID))
    lines = said(caplog, "dead_letters")
    assert [line["topic"] for line in lines] == [
        *(TOPICS.orders, TOPICS.tracking, TOPICS.parcel_facts, TOPICS.meter_totals)
    ]
    assert len(loop.dead_letters) == 240
    now[0] += 1
    caplog.clear()
    loop.take(chunk_of(TOPICS.orders, 60, b"{"), us(PAID))
    (line,) = said(caplog, "dead_letters")
    assert (line["records"], line["left_out"]) == (1, 57)
    now[0] += 1
    for _ in range(2):
        for side in loop.processors:
            side.say_left_out()
    assert said(caplog, "lines_left_out") == [
        {"what": topic, "left_out": 57}
        for topic in (TOPICS.parcel_facts, TOPICS.tracking, TOPICS.meter_totals)
    ]


def test_a_rule_that_fails_everywhere_is_one_line_a_second(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the error once; nothing of it names an order."""

    def broken(self: ShipOverdue, snapshot: object) -> list[Clock]:
        raise RuntimeError("broken rule")

    monkeypatch.setattr(ShipOverdue, "episodes", broken)
    loop, _ = loop_with_clock()
    values = [json.dumps(order(f"o-{number}")).encode() for number in range(50)]
    loop.take(chunk_of(TOPICS.orders, 0, *values), us(PAID + HOUR))
    (line,) = said(caplog, "rule_failed")
    assert line == {"rule": "ship_overdue", "shadow": False, "left_out": 0}
    assert any(record.exc_info for record in caplog.records)


def test_a_line_that_a_shop_crosses_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Once for its day."""
    caplog.set_level(logging.INFO)
    loop = Loop(1, us(PAID))
    values = [json.dumps(order(f"o-{number}")).encode() for number in range(200)]
    loop.take(chunk_of(TOPICS.orders, 0, *values), us(PAID + HOUR))
    for later in PROMISE + 2 * DAY, PROMISE + 2 * DAY + HOUR:  # a changed day waits a little
        loop.now = us(later)
        loop.drain(loop.now)
    assert said(caplog, "shop_line_crossed") == [
        {"platform": "douyin", "shop": "s-1", "line": line, "day": "2026-11-22", "left_out": 0}
        for line in ("late_one_day", "out_of_stock")
    ]
