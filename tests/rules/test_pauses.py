"""Clocks that stand still: each boundary on both sides, and against a walk minute by minute."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.facts.times import HOUR, MINUTE
from streams.judge.exemptions import held
from streams.rules.episodes import Clock, Limit, judge_clock
from streams.rules.pauses import Exemption, overlapping, reached

LIMIT = Limit(24 * HOUR)
OPENS = 18 * HOUR
START = 1_000 * HOUR


def clock(ended_at: int | None = None, limit: Limit = LIMIT, after: Limit | None = None) -> Clock:
    """A clock of 24 h that started at START; its lead is 6 h."""
    return Clock("rule", "violation", START, limit, ended_at, (), after)


def row(*pauses: tuple[int, int], name: str = "row", **narrowed: frozenset[object]) -> Exemption:
    """An exemption with its pauses in µs after START."""
    times = tuple((START + start, START + end) for start, end in pauses)
    return Exemption(name, times, **narrowed)  # type: ignore[arg-type]
    # The narrowed sets are of numbers or of text, which one annotation cannot say.


def opens_and_ends(*rows: Exemption, limit: Limit = LIMIT) -> tuple[int, int | None]:
    """When the clock opens and when its deadline is, in µs after START."""
    paused = held(clock(limit=limit), rows, frozenset((44,)), ("zto",))
    verdict = judge_clock(paused, START + 10_000 * HOUR)
    assert verdict.deadline is not None
    return verdict.opened_at - START, verdict.deadline - START


@pytest.mark.parametrize(
    ("pause", "opens", "deadline"),
    [
        pytest.param((-2 * HOUR, 0), 0, 0, id="over as it starts"),
        pytest.param((-2 * HOUR, 1), 1, 1, id="over 1 µs later"),
        pytest.param((0, HOUR), HOUR, HOUR, id="from the start"),
        pytest.param((-HOUR, HOUR), HOUR, HOUR, id="started in it"),
        pytest.param((OPENS - 1, OPENS + HOUR), HOUR + 1, HOUR + 1, id="1 µs before it opens"),
        pytest.param((OPENS, OPENS + HOUR), 0, HOUR, id="as it opens"),
        pytest.param((24 * HOUR - 1, 25 * HOUR), 0, HOUR + 1, id="1 µs before the deadline"),
        pytest.param((24 * HOUR, 25 * HOUR), 0, 0, id="from the deadline on"),
        pytest.param((30 * HOUR, 40 * HOUR), 0, 0, id="after it"),
    ],
)
def test_a_pause_moves_what_is_still_to_come(
    pause: tuple[int, int], opens: int, deadline: int
) -> None:
    """The opening and the deadline each move by the part of the pause that lies before them."""
    assert opens_and_ends(row(pause)) == (OPENS + opens, 24 * HOUR + deadline)


def test_a_pause_can_bring_another_one_before_the_deadline() -> None:
    """A clock that is held into the next pause stands still in that, too."""
    first, second = (20 * HOUR, 30 * HOUR), (33 * HOUR, 43 * HOUR)
    assert opens_and_ends(row(first, second)) == (OPENS, 44 * HOUR)
    assert opens_and_ends(row(first, (34 * HOUR, 44 * HOUR))) == (OPENS, 34 * HOUR)


def test_rows_that_overlap_hold_once() -> None:
    """Two rows for the same hours do not count twice, and both are named."""
    rows = (
        row((2 * HOUR, 6 * HOUR), name="b"),
        row((4 * HOUR, 8 * HOUR), name="a"),
        row((5 * HOUR, 6 * HOUR), name="c"),
        row((30 * HOUR, 31 * HOUR), name="too late"),
    )
    assert opens_and_ends(*rows) == (OPENS + 6 * HOUR, 30 * HOUR)
    paused = held(clock(), rows, (), ())
    assert paused.exemptions == ("a", "b", "c")
    assert paused.pauses == ((START + 2 * HOUR, START + 8 * HOUR),)


def test_states_follow_the_moved_moments() -> None:
    """No warning before the moved opening; late only after the moved deadline, on both sides."""
    paused = held(clock(), (row((HOUR, 3 * HOUR)),), (), ())
    assert judge_clock(paused, START + 20 * HOUR - 1).state is None
    assert judge_clock(paused, START + 20 * HOUR - 1).next_change == START + 20 * HOUR
    assert judge_clock(paused, START + 20 * HOUR).state == "open"
    assert judge_clock(paused, START + 26 * HOUR).state == "open"
    assert judge_clock(paused, START + 26 * HOUR).next_change == START + 26 * HOUR + 1
    assert judge_clock(paused, START + 26 * HOUR + 1).state == "breached"


def test_ge_breaches_as_the_running_time_reaches_the_limit() -> None:
    """The comparator of the limit holds for running time as for time."""
    paused = held(clock(limit=Limit(24 * HOUR, at_least=True)), (row((HOUR, 3 * HOUR)),), (), ())
    assert judge_clock(paused, START + 26 * HOUR - 1).state == "open"
    assert judge_clock(paused, START + 26 * HOUR).state == "breached"


@pytest.mark.parametrize(
    ("end", "state", "breached"),
    [
        (20 * HOUR, None, None),
        (20 * HOUR + 1, "resolved", None),
        (26 * HOUR, "resolved", None),
        (26 * HOUR + 1, "resolved", START + 26 * HOUR),
    ],
)
def test_ends_are_compared_with_the_moved_moments(
    end: int, state: str | None, breached: int | None
) -> None:
    """An end at the moved opening leaves no warning; one after the moved deadline was too late."""
    paused = held(clock(START + end), (row((HOUR, 3 * HOUR)),), (), ())
    verdict = judge_clock(paused, START + 100 * HOUR)
    assert (verdict.state, verdict.breached_at) == (state, breached)


def test_serious_opens_when_the_moved_violation_breaches() -> None:
    """Both stages of a clock are held alike, by pauses up to the longer of the two limits."""
    serious = clock(limit=Limit(48 * HOUR), after=LIMIT)
    paused = held(serious, (row((HOUR, 3 * HOUR), (40 * HOUR, 41 * HOUR)),), (), ())
    verdict = judge_clock(paused, START + 100 * HOUR)
    assert (verdict.opened_at, verdict.deadline) == (START + 26 * HOUR, START + 51 * HOUR)
    assert judge_clock(paused, START + 26 * HOUR).state is None


def test_a_serious_limit_below_the_violation_is_held_too() -> None:
    """The longer limit decides how far pauses are looked for."""
    odd = clock(limit=Limit(12 * HOUR), after=LIMIT)
    paused = held(odd, (row((20 * HOUR, 30 * HOUR)),), (), ())
    assert judge_clock(paused, START + 100 * HOUR).opened_at == START + 34 * HOUR


@pytest.mark.parametrize(
    ("narrowed", "holds"),
    [
        ({}, True),
        ({"rules": frozenset(("rule",))}, True),
        ({"rules": frozenset(("other",))}, False),
        ({"regions": frozenset((44, 65))}, True),
        ({"regions": frozenset((65,))}, False),
        ({"carriers": frozenset(("zto",))}, True),
        ({"carriers": frozenset(("sf",))}, False),
        ({"carriers": frozenset(("zto",)), "regions": frozenset((65,))}, False),
    ],
)
def test_a_row_holds_what_it_names(narrowed: dict[str, frozenset[object]], holds: bool) -> None:
    """Rule, one of the regions and one of the carriers must be named, where any is."""
    paused = held(clock(), (row((HOUR, 3 * HOUR), **narrowed),), frozenset((33, 44)), ("zto",))
    assert bool(paused.pauses) == holds
    assert paused.exemptions == (("row",) if holds else ())


def test_an_unknown_province_is_in_no_region() -> None:
    """What is not known is not exempt: nobody would learn of it."""
    exempt = row((HOUR, 3 * HOUR), regions=frozenset((65,)))
    assert held(clock(), (exempt,), frozenset(), ("zto",)) == clock()


def test_a_promise_of_the_order_is_held_only_where_the_row_says_so() -> None:
    """Business days are in such a promise already; a force majeure is not."""
    business_days = row((HOUR, 3 * HOUR))._replace(promises=False)
    assert held(clock(), (business_days,), (), (), START + 24 * HOUR) == clock()
    assert held(clock(), (business_days,), (), (), START + 30 * HOUR).pauses
    assert held(clock(), (business_days,), (), (), None).pauses
    assert held(clock(), (row((HOUR, 3 * HOUR)),), (), (), START + 24 * HOUR).pauses


def test_without_a_row_it_is_the_same_clock() -> None:
    """Not a copy: no exemption costs nothing."""
    plain = clock()
    assert held(plain, (), (), ()) is plain
    assert held(plain, (row((100 * HOUR, 101 * HOUR)),), (), ()) is plain


# ---- against a walk minute by minute

minutes = st.integers(min_value=-200, max_value=400)
pauses = st.lists(st.tuples(minutes, st.integers(min_value=1, max_value=60)), max_size=6)


def rows_of(drawn: list[list[tuple[int, int]]]) -> list[Exemption]:
    """Rows with disjoint pauses in order, of (minute, length in minutes)."""
    rows = []
    for number, times in enumerate(drawn):
        free = -1_000
        kept = []
        for start, length in sorted(times):
            if start >= free:
                kept.append((start * MINUTE, (start + length) * MINUTE))
                free = start + length
        rows.append(row(*kept, name=str(number)))
    return rows


def walk(rows: list[Exemption], length: int) -> tuple[int, set[str]]:
    """The first minute at which so many have run, and the rows in whose pauses one did not."""
    minute = ran = 0
    names: set[str] = set()
    while ran < length:
        at = START + minute * MINUTE
        still = {r.name for r in rows if any(a <= at < b for a, b in r.pauses)}
        names |= still
        ran += not still
        minute += 1
    return minute, names


@given(st.lists(pauses, max_size=3), st.integers(min_value=1, max_value=300))
def test_it_agrees_with_a_walk_minute_by_minute(
    drawn: list[list[tuple[int, int]]], length: int
) -> None:
    """Deadline and names, whatever rows there are and however they overlap."""
    rows = rows_of(drawn)
    joined, names = overlapping(rows, START, length * MINUTE)
    moment, walked = walk(rows, length)
    assert reached(START, length * MINUTE, joined) == START + moment * MINUTE
    assert set(names) == walked
    assert all(a[1] < b[0] for a, b in pairwise(joined))
    # Shorter lengths, as that of the opening, are reached by the same pauses.
    for shorter in (1, length // 2 or 1, length):
        assert reached(START, shorter * MINUTE, joined) == START + walk(rows, shorter)[0] * MINUTE
