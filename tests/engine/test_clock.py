"""What time it is: a clock that jumps is doubted, and the time goes on without it."""

from __future__ import annotations

import logging

import pytest

from streams.engine.worker.clock import Clock
from streams.telemetry.events import Event

S = 1_000_000
MINUTE = 60 * S
DAY = 24 * 60 * MINUTE
NOON = 1_795_953_600 * S
TOLERANCE = 5 * MINUTE
PATIENCE = 5 * MINUTE


class Machine:
    """A machine with a clock that is set by hand, brokers and other workers; time passes by hand.

    `wrong` is how far the machine's clock is off, `brokers` how far each broker's is, None: they
    say nothing. `stood_still` is how long its steady clock did not run, as while a virtual machine
    is paused.
    """

    def __init__(self, wrong: int = 0, brokers: tuple[int, ...] | None = (0,)) -> None:
        self.true = NOON
        self.wrong = wrong
        self.stood_still = 0
        self.brokers = brokers
        self.workers: dict[str, int] = {}
        self.inputs: list[int] = []
        self.clock = Clock(
            TOLERANCE,
            patience_us=PATIENCE,
            wall=lambda: self.true + self.wrong,
            steady=lambda: self.true - NOON - self.stood_still,
        )

    def tick(self) -> None:
        """One tick: ours is sent and read back, others are read, the clock is looked at."""
        asked = self.clock.ask_brokers()
        for partition, off in enumerate(self.brokers or ()):
            asked(partition, (self.true + off) // 1_000)
        self.clock.hear_own(self.clock.now_us())
        for worker, off in self.workers.items():
            self.clock.hear_worker(worker, self.true + off)
        self.clock.hear_inputs(self.true + off for off in self.inputs)
        self.clock.now_us()

    def live(self, us: int) -> None:
        """Time passes, with a tick every five seconds."""
        for _ in range(us // (5 * S)):
            self.true += 5 * S
            self.tick()

    @property
    def off(self) -> int:
        """How far what is believed differs from the truth."""
        return self.clock.now_us() - self.true


WITNESSES = [
    pytest.param((0,), id="brokers"),
    pytest.param(None, id="nobody"),
]


@pytest.mark.parametrize("brokers", WITNESSES)
@pytest.mark.parametrize("jump", [DAY, -DAY, 100 * DAY, 6 * MINUTE, -6 * MINUTE])
def test_a_jump_is_doubted_at_once_and_the_time_goes_on(
    brokers: tuple[int, ...] | None, jump: int
) -> None:
    """However long it lasts, whoever bears witness; believed again when it is over."""
    machine = Machine(brokers=brokers)
    machine.live(MINUTE)
    machine.wrong = jump
    assert machine.off == 0, "the very first look"
    assert machine.clock.doubted
    machine.live(60 * MINUTE)
    assert machine.clock.doubted
    assert machine.off == 0
    machine.wrong = 0
    assert machine.off == 0
    assert not machine.clock.doubted


@pytest.mark.parametrize("brokers", WITNESSES)
def test_a_slewed_clock_is_followed(brokers: tuple[int, ...] | None) -> None:
    """As NTP corrects it, by 500 millionths: minutes in the end, and never a step."""
    machine = Machine(wrong=-4 * MINUTE, brokers=brokers)
    machine.tick()
    while machine.wrong < 0:
        machine.true += 60 * MINUTE
        machine.wrong += 60 * MINUTE // 2_000
        machine.tick()
        assert not machine.clock.doubted
        assert machine.off == machine.wrong


@pytest.mark.parametrize("brokers", WITNESSES)
def test_a_machine_that_slept_is_not_doubted(brokers: tuple[int, ...] | None) -> None:
    """The steady clock counts suspended time; what was said before is old."""
    machine = Machine(brokers=brokers)
    machine.live(MINUTE)
    before = machine.clock.ask_brokers()
    appended = machine.true // 1_000
    machine.true += 3 * DAY
    before(0, appended)  # the broker's answer lay there while we slept
    assert machine.off == 0
    assert not machine.clock.doubted
    machine.live(MINUTE)
    assert not machine.clock.doubted


def test_a_virtual_machine_that_was_paused() -> None:
    """Its steady clock stood still, and its own is set afterwards: brokers and it agree for a
    while, then they are believed. Until then it is late, not early."""
    machine = Machine()
    machine.live(MINUTE)
    machine.true += DAY
    machine.stood_still = DAY
    machine.tick()
    assert machine.clock.doubted
    assert machine.off == -DAY
    machine.live(PATIENCE - 10 * S)
    assert machine.clock.doubted
    machine.live(20 * S)
    assert not machine.clock.doubted
    assert machine.off == 0


@pytest.mark.parametrize("wrong", [DAY, -DAY, 100 * DAY])
def test_a_worker_that_starts_with_a_wrong_clock_takes_the_brokers_time(wrong: int) -> None:
    """Held from the first tick on, until somebody sets its clock right."""
    machine = Machine(wrong=wrong)
    machine.tick()
    assert machine.clock.doubted
    assert machine.off == 0
    machine.live(60 * MINUTE)
    assert machine.clock.doubted
    assert machine.off == 0
    machine.wrong = 0
    machine.tick()
    assert not machine.clock.doubted


def test_one_broker_of_three_with_a_wrong_clock_changes_nothing() -> None:
    machine = Machine(brokers=(0, DAY, S))
    machine.live(MINUTE)
    machine.brokers = (0, -DAY, S)
    machine.live(MINUTE)
    assert machine.clock.doubts == 0


def test_brokers_that_jump_hold_deadlines_and_set_no_time() -> None:
    """Nobody can say who is right, but our own time has passed as it should."""
    machine = Machine()
    machine.live(MINUTE)
    machine.brokers = (DAY,)
    machine.live(60 * MINUTE)
    assert machine.clock.doubted
    assert machine.off == 0
    machine.brokers = (0,)
    machine.tick()
    assert not machine.clock.doubted


def test_machine_and_brokers_that_jump_together_for_a_while() -> None:
    """All on one machine, say: that they agree is not enough."""
    machine = Machine()
    machine.live(MINUTE)
    machine.wrong, machine.brokers = DAY, (DAY,)
    machine.live(PATIENCE - 10 * S)
    assert machine.clock.doubted
    assert machine.off == 0
    machine.wrong, machine.brokers = 0, (0,)
    machine.tick()
    assert not machine.clock.doubted
    machine.wrong, machine.brokers = DAY, (DAY,)
    machine.live(PATIENCE - 10 * S)
    assert machine.clock.doubted, "patience begins anew"


def test_brokers_that_fall_silent_let_the_steady_clock_judge() -> None:
    machine = Machine()
    machine.live(MINUTE)
    machine.brokers = None
    machine.live(5 * MINUTE)
    assert not machine.clock.doubted
    machine.wrong = DAY
    machine.live(5 * MINUTE)
    assert machine.clock.doubted
    assert machine.off == 0


# ---- where brokers do not date the ticks


def test_one_worker_of_three_that_starts_with_a_wrong_clock() -> None:
    """The two others are right, and stay undisturbed."""
    wrong = Machine(wrong=DAY, brokers=None)
    wrong.workers = {"a": 0, "b": 0}
    right = Machine(brokers=None)
    right.workers = {"wrong": DAY, "b": 0}
    wrong.live(MINUTE)
    right.live(MINUTE)
    assert wrong.clock.doubted
    assert wrong.off == 0
    assert right.clock.doubts == 0


def test_of_two_workers_the_one_that_is_ahead_waits() -> None:
    ahead, behind = Machine(wrong=DAY, brokers=None), Machine(brokers=None)
    ahead.workers, behind.workers = {"behind": 0}, {"ahead": DAY}
    ahead.live(MINUTE)
    behind.live(MINUTE)
    assert ahead.clock.doubted
    assert not behind.clock.doubted


def test_ticks_that_are_read_late_say_nothing_wrong() -> None:
    """A worker that lags reads its own ticks as late as those of the others."""
    machine = Machine(brokers=None)
    machine.workers = {"a": 0, "b": 0}
    machine.live(MINUTE)
    sent = machine.clock.now_us()
    machine.true += 30 * MINUTE
    machine.clock.hear_own(sent)
    machine.clock.hear_worker("a", sent + S)
    machine.clock.hear_worker("b", sent - S)
    assert machine.off == 0
    assert not machine.clock.doubted


def test_without_a_witness_a_clock_that_was_set_is_believed_when_inputs_agree() -> None:
    """It had started a day ahead. What is produced since then is near the time that it shows now,
    and not near the one that was believed."""
    machine = Machine(wrong=DAY, brokers=None)
    machine.inputs = [0, -S, -DAY, -40 * DAY]
    machine.live(MINUTE)
    assert not machine.clock.doubted, "nobody can know"
    assert machine.clock.latest_us() == 0
    machine.wrong = 0
    machine.live(PATIENCE - 10 * S)
    assert machine.clock.doubted
    machine.live(20 * S)
    assert not machine.clock.doubted
    assert machine.off == 0


def test_a_producer_with_a_wrong_clock_trips_nothing() -> None:
    machine = Machine(brokers=None)
    machine.inputs = [DAY, 0, -DAY]
    machine.live(10 * MINUTE)
    assert machine.clock.doubts == 0
    machine.wrong = DAY
    machine.live(10 * MINUTE)
    assert machine.clock.doubted, "and one is no witness for ours where others are against it"


# ---- what else is asked


def test_what_may_be_later_than_now_is_known_with_a_witness_only() -> None:
    machine = Machine()
    machine.tick()
    assert machine.clock.latest_us() == machine.true + TOLERANCE
    machine.wrong = DAY
    assert machine.clock.latest_us() == 0
    alone = Machine(brokers=None)
    alone.tick()
    assert alone.clock.latest_us() == 0
    alone.inputs = [-S]
    alone.tick()
    assert alone.clock.latest_us() == alone.true + TOLERANCE
    alone.inputs = [-S, DAY]
    alone.tick()
    assert alone.clock.latest_us() == 0, "it may be ours that is behind"


def test_a_simulations_clock_is_believed() -> None:
    shown = [NOON]
    clock = Clock.given(lambda: shown[0])
    clock.ask_brokers()(0, NOON // 1_000)
    for shown[0] in (NOON + 100 * DAY, NOON):
        assert clock.now_us() == shown[0]
        assert clock.problem() is None
        assert clock.latest_us() == 0


def test_what_is_said_of_it(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it begins, one when it ends; the reason names both clocks."""
    caplog.set_level(logging.INFO)
    machine = Machine(brokers=None)
    machine.live(MINUTE)
    machine.wrong = DAY
    machine.tick()
    machine.live(MINUTE)
    because = "the machine's clock is 86400 s ahead of the time that has passed"
    assert machine.clock.problem() == f"{because}: deadlines are held"
    machine.brokers = (S,)
    machine.tick()
    assert "86399 s ahead of the brokers'" in str(machine.clock.problem())
    machine.wrong = 0
    machine.tick()
    assert machine.clock.problem() is None
    begins, ends = caplog.records
    assert because in begins.getMessage()
    assert (begins.levelname, ends.levelname) == ("ERROR", "WARNING")
    assert isinstance(begins.args, Event)
    assert begins.args.name == "clock_doubted"
    assert begins.args["shown"] == "2026-11-30T12:01:00+00:00"
    assert begins.args["believed"] == "2026-11-29T12:01:00+00:00"
    assert isinstance(ends.args, Event)
    assert ends.args == {"shown": "2026-11-29T12:02:00+00:00", "seconds": 60.0}
    assert machine.clock.doubts == 1


def test_a_clock_beyond_all_calendars_can_be_said(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    machine.tick()
    machine.wrong = 9_000 * 365 * DAY
    machine.tick()
    assert machine.clock.doubted
    assert "s after 1970" in caplog.text
