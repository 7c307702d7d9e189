"""The gate: deadlines fire only up to a time of which everything has been read."""

from __future__ import annotations

import logging

import pytest

from streams.engine.kafka.types import Record
from streams.engine.worker import ticks
from streams.engine.worker.watermark import Input, Report, Watermark
from streams.telemetry.events import Event

S = 1_000_000
T = 1_000 * S
"""Now, when the partitions are assigned."""


def reading(
    durable: int, end: int | None, *, at: int = T, last: int = 0, processed: int | None = None
) -> Input:
    """The input `in`, read up to `durable`, whose log ended at `end` when last heard of."""
    return Input("in", durable if processed is None else processed, durable, end, at, last)


def go_through_rounds(watermark: Watermark, partition: int, rounds: int, now: int = T) -> None:
    """Let one partition, with nothing to read, do its rounds."""
    for _ in range(rounds):
        for number in watermark.need_targets(now):
            watermark.begin_round(number, {"in": 0})
        assert watermark.observe(partition, [reading(0, 0, at=now)], now)


def opened(rounds: int = 2) -> Watermark:
    """The gate of a worker that owns the application's only partition."""
    watermark = Watermark(1, rounds=rounds)
    watermark.assign(1, {0: {"in": 0}}, T)
    go_through_rounds(watermark, 0, rounds)
    return watermark


def test_held_until_what_lay_there_at_assignment_is_durable() -> None:
    """Neither fetched nor processed is enough: the effects must have reached the others' inputs."""
    watermark = Watermark(1, rounds=1)
    watermark.assign(1, {0: {"in": 100}}, T)
    assert not watermark.observe(0, [reading(99, 100, processed=100)], T)
    assert watermark.watermark_us(0, T) is None
    assert watermark.observe(0, [reading(100, 100)], T)
    watermark.observe(0, [reading(100, 100)], T)
    assert watermark.watermark_us(0, T) == T


def test_every_input_counts() -> None:
    """One internal topic with a record left holds the partition."""
    watermark = Watermark(1, rounds=1)
    watermark.assign(1, {0: {"in": 5, "hop": 3}}, T)
    hop = Input("hop", 2, 2, 3, T, 0)
    assert not watermark.observe(0, [reading(5, 5), hop], T)
    assert watermark.observe(0, [reading(5, 5), hop._replace(durable=3)], T)


def test_a_gate_that_opens_has_its_time_at_once() -> None:
    """Between the last round and the next look at a partition nobody may read the time 0."""
    watermark = Watermark(2, rounds=1)
    watermark.assign(1, {0: {"in": 0}, 1: {"in": 0}}, T)
    assert watermark.observe(0, [reading(0, 0)], T)
    assert watermark.observe(1, [reading(0, 0)], T)
    assert watermark.report(1, T).watermark_us == T
    assert watermark.watermark_us(0, T) == watermark.watermark_us(1, T) == T


def test_a_round_begins_when_all_partitions_have_done_the_one_before() -> None:
    """What a partition caused elsewhere must be read before deadlines fire there."""
    watermark = Watermark(2, rounds=2)
    watermark.assign(7, {0: {"in": 0}}, T)
    assert watermark.observe(0, [reading(0, 0)], T)
    assert watermark.need_targets(T) == []
    watermark.hear(1, Report(7, 1, 0, False), T)
    assert watermark.need_targets(T) == [0]
    watermark.begin_round(0, {"in": 4})
    assert not watermark.observe(0, [reading(3, 4)], T)
    assert watermark.observe(0, [reading(4, 4)], T)
    watermark.observe(0, [reading(4, 4)], T)
    assert watermark.watermark_us(0, T) is None, "the other one has not done its second round"
    watermark.hear(1, Report(7, 2, T, False), T)
    assert watermark.watermark_us(0, T) == T


def test_words_of_a_former_generation_do_not_open() -> None:
    """They were spoken before the partitions were given out anew."""
    watermark = Watermark(2, rounds=1)
    watermark.assign(7, {0: {"in": 0}}, T)
    watermark.observe(0, [reading(0, 0)], T)
    watermark.hear(1, Report(6, 1, T, False), T)
    watermark.observe(0, [reading(0, 0)], T)
    assert watermark.watermark_us(0, T) is None


