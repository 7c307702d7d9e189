"""The gate: deadlines fire only up to a time of which everything has been read."""

from __future__ import annotations

import logging

import pytest

from streams.engine.kafka.types import Record
from streams.engine.worker import ticks
from streams.engine.worker.watermark import Gate, Input, Report
from streams.telemetry.events import Event

S = 1_000_000
T = 1_000 * S
"""Now, when the partitions are assigned."""


def reading(
    durable: int, end: int | None, *, at: int = T, last: int = 0, processed: int | None = None
) -> Input:
    """The input `in`, read up to `durable`, whose log ended at `end` when last heard of."""
    return Input("in", durable if processed is None else processed, durable, end, at, last)


def go_through_rounds(gate: Gate, partition: int, rounds: int, now: int = T) -> None:
    """Let one partition, with nothing to read, do its rounds."""
    for _ in range(rounds):
        for number in gate.need_targets(now):
            gate.begin_round(number, {"in": 0})
        assert gate.observe(partition, [reading(0, 0, at=now)], now)


def opened(rounds: int = 2) -> Gate:
    """The gate of a worker that owns the application's only partition."""
    gate = Gate(1, rounds=rounds)
    gate.assign(1, {0: {"in": 0}}, T)
    go_through_rounds(gate, 0, rounds)
    return gate


def test_held_until_what_lay_there_at_assignment_is_durable() -> None:
    """Neither fetched nor processed is enough: the effects must have reached the others' inputs."""
    gate = Gate(1, rounds=1)
    gate.assign(1, {0: {"in": 100}}, T)
    assert not gate.observe(0, [reading(99, 100, processed=100)], T)
    assert gate.gate_us(0, T) is None
    assert gate.observe(0, [reading(100, 100)], T)
    gate.observe(0, [reading(100, 100)], T)
    assert gate.gate_us(0, T) == T


def test_every_input_counts() -> None:
    """One internal topic with a record left holds the partition."""
    gate = Gate(1, rounds=1)
    gate.assign(1, {0: {"in": 5, "hop": 3}}, T)
    hop = Input("hop", 2, 2, 3, T, 0)
    assert not gate.observe(0, [reading(5, 5), hop], T)
    assert gate.observe(0, [reading(5, 5), hop._replace(durable=3)], T)


def test_a_gate_that_opens_has_its_time_at_once() -> None:
    """Between the last round and the next look at a partition nobody may read the time 0."""
    gate = Gate(2, rounds=1)
    gate.assign(1, {0: {"in": 0}, 1: {"in": 0}}, T)
    assert gate.observe(0, [reading(0, 0)], T)
    assert gate.observe(1, [reading(0, 0)], T)
    assert gate.report(1, T).gate_us == T
    assert gate.gate_us(0, T) == gate.gate_us(1, T) == T


def test_a_round_begins_when_all_partitions_have_done_the_one_before() -> None:
    """What a partition caused elsewhere must be read before deadlines fire there."""
    gate = Gate(2, rounds=2)
    gate.assign(7, {0: {"in": 0}}, T)
    assert gate.observe(0, [reading(0, 0)], T)
    assert gate.need_targets(T) == []
    gate.hear(1, Report(7, 1, 0, False), T)
    assert gate.need_targets(T) == [0]
    gate.begin_round(0, {"in": 4})
    assert not gate.observe(0, [reading(3, 4)], T)
    assert gate.observe(0, [reading(4, 4)], T)
    gate.observe(0, [reading(4, 4)], T)
    assert gate.gate_us(0, T) is None, "the other one has not done its second round"
    gate.hear(1, Report(7, 2, T, False), T)
    assert gate.gate_us(0, T) == T


def test_words_of_a_former_generation_do_not_open() -> None:
    """They were spoken before the partitions were given out anew."""
    gate = Gate(2, rounds=1)
    gate.assign(7, {0: {"in": 0}}, T)
    gate.observe(0, [reading(0, 0)], T)
    gate.hear(1, Report(6, 1, T, False), T)
    gate.observe(0, [reading(0, 0)], T)
    assert gate.gate_us(0, T) is None


def test_a_silent_partition_holds_for_so_long_only(caplog: pytest.LogCaptureFixture) -> None:
    """After `patience` the others go on without it, and say so once."""
    gate = Gate(2, rounds=1, patience_us=60 * S)
    gate.assign(7, {0: {"in": 0}}, T)
    gate.observe(0, [reading(0, 0)], T)
    later = T + 60 * S
    gate.observe(0, [reading(0, 0, at=later)], later)
    assert gate.gate_us(0, later) is None
    later += 1
    assert gate.gate_us(0, later) is not None
    assert gate.gate_us(0, later) is not None
    assert len([r for r in caplog.records if "nothing was heard of partition 1" in r.message]) == 1


def test_what_the_log_says_of_a_gate(caplog: pytest.LogCaptureFixture) -> None:
    """Once each: a partition is not heard of, this one opens, that one is heard of again."""
    caplog.set_level(logging.INFO)
    gate = Gate(2, rounds=1, patience_us=60 * S)
    gate.assign(7, {0: {"in": 0}}, T)
    gate.observe(0, [reading(0, 0)], T)
    later = T + 61 * S
    gate.observe(0, [reading(0, 0, at=later)], later)
    for _ in range(2):
        assert gate.gate_us(0, later) is not None
    for _ in range(2):
        gate.hear(1, Report(7, 1, later, False), later + S)
    assert [(r.args.name, r.args) for r in caplog.records if isinstance(r.args, Event)] == [
        ("partition_unheard", {"partition": 1, "seconds": 60}),
        ("gate_opened", {"partition": 0, "rounds": 1, "seconds": 61.0}),
        ("partition_heard", {"partition": 1, "seconds": 62}),
    ]


