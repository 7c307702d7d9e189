"""Clocks and checks: a verdict holds until `next_change` says, and changes exactly there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.facts.times import DAY, HOUR
from streams.rules.episodes import (
    LONGEST_LEAD,
    Check,
    Clock,
    Limit,
    Verdict,
    judge_check,
    judge_clock,
)

START = 1_795_000_000_000_000
FAR = START + 1_000 * DAY

lengths = st.one_of(
    st.integers(1, 20), st.integers(1, 100 * HOUR), st.sampled_from([24 * HOUR, 72 * HOUR])
)
limits = st.builds(Limit, lengths, st.booleans())


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    """Clocks of both stages; ends lie anywhere, often on or beside what matters."""
    limit = draw(limits)
    after = draw(st.none() | limits)
    marks = [
        START,
        START + limit.length,
        START + limit.length - min(limit.length // 4, LONGEST_LEAD),
    ]
    if after is not None:
        marks.append(START + after.length)
    near = st.builds(int.__add__, st.sampled_from(marks), st.integers(-2, 2))
    end = draw(st.none() | near | st.integers(START - DAY, START + 200 * HOUR))
    return Clock("rule", "violation", START, limit, end, (), after)


def content(verdict: Verdict) -> tuple[object, ...]:
    """All of a verdict but when it changes."""
    return verdict[:-1]


def changes(clock: Clock) -> list[int]:
    """All moments at which time alone changes the verdict of a clock, from long before it on."""
    found = []
    now = START - 1_000 * DAY
    while (then := judge_clock(clock, now).next_change) is not None:
        assert then > now
        found.append(then)
        now = then
        assert len(found) < 10
    return found


@given(clocks(), st.lists(st.integers(START - DAY, START + 400 * HOUR), max_size=20))
def test_the_law_of_time(clock: Clock, moments: list[int]) -> None:
    """Constant for every t < next_change, different at it, and constant for ever after None."""
    marks = [START - 1_000 * DAY, *changes(clock)]
    for begin, end in zip(marks, [*marks[1:], None], strict=True):
        here = judge_clock(clock, begin)
        assert here.next_change == end
        inside = [t for t in moments if begin <= t and (end is None or t < end)]
        for moment in [*inside, FAR if end is None else end - 1]:
            assert judge_clock(clock, moment) == here
        if end is not None:
            assert content(judge_clock(clock, end)) != content(here)


@given(clocks(), st.integers(START - DAY, START + 400 * HOUR))
def test_a_clock_is_judged_as_it_is_written(clock: Clock, now: int) -> None:
    """The verdict of the written rule, said again without any of the code's words."""
    limit, end, after = clock.limit, clock.ended_at, clock.after
    deadline = START + limit.length

    def too_late(moment: int, line: int, which: Limit) -> bool:
        return moment > line or (which.at_least and moment == line)

    if after is None:
        opened = deadline - min(limit.length // 4, 12 * HOUR)
        exists = now >= opened and not (end is not None and end <= opened)
    else:
        opened = START + after.length
        breached = now >= opened if end is not None else too_late(now, opened, after)
        exists = breached and not (end is not None and end <= opened)
    verdict = judge_clock(clock, now)
    if not exists:
        assert verdict.state is None
    elif end is not None:
        late = deadline if too_late(end, deadline, limit) else None
        assert content(verdict) == ("resolved", opened, deadline, late, end)
    elif too_late(now, deadline, limit):
        assert content(verdict) == ("breached", opened, deadline, deadline, None)
    else:
        assert content(verdict) == ("open", opened, deadline, None, None)


def test_breached_at_is_said_when_it_must_be() -> None:
    """`gt` and `ge` differ at one moment only."""
    for at_least, at in ((False, 1), (True, 0)):
        limit = Limit(10, at_least)
        assert limit.breach_moment(100) == 100 + at
        assert limit.too_late(100, 100) is at_least
        assert limit.too_late(101, 100)
        assert not limit.too_late(99, 100)


@given(st.integers(START, START + DAY), st.none() | st.integers(START - DAY, START + 2 * DAY))
def test_a_check_holds_until_its_end(holds: int, end: int | None) -> None:
    """Open, resolved at its end, or none where it ends at or before it begins; never changing."""
    verdict = judge_check(Check("rule", "violation", "critical", holds, holds, end, ()))
    assert verdict.next_change is None
    if end is None:
        assert content(verdict) == ("open", holds, None, None, None)
    elif end <= holds:
        assert verdict.state is None
    else:
        assert content(verdict) == ("resolved", holds, None, None, end)
