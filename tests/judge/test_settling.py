"""Settling: how long news waits, and what of it is published meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from streams.facts.times import HOUR, SECOND
from streams.judge.evaluate import Candidate, Evaluation, RuleFailure
from streams.judge.judgement import Judgement, conclude
from streams.judge.settling import hear, settling_at
from streams.state.codec import dump, load_order, load_parcel
from streams.state.state import Finding, OrderState, ParcelState, Settling

NOW = 1_795_000_000_000_000
SETTLE = 5 * SECOND


def found(key: str = "a", state: str = "open", deadline: int | None = None, **more: Any) -> Any:
    """A finding under an id."""
    finding = Finding(
        "rule", "violation", "critical", "p", "douyin", more.get("shop", "s"), ("1",), None, NOW,
        state, NOW, deadline, None, None,
    )  # fmt: skip
    return Candidate(key, finding, ())


def judged(
    state: OrderState, now: int, *candidates: Candidate, next_change: int | None = None
) -> Judgement:
    """What is published of a state in which rules see `candidates`."""
    return conclude(state, Evaluation([*candidates], [], next_change), now, now)


def states(judgement: Judgement) -> list[tuple[str, str]]:
    """Id and state of what is published."""
    return [(each.warning_id, each.finding.state) for each in judgement.revisions]


def test_a_warning_is_first_published_when_its_state_has_settled() -> None:
    """Nothing before, the state wants to be looked at then, and then it is out."""
    state = OrderState("1")
    hear(state, NOW, SETTLE)
    assert states(judged(state, NOW, found())) == []
    assert state.due == NOW + SETTLE
    assert states(judged(state, NOW + SETTLE - 1, found())) == []
    done = judged(state, NOW + SETTLE, found())
    assert states(done) == [("a", "open")]
    assert done.revisions[0].detected_at == NOW + SETTLE
    assert state.settling is None
    assert state.due > NOW + HOUR


def test_what_news_undoes_is_never_published() -> None:
    """A finding that is gone before it has settled leaves nothing, not even a withdrawal."""
    state = OrderState("1")
    hear(state, NOW, SETTLE)
    judged(state, NOW, found())
    hear(state, NOW + SECOND, SETTLE)
    assert states(judged(state, NOW + SECOND)) == []
    assert states(judged(state, NOW + HOUR)) == []
    assert state.published == []


def test_each_news_begins_the_wait_anew() -> None:
    """It counts from the last one."""
    state = OrderState("1")
    hear(state, NOW, SETTLE)
    hear(state, NOW + 4 * SECOND, SETTLE)
    assert states(judged(state, NOW + SETTLE, found())) == []
    assert state.due == NOW + 9 * SECOND
    assert states(judged(state, NOW + 9 * SECOND, found())) == [("a", "open")]


def test_a_state_that_has_news_each_second_is_published_after_six_times_the_wait() -> None:
    """It is not silent for ever; what waits afterwards waits from its own first news on."""
    state = OrderState("1")
    at = NOW
    hear(state, at, SETTLE)
    while not states(judged(state, at, found())):
        at += SECOND
        hear(state, at, SETTLE)
        assert at <= NOW + HOUR
    assert at == NOW + 30 * SECOND
    hear(state, at + SECOND, SETTLE)
    assert states(judged(state, at + SECOND, found(), found("b"))) == []
    assert state.due == at + SECOND + SETTLE


def test_a_standing_warning_changes_when_its_state_has_settled() -> None:
    """Resolved, withdrawn or with another shop: what is seen for less than the wait is not said."""
    state = OrderState("1")
    judged(state, NOW, found(), found("b"))
    hear(state, NOW, SETTLE)
    assert states(judged(state, NOW, found(state="resolved"))) == []
    assert {entry.finding.state for entry in state.published} == {"open"}
    assert states(judged(state, NOW + SETTLE, found(shop=None))) == [
        ("a", "open"),
        ("b", "withdrawn"),
    ]


@pytest.mark.parametrize(("deadline", "waits"), [(NOW + SETTLE, False), (NOW + SETTLE + 1, True)])
def test_an_open_warning_is_out_before_a_deadline_that_is_nearer(
    deadline: int, waits: bool
) -> None:
    """With a deadline by the end of the wait it does not wait; others of the state do."""
    state = OrderState("1")
    hear(state, NOW, SETTLE)
    published = states(judged(state, NOW, found(deadline=deadline), found("b")))
    assert published == ([] if waits else [("a", "open")])
    assert state.due == NOW + SETTLE


def test_news_does_not_keep_a_warning_open_past_its_deadline() -> None:
    """One that stands open with a deadline that is near ends at once: resolved, or withdrawn."""
    state = OrderState("1")
    near = NOW + SECOND
    judged(state, NOW, found(deadline=near), found("b", deadline=near), found("c"))
    hear(state, NOW, SETTLE)
    published = states(judged(state, NOW, found(state="resolved", deadline=near)))
    assert published == [("a", "resolved"), ("b", "withdrawn")]
    assert state.due == NOW + SETTLE
    assert states(judged(state, NOW + SETTLE)) == [("a", "withdrawn"), ("c", "withdrawn")]


def test_a_breach_that_time_alone_brings_is_no_news() -> None:
    """It is published when it happens, though there was news a moment ago."""
    state = OrderState("1")
    deadline = NOW + SECOND
    judged(state, NOW, found(deadline=deadline), next_change=deadline + 1)
    hear(state, NOW, SETTLE)
    judged(state, NOW, found(deadline=deadline), found("b"), next_change=deadline + 1)
    assert state.due == deadline + 1
    passed = judged(state, deadline + 1, found(state="breached", deadline=deadline), found("b"))
    assert states(passed) == [("a", "breached")]
    assert state.due == NOW + SETTLE


def test_a_deadline_that_is_long_past_waits() -> None:
    """A history that is read in may breach and be put right within a second."""
    state = OrderState("1")
    hear(state, NOW, SETTLE)
    assert states(judged(state, NOW, found(state="breached", deadline=NOW - HOUR))) == []


def test_what_opens_by_time_just_after_news_waits_with_it() -> None:
    """The state is remembered as one that settles, though nothing of it waited yet."""
    state = OrderState("1")
    hear(state, NOW, SETTLE)
    judged(state, NOW, next_change=NOW + SECOND)
    assert (state.due, state.settling) == (NOW + SECOND, Settling(NOW, NOW + SETTLE))
    assert states(judged(state, NOW + SECOND, found(deadline=NOW + HOUR))) == []
    assert state.due == NOW + SETTLE


def test_a_state_of_which_nothing_waits_remembers_nothing() -> None:
    """Nothing more is stored of most states, and no tick looks at them for it."""
    state = OrderState("1")
    hear(state, NOW, SETTLE)
    judged(state, NOW, next_change=NOW + HOUR)
    assert (state.due, state.settling) == (NOW + HOUR, None)


def test_a_failed_rule_keeps_nobody_waiting() -> None:
    """What it had published stays as it is, and is not looked at again for that."""
    state = OrderState("1")
    judged(state, NOW, found())
    hear(state, NOW, SETTLE)
    failure = RuleFailure("rule", "order:1", RuntimeError())
    done = conclude(state, Evaluation([], [failure], NOW + HOUR), NOW, NOW)
    assert (done.revisions, state.due) == ([], NOW + HOUR)


@pytest.mark.parametrize("kind", [OrderState, ParcelState])
def test_a_state_that_settles_is_stored_so(kind: type[OrderState | ParcelState]) -> None:
    """A restart, or another worker, goes on where the wait was."""
    state = kind("zto:1")
    hear(state, NOW, SETTLE)
    load = load_order if kind is OrderState else load_parcel
    again = load(dump(state))
    assert settling_at(again, NOW + SETTLE - 1) == Settling(NOW, NOW + SETTLE)
    assert settling_at(again, NOW + SETTLE) is None