def test_wall_clock_while_the_inputs_are_read_to_their_ends() -> None:
    """As of the broker's last answer: what came after that is not known to be absent."""
    gate = opened()
    now = T + 10 * S
    gate.observe(0, [reading(50, 50, at=now - 200_000, last=T)], now)
    assert gate.gate_us(0, now) == now - 200_000


def test_else_the_time_of_the_last_record_of_the_input_furthest_behind() -> None:
    """An input that is read to its end does not hurry one that is not."""
    gate = opened()
    now = T + 100 * S
    behind = Input("hop", 10, 10, 1_000, now, T + 30 * S)
    gate.observe(0, [reading(50, 50, at=now), behind], now)
    assert gate.gate_us(0, now) == T + 30 * S


def test_an_input_that_was_at_its_end_is_known_up_to_that_time() -> None:
    """Old records by a producer that sets old timestamps do not hold deadlines for years."""
    gate = opened()
    gate.observe(0, [reading(50, 50, at=T + 10 * S)], T + 10 * S)
    now = T + 20 * S
    gate.observe(0, [reading(55, 80, at=now, last=3 * S)], now)
    assert gate.gate_us(0, now) == T + 10 * S


def test_records_from_the_future_do_not_open_the_future() -> None:
    """A producer with a wrong clock."""
    gate = opened()
    now = T + S
    gate.observe(0, [reading(5, 80, at=now, last=T + 900 * S)], now)
    assert gate.gate_us(0, now) == now


def test_never_backwards() -> None:
    """A clock that is set back, or a peer that falls behind, changes nothing that was."""
    gate = Gate(2, rounds=1)
    gate.assign(7, {0: {"in": 0}}, T)
    gate.observe(0, [reading(0, 0)], T)
    now = T + 50 * S
    gate.hear(1, Report(7, 1, now, False), now)
    gate.observe(0, [reading(0, 0, at=now)], now)
    assert gate.gate_us(0, now) == now
    gate.hear(1, Report(7, 1, T, True), now)
    assert gate.gate_us(0, now) == now
    gate.observe(0, [reading(0, 0, at=T)], T)
    assert gate.gate_us(0, T) == now


def test_a_partition_elsewhere_that_is_behind_holds_this_one() -> None:
    """Its facts for this partition are still to come."""
    gate = Gate(2, rounds=1)
    gate.assign(7, {0: {"in": 0}}, T)
    gate.observe(0, [reading(0, 0)], T)
    gate.hear(1, Report(7, 1, T + S, True), T)
    now = T + 50 * S
    gate.observe(0, [reading(0, 0, at=now)], now)
    assert gate.gate_us(0, now) == T + S
    gate.hear(1, Report(7, 1, now, False), now)
    assert gate.gate_us(0, now) == now


def test_so_does_one_that_fell_silent_until_patience_ends() -> None:
    """Its worker may have died with records unread, and its partitions are nobody's yet."""
    gate = Gate(2, rounds=1, patience_us=60 * S)
    gate.assign(7, {0: {"in": 0}}, T)
    gate.observe(0, [reading(0, 0)], T)
    gate.hear(1, Report(7, 1, T + S, False), T + S)
    for seconds, expected in ((4, 4), (5, 4), (61, 4), (62, 62)):
        now = T + seconds * S
        gate.observe(0, [reading(0, 0, at=now)], now)
        assert gate.gate_us(0, now) == T + expected * S


def test_one_that_starts_again_holds_the_others() -> None:
    """A worker with a fixed name comes back in the same generation, with a backlog to read."""
    gate = Gate(2, rounds=2)
    gate.assign(7, {0: {"in": 0}}, T)
    gate.hear(1, Report(7, 2, T, False), T)
    go_through_rounds(gate, 0, 2)
    gate.observe(0, [reading(0, 0)], T)
    assert gate.gate_us(0, T) == T
    gate.hear(1, Report(7, 0, 0, False), T + S)
    assert gate.gate_us(0, T + S) is None


def test_so_does_another_partition_of_the_same_worker() -> None:
    """Workers do not hear themselves; they know."""
    gate = Gate(2, rounds=1)
    gate.assign(7, {0: {"in": 0}, 1: {"in": 0}}, T)
    for number in (0, 1):
        gate.observe(number, [reading(0, 0)], T)
    now = T + 50 * S
    gate.observe(0, [reading(0, 0, at=now)], now)
    gate.observe(1, [reading(10, 99, at=now, last=T + 5 * S)], now)
    assert gate.gate_us(0, now) == T + 5 * S


def test_held_again_after_every_assignment() -> None:
    """A partition that stayed has missed what others read meanwhile."""
    gate = opened()
    gate.revoke()
    assert gate.gate_us(0, T) is None
    gate.assign(2, {0: {"in": 8}}, T)
    assert gate.gate_us(0, T) is None


def test_reports_travel_in_ticks() -> None:
    """What one worker encodes the other decodes; what is no tick is skipped."""
    report = Report(7, 2, T, True)
    value = ticks.encode("w1", 7, T, {3: report})
    records = [Record(0, 0, None, None), Record(1, 0, None, b"{"), Record(2, 0, None, value)]
    (tick,) = ticks.decode(records)
    assert (tick.worker, list(tick.reports())) == ("w1", [(3, report)])