def test_a_silent_partition_holds_for_so_long_only(caplog: pytest.LogCaptureFixture) -> None:
    """After `patience` the others go on without it, and say so once."""
    watermark = Watermark(2, rounds=1, patience_us=60 * S)
    watermark.assign(7, {0: {"in": 0}}, T)
    watermark.observe(0, [reading(0, 0)], T)
    later = T + 60 * S
    watermark.observe(0, [reading(0, 0, at=later)], later)
    assert watermark.watermark_us(0, later) is None
    later += 1
    assert watermark.watermark_us(0, later) is not None
    assert watermark.watermark_us(0, later) is not None
    assert len([r for r in caplog.records if "nothing was heard of partition 1" in r.message]) == 1


def test_what_the_log_says_of_a_gate(caplog: pytest.LogCaptureFixture) -> None:
    """Once each: a partition is not heard of, this one opens, that one is heard of again."""
    caplog.set_level(logging.INFO)
    watermark = Watermark(2, rounds=1, patience_us=60 * S)
    watermark.assign(7, {0: {"in": 0}}, T)
    watermark.observe(0, [reading(0, 0)], T)
    later = T + 61 * S
    watermark.observe(0, [reading(0, 0, at=later)], later)
    for _ in range(2):
        assert watermark.watermark_us(0, later) is not None
    for _ in range(2):
        watermark.hear(1, Report(7, 1, later, False), later + S)
    assert [(r.args.name, r.args) for r in caplog.records if isinstance(r.args, Event)] == [
        ("partition_unheard", {"partition": 1, "seconds": 60}),
        ("gate_opened", {"partition": 0, "rounds": 1, "seconds": 61.0}),
        ("partition_heard", {"partition": 1, "seconds": 62}),
    ]


def test_wall_clock_while_the_inputs_are_read_to_their_ends() -> None:
    """As of the broker's last answer: what came after that is not known to be absent."""
    watermark = opened()
    now = T + 10 * S
    watermark.observe(0, [reading(50, 50, at=now - 200_000, last=T)], now)
    assert watermark.watermark_us(0, now) == now - 200_000


def test_else_the_time_of_the_last_record_of_the_input_furthest_behind() -> None:
    """An input that is read to its end does not hurry one that is not."""
    watermark = opened()
    now = T + 100 * S
    behind = Input("hop", 10, 10, 1_000, now, T + 30 * S)
    watermark.observe(0, [reading(50, 50, at=now), behind], now)
    assert watermark.watermark_us(0, now) == T + 30 * S


def test_an_input_that_was_at_its_end_is_known_up_to_that_time() -> None:
    """Old records by a producer that sets old timestamps do not hold deadlines for years."""
    watermark = opened()
    watermark.observe(0, [reading(50, 50, at=T + 10 * S)], T + 10 * S)
    now = T + 20 * S
    watermark.observe(0, [reading(55, 80, at=now, last=3 * S)], now)
    assert watermark.watermark_us(0, now) == T + 10 * S


def test_records_from_the_future_do_not_open_the_future() -> None:
    """A producer with a wrong clock."""
    watermark = opened()
    now = T + S
    watermark.observe(0, [reading(5, 80, at=now, last=T + 900 * S)], now)
    assert watermark.watermark_us(0, now) == now


def test_never_backwards() -> None:
    """A clock that is set back, or a peer that falls behind, changes nothing that was."""
    watermark = Watermark(2, rounds=1)
    watermark.assign(7, {0: {"in": 0}}, T)
    watermark.observe(0, [reading(0, 0)], T)
    now = T + 50 * S
    watermark.hear(1, Report(7, 1, now, False), now)
    watermark.observe(0, [reading(0, 0, at=now)], now)
    assert watermark.watermark_us(0, now) == now
    watermark.hear(1, Report(7, 1, T, True), now)
    assert watermark.watermark_us(0, now) == now
    watermark.observe(0, [reading(0, 0, at=T)], T)
    assert watermark.watermark_us(0, T) == now


