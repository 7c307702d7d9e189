"""When so much of an input is refused that its reading is stopped, and when it goes on."""

from __future__ import annotations

from streams.engine.worker.refusals import MINUTE, TRIED, Change, Refusals

KEY = ("order-paid", 0)


def test_number_and_share_must_both_be_passed() -> None:
    """At either bound nothing is stopped; one more record than both does it."""
    limit: Refusals[tuple[str, int]] = Refusals(10, 0.5)
    assert limit.accepted(KEY, 10, 10, 0.0) is None
    assert limit.accepted(KEY, 12, 1, 1.0) is None  # 11 of 22: more than 10, not more than half
    assert limit.accepted(KEY, 1, 1, 2.0) is Change.STOP
    assert limit.stopped == [KEY]


def test_few_are_never_too_many() -> None:
    """All of them refused, and yet no more than the number."""
    limit: Refusals[str] = Refusals(10, 0.1)
    assert [limit.accepted("a", 1, 1, float(n)) for n in range(10)] == [None] * 10


def test_what_is_older_than_a_minute_does_not_count() -> None:
    """A minute ago to the instant is gone; a moment later it still counts."""
    for later, change in ((MINUTE, None), (MINUTE - 0.001, Change.STOP)):
        limit: Refusals[str] = Refusals(10, 0.5)
        assert limit.accepted("a", 10, 10, 0.0) is None
        assert limit.accepted("a", 1, 1, later) is change


def test_inputs_are_counted_apart() -> None:
    """One topic partition's rubbish stops no other."""
    limit: Refusals[str] = Refusals(10, 0.5)
    assert limit.accepted("a", 11, 11, 0.0) is Change.STOP
    assert limit.accepted("b", 10, 10, 0.0) is None
    assert limit.stopped == ["a"]


def test_it_is_tried_after_a_minute_and_goes_on_when_it_is_right() -> None:
    """What was read before it was stopped says nothing; a trial that is bad stops it again."""
    limit: Refusals[str] = Refusals(10, 0.5)
    assert limit.accepted("a", 11, 11, 0.0) is Change.STOP
    assert limit.accepted("a", 50, 0, 1.0) is None
    assert limit.to_try(MINUTE - 0.001) == []
    assert limit.to_try(MINUTE) == ["a"]
    assert limit.to_try(MINUTE) == []
    assert limit.accepted("a", 100, 51, MINUTE + 1) is Change.STAY
    assert limit.to_try(2 * MINUTE) == []
    assert limit.to_try(2 * MINUTE + 1) == ["a"]
    assert limit.accepted("a", 100, 50, 2 * MINUTE + 2) is Change.GO
    assert limit.stopped == []
    assert limit.accepted("a", 10, 10, 2 * MINUTE + 3) is None  # it begins anew


def test_zero_is_off() -> None:
    """Nothing is stopped, and chunks are as long as ever."""
    limit: Refusals[str] = Refusals(0, 0.5)
    assert limit.accepted("a", 10_000, 10_000, 0.0) is None
    assert (limit.stopped, limit.most) == ([], None)


def test_chunks_are_short_where_there_is_a_limit() -> None:
    """A chunk of ten thousand records would pass any limit at once."""
    assert Refusals[str](5_000, 0.5).most == 5_000
    assert Refusals[str](1, 0.5).most == TRIED


def test_a_new_assignment_begins_anew() -> None:
    """Whoever owns the partition finds out for itself."""
    limit: Refusals[str] = Refusals(10, 0.5)
    limit.accepted("a", 11, 11, 0.0)
    limit.forget()
    assert limit.stopped == []
