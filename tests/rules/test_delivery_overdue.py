"""`delivery_overdue`: off in every built-in profile until an operator sets a limit."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    UPLOADED,
    US,
    Message,
    judge,
    order,
    picked_up,
    record,
    release,
    times,
    upload,
    us,
)
from support.parcels import clocks_of
from support.troubles import travels

from streams.facts.times import DAY as DAY_US
from streams.profiles.loader import load
from streams.rules.delivery_overdue import DeliveryOverdue
from streams.rules.episodes import Limit, judge_clock

RULE = DeliveryOverdue(Limit(7 * DAY_US), Limit(10 * DAY_US, at_least=True))
STORY = [order(), upload("1"), picked_up(), record("hub", UPLOADED + DAY)]
DEADLINE = UPLOADED + 7 * DAY
LEAD = 12 * HOUR


ON = "violation = { limit_hours = 168 }"
"""Its table in a profile, for no built-in one has it."""


def story(platform: str, **fields: Any) -> list[Message]:
    """Picked up, in a hub, and never received."""
    return [order(platform=platform, **fields), upload("1", platform=platform), *travels()[:2]]


def state(history: list[Message], at: datetime, stage: int = 0) -> str | None:
    """How the clock of a stage stands at a time; None where there is no warning."""
    clocks = clocks_of(RULE, history)
    return judge_clock(clocks[stage], us(at)).state if clocks else None


def test_fires_when_nobody_receives_it() -> None:
    """From the upload on: at risk half a day before the limit, breached beyond it, then serious."""
    assert state(STORY, DEADLINE - LEAD - US) is None
    assert state(STORY, DEADLINE - LEAD) == "open"
    assert state(STORY, DEADLINE) == "open"
    assert state(STORY, DEADLINE + US) == "breached"
    assert state(STORY, DEADLINE, 1) is None
    assert state(STORY, DEADLINE + US, 1) == "open"
    assert state(STORY, UPLOADED + 10 * DAY - US, 1) == "open"
    assert state(STORY, UPLOADED + 10 * DAY, 1) == "breached"


@pytest.mark.parametrize(
    "status", ["delivered", "ready_for_pickup", "returned", "returning", "handed_over"]
)
def test_stays_quiet_once_received_or_stopped(status: str) -> None:
    """Received, ready for its recipient, or back: at the lead in time, a microsecond later late."""
    assert clocks_of(RULE, [*STORY, record(status, DEADLINE - LEAD)]) == ()
    late = clocks_of(RULE, [*STORY, record(status, DEADLINE - LEAD + US)])
    assert [clock.ended_at for clock in late] == [us(DEADLINE - LEAD + US)] * 2


def test_the_earliest_end_counts() -> None:
    """Release, delivery and return: whatever comes first ends both stages."""
    ends = [
        release("1", DEADLINE + 3 * HOUR),
        record("ready_for_pickup", DEADLINE + HOUR),
        record("delivered", DEADLINE + 2 * HOUR),
    ]
    for some in permutations(ends):
        (violation, serious) = clocks_of(RULE, [*STORY, *some])
        assert violation.ended_at == serious.ended_at == us(DEADLINE + HOUR)
        assert judge_clock(violation, us(LATER)).breached_at == us(DEADLINE)


def test_progress_does_not_end_it() -> None:
    """A parcel that is out for delivery is not received."""
    assert state([*STORY, record("out_for_delivery", UPLOADED + DAY)], LATER) == "breached"


def test_built_in_profiles_set_no_limit() -> None:
    """No platform's text has a limit for it: nothing is warned of but what an order promises."""
    assert judge(STORY, LATER).of("delivery_overdue") == []
    for profile in load().all:
        (rule,) = [rule for rule in profile.parcel_rules if isinstance(rule, DeliveryOverdue)]
        assert rule == DeliveryOverdue()


PROMISED = UPLOADED + 4 * DAY


@pytest.mark.parametrize("platform", sorted({profile.platform for profile in load().all}))
def test_an_orders_promise_judges_everywhere(platform: str) -> None:
    """At risk half a day before it, breached beyond it; a warning, one stage, on every platform."""
    story = [order(platform=platform, promised_delivery_by=PROMISED), *STORY[1:]]
    assert judge(story, PROMISED - LEAD - US).of("delivery_overdue") == []
    found = judge(story, PROMISED).one("delivery_overdue")
    assert (found["state"], found["severity"]) == ("open", "warning")
    assert times(found)["opened_at"] == PROMISED - LEAD
    found = judge(story, PROMISED + US).one("delivery_overdue")
    assert times(found)["breached_at"] == times(found)["deadline"] == PROMISED
    assert judge(story, LATER).of("delivery_overdue", "serious") == []


def test_a_promise_takes_the_place_of_the_limit() -> None:
    """Whether it is sooner or later; in the profile's severity, passed only, without a second
    stage."""
    rule = DeliveryOverdue(Limit(7 * DAY_US, True, "critical"), Limit(10 * DAY_US))
    for days in (1, 20):
        promised = order(promised_delivery_by=UPLOADED + timedelta(days=days))
        (clock,) = clocks_of(rule, [promised, *STORY[1:]])
        assert clock.limit == Limit(days * DAY_US, False, "critical")


@pytest.mark.parametrize(("after", "counts"), [(timedelta(0), False), (US, True)])
def test_a_promise_is_later_than_the_upload(after: timedelta, counts: bool) -> None:
    """Else it is none, and the limit counts where there is one."""
    story = [order(promised_delivery_by=UPLOADED + after), *STORY[1:]]
    assert bool(judge(story, LATER).of("delivery_overdue")) is counts
    (first, *_) = clocks_of(RULE, story)
    assert first.limit.length == (us(UPLOADED + after) - us(UPLOADED) if counts else 7 * DAY_US)


def test_it_is_the_lead_orders_promise() -> None:
    """Of the order that got the number first."""
    both = [order(), order("2", promised_delivery_by=PROMISED), upload("2", UPLOADED + HOUR)]
    assert judge([*both, *STORY[1:]], LATER).of("delivery_overdue") == []
    first = upload("2", UPLOADED - HOUR)
    found = judge([*both[:2], first, *STORY[1:]], LATER).one("delivery_overdue")
    assert times(found)["deadline"] == PROMISED


@pytest.mark.parametrize("status", ["delivered", "ready_for_pickup", "returned", "handed_over"])
def test_a_promise_that_is_kept(status: str) -> None:
    """Exactly at it in time, a microsecond later too late."""
    story = [order(promised_delivery_by=PROMISED), *STORY[1:]]
    for at, breached in ((PROMISED, None), (PROMISED + US, PROMISED)):
        found = times(judge([*story, record(status, at)], LATER).one("delivery_overdue"))
        assert (found["resolved_at"], found["breached_at"]) == (at, breached)