def test_a_time_that_never_was_is_forgotten() -> None:
    """The clock was believed while it was a day ahead: deadlines go by it no longer."""
    watermark = opened()
    day = 86_400 * S
    watermark.observe(0, [reading(0, 0, at=T + day)], T + day)
    assert watermark.watermark_us(0, T + day) == T + day
    watermark.observe(0, [reading(0, 0, at=T)], T + S)
    assert watermark.watermark_us(0, T + S) == T


def test_setting_the_clock_makes_no_partition_silent() -> None:
    """The partition elsewhere was not unheard for the minutes that it was set by."""
    watermark = Watermark(2, rounds=1)
    watermark.assign(1, {0: {"in": 0}}, T)
    watermark.hear(1, Report(1, 1, T, behind=False), T)
    watermark.observe(0, [reading(0, 0)], T)
    now = T + 200 * S
    watermark.set_us = 200 * S
    watermark.observe(0, [reading(0, 0, at=now)], now)
    assert watermark.watermark_us(0, now) == now


def test_a_partition_elsewhere_that_is_behind_holds_this_one() -> None:
    """Its facts for this partition are still to come."""
    watermark = Watermark(2, rounds=1)
    watermark.assign(7, {0: {"in": 0}}, T)
    watermark.observe(0, [reading(0, 0)], T)
    watermark.hear(1, Report(7, 1, T + S, True), T)
    now = T + 50 * S
    watermark.observe(0, [reading(0, 0, at=now)], now)
    assert watermark.watermark_us(0, now) == T + S
    watermark.hear(1, Report(7, 1, now, False), now)
    assert watermark.watermark_us(0, now) == now


def test_so_does_one_that_fell_silent_until_patience_ends() -> None:
    """Its worker may have died with records unread, and its partitions are nobody's yet."""
    watermark = Watermark(2, rounds=1, patience_us=60 * S)
    watermark.assign(7, {0: {"in": 0}}, T)
    watermark.observe(0, [reading(0, 0)], T)
    watermark.hear(1, Report(7, 1, T + S, False), T + S)
    for seconds, expected in ((4, 4), (5, 4), (61, 4), (62, 62)):
        now = T + seconds * S
        watermark.observe(0, [reading(0, 0, at=now)], now)
        assert watermark.watermark_us(0, now) == T + expected * S


def test_one_that_starts_again_holds_the_others() -> None:
    """A worker with a fixed name comes back in the same generation, with a backlog to read."""
    watermark = Watermark(2, rounds=2)
    watermark.assign(7, {0: {"in": 0}}, T)
    watermark.hear(1, Report(7, 2, T, False), T)
    go_through_rounds(watermark, 0, 2)
    watermark.observe(0, [reading(0, 0)], T)
    assert watermark.watermark_us(0, T) == T
    watermark.hear(1, Report(7, 0, 0, False), T + S)
    assert watermark.watermark_us(0, T + S) is None


def test_so_does_another_partition_of_the_same_worker() -> None:
    """Workers do not hear themselves; they know."""
    watermark = Watermark(2, rounds=1)
    watermark.assign(7, {0: {"in": 0}, 1: {"in": 0}}, T)
    for number in (0, 1):
        watermark.observe(number, [reading(0, 0)], T)
    now = T + 50 * S
    watermark.observe(0, [reading(0, 0, at=now)], now)
    watermark.observe(1, [reading(10, 99, at=now, last=T + 5 * S)], now)
    assert watermark.watermark_us(0, now) == T + 5 * S


def test_held_again_after_every_assignment() -> None:
    """A partition that stayed has missed what others read meanwhile."""
    watermark = opened()
    watermark.revoke()
    assert watermark.watermark_us(0, T) is None
    watermark.assign(2, {0: {"in": 8}}, T)
    assert watermark.watermark_us(0, T) is None


def test_reports_travel_in_ticks() -> None:
    """What one worker encodes the other decodes; what is no tick is skipped."""
    report = Report(7, 2, T, True)
    value = ticks.encode("w1", 7, T, {3: report})
    records = [Record(0, 0, None, None), Record(1, 0, None, b"{"), Record(2, 0, None, value)]
    (tick,), _ = ticks.decode(records)
    assert (tick.worker, list(tick.reports())) == ("w1", [(3, report)])
