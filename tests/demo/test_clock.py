"""The simulated clock: stands, runs, runs slowly, stops."""

from __future__ import annotations

import math

import pytest

from streams.demo.clock import RUNS_ON, SimulatedClock
from streams.demo.history import ENDS_AT, differences, load, replayed
from streams.demo.levels import with_levels
from streams.profiles.loader import load as load_profiles

SECOND = 1_000_000


class Wall:
    """Real time, moved by the test."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def clock(wall: Wall) -> SimulatedClock:
    """From 0 to 1000 s, a hundred times as fast as the wall."""
    return SimulatedClock(0, 1000 * SECOND, 100, wall)


def test_it_stands_until_started() -> None:
    """The worker may take its time to get ready."""
    wall = Wall()
    one = clock(wall)
    wall.now += 60
    assert one.now_us() == 0
    assert one.seconds_until(SECOND) == math.inf


def test_it_runs_at_its_speed() -> None:
    """Two real seconds are two hundred."""
    wall = Wall()
    one = clock(wall)
    one.start()
    wall.now += 2
    assert one.now_us() == 200 * SECOND
    assert one.seconds_until(300 * SECOND) == pytest.approx(1)
    assert one.seconds_until(100 * SECOND) == 0


def test_starting_twice_changes_nothing() -> None:
    """The second start is harmless."""
    wall = Wall()
    one = clock(wall)
    one.start()
    wall.now += 2
    one.start()
    assert one.now_us() == 200 * SECOND


def test_it_stops_a_minute_after_the_end() -> None:
    """What waits a moment is published, and what is compared is compared as of one moment."""
    wall = Wall()
    one = clock(wall)
    one.start()
    wall.now += 9.5
    assert not one.finished
    wall.now += 2
    assert one.finished
    assert one.now_us() == pytest.approx(1001.5 * SECOND, abs=2)
    wall.now += 100
    assert one.now_us() == 1060 * SECOND


def test_nothing_falls_due_in_that_minute() -> None:
    """Else the worker could differ from a replay that ends with the history."""
    entries, profiles = with_levels(load()), load_profiles()
    at_the_end = replayed(entries, profiles)
    assert differences(replayed(entries, profiles, ENDS_AT + RUNS_ON), at_the_end) == []
