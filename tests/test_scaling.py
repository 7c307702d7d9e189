"""docs/scaling.md: its tables are what the program makes, of figures that were measured."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks import scaling

README = (scaling.ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_program_makes() -> None:
    """`python -m benchmarks.scaling --write` renews it."""
    text = scaling.PAGE.read_text(encoding="utf-8")
    assert scaling.page(text) == text


@pytest.mark.parametrize("figure", scaling.MEASURED, ids=lambda figure: figure.quote[:30])
def test_each_constant_is_one_that_was_measured(figure: scaling.Measured) -> None:
    """The README of the benchmarks still has the words that it is from."""
    assert figure.quote in README


def test_ten_times_the_load_is_ten_times_the_money() -> None:
    """But for what is rounded up."""
    small, great = scaling.sized(100_000), scaling.sized(1_000_000)
    for name in ("states", "store_tb", "broker_tb", "written_mb_s", "restore_h"):
        assert getattr(great, name) == pytest.approx(10 * getattr(small, name))
    assert great.month == pytest.approx(10 * small.month, rel=0.02)


def test_a_billion_parcels_come_of_their_rate() -> None:
    """And back."""
    assert scaling.sized(scaling.rate_of(1e9)).parcels == pytest.approx(1e9)


@pytest.mark.parametrize(
    ("count", "partitions"), [(1, 4), (5, 6), (9, 12), (13, 16), (73, 120), (2_422, 3_600)]
)
def test_partitions_can_be_shared_evenly(count: int, partitions: int) -> None:
    """At least as many as asked."""
    assert scaling.rounded(count) == partitions


def test_a_hot_shop_is_felt_where_partitions_are_many() -> None:
    """Half of all orders double the work of one partition in fifty, and are nothing in four."""
    few = scaling.spread(4, (0.0, 0.5), random.Random(1))
    many = scaling.spread(48, (0.0, 0.5), random.Random(1))
    assert 1 <= few[0] <= few[1] < 1.2
    assert many[1] == pytest.approx(1 + scaling.METER_SHARE.value * 48 / 2, abs=0.2)


def test_a_placeholder_delays_by_its_chunk_and_stops_nothing() -> None:
    """However often it comes, the others wait for two chunks at most, or so."""
    cost = scaling.PLACEHOLDER_S.value
    waited = {n: scaling.waits(500, n, cost, random.Random(1)) for n in (0, 10, 300)}
    assert waited[0][0] < waited[10][0] < waited[300][0] < 5000 * cost
    assert waited[0][1] == pytest.approx(500 * scaling.EVENT_US.value / 1e6, abs=0.01)
    assert waited[300][1] > 0.9


def test_names_keep_the_others_judging_in_a_deploy() -> None:
    """A partition stands still once, for its own worker."""
    named, unnamed = (scaling.deployed(24, named, random.Random(1)) for named in (True, False))
    assert named.in_all <= named.longest < unnamed.in_all / 10


def test_survivors_that_are_too_few_never_catch_up() -> None:
    """Two thirds of the workers have half as much again to do."""
    size = scaling.sized(100_000)
    assert math.isinf(scaling.lost(size, 17, 0.7, 45.0, random.Random(1)).caught_up)
    enough = scaling.lost(size, 24, 0.5, 45.0, random.Random(1))
    more = scaling.lost(size, 120, 0.1, 45.0, random.Random(1))
    assert more.last < enough.last < enough.caught_up < math.inf
