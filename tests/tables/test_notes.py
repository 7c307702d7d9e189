"""What the pipeline notes for operators: first warnings with their lead, feeds' latency, days."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.engine.kafka.types import Record
from streams.facts.facts import STATUS_CODE, TrackingFact
from streams.facts.times import DAY, HOUR, MINUTE, SECOND
from streams.judge.warnings import Revision
from streams.state.state import Finding, Published
from streams.tables.feeds import OFTEN, FeedLatency
from streams.tables.observations import First, firsts
from streams.telemetry.counts import Counts
from streams.telemetry.metrics import FEED_LATENCY, OTHER


def finding(state: str, deadline: int | None) -> Finding:
    """A finding of one rule."""
    return Finding(
        rule="pickup_overdue",
        stage="violation",
        severity="critical",
        profile="p",
        platform="douyin",
        shop_id="s1",
        order_ids=("o1",),
        parcel="zto:1",
        anchor=0,
        state=state,
        opened_at=0,
        deadline=deadline,
        breached_at=None,
        resolved_at=None,
    )


def revision(key: str, state: str, deadline: int | None, at: int) -> Revision:
    """A revision detected `at` (µs)."""
    return Revision(key, at // 1_000, finding(state, deadline), (), at)


def test_the_lead_is_what_is_left_until_the_deadline() -> None:
    """Open: deadline less detection; at the deadline, and of one first seen breached, nothing."""
    found = firsts(
        [],
        [
            revision("a", "open", 10 * HOUR, 4 * HOUR),
            revision("b", "open", 10 * HOUR, 10 * HOUR),
            revision("c", "breached", 10 * HOUR, 11 * HOUR),
        ],
    )
    assert found == [
        First("pickup_overdue", 6 * HOUR),
        First("pickup_overdue", 0),
        First("pickup_overdue", 0),
    ]


def test_a_past_that_was_read_in_afterwards_was_not_too_late() -> None:
    """A first start reads weeks: what breached a day before is history, a microsecond less is
    late."""
    for age, wanted in ((DAY, [First("pickup_overdue", 0)]), (DAY + 1, [])):
        deadline = 100 * DAY
        assert firsts([], [revision("a", "breached", deadline, deadline + age)]) == wanted


@pytest.mark.parametrize("state", ["resolved", "withdrawn"])
def test_what_was_over_before_it_was_published_has_no_lead(state: str) -> None:
    """Nobody could have acted on it, and nobody had to."""
    assert firsts([], [revision("a", state, 10 * HOUR, 4 * HOUR)]) == []


def test_a_check_without_a_deadline_has_no_lead() -> None:
    """There is nothing to be early for."""
    assert firsts([], [revision("a", "open", None, 4 * HOUR)]) == []


def test_only_the_first_revision_counts() -> None:
    """A warning that was published before, in whatever state, was early or late then."""
    known = [Published("a", 1, finding("withdrawn", 10 * HOUR))]
    assert firsts(known, [revision("a", "open", 10 * HOUR, 4 * HOUR)]) == []


def count(latency: FeedLatency) -> None:
    """What was noted, as a chunk's accepted effects count it."""
    counts = Counts()
    latency.count(counts)
    counts.happen()


@pytest.fixture
def latency() -> Iterator[FeedLatency]:
    """A new one, over an empty histogram."""
    FEED_LATENCY.clear()
    yield FeedLatency()
    FEED_LATENCY.clear()


def fact(at: int, status: str = "hub", key: str = "zto:1") -> TrackingFact:
    """A scan at `at` (µs)."""
    return TrackingFact(key, at, STATUS_CODE[status], 1)


def record(at: int) -> Record:
    """A record with Kafka's timestamp `at` (µs)."""
    return Record(0, at // 1_000, None, None)


def seconds(carrier: str) -> tuple[int, float]:
    """How many were counted, and their sum."""
    (family,) = FEED_LATENCY.collect()
    values = {s.name: s.value for s in family.samples if s.labels["carrier"] == carrier}
    name = "shipsentry_feed_latency_seconds"
    return int(values.get(f"{name}_count", 0)), values.get(f"{name}_sum", 0.0)


def test_a_feed_that_repeats_its_history_is_judged_by_its_newest_scan(latency: FeedLatency) -> None:
    """Whole histories, newest first or last: the old scans in them are no latency."""
    facts = [fact(9 * HOUR), fact(2 * HOUR), fact(5 * HOUR)]
    latency.note("zto:1", facts, [record(9 * HOUR + 3 * MINUTE)] * 3)
    count(latency)
    assert seconds(OTHER) == (1, 180.0)


def test_uploads_are_no_scans(latency: FeedLatency) -> None:
    """A seller's upload says nothing of the carrier's feed."""
    latency.note("zto:1", [fact(HOUR, "ordered")], [record(2 * HOUR)])
    count(latency)
    assert seconds(OTHER) == (0, 0.0)


def test_a_carrier_that_is_often_heard_has_its_own_label(latency: FeedLatency) -> None:
    """Before that it is one of the others; what was counted stays where it was."""
    for _ in range(OFTEN):
        latency.note("zto:1", [fact(HOUR)], [record(HOUR + 5 * SECOND)])
    count(latency)
    latency.note("sf:1", [fact(HOUR, key="sf:1")], [record(HOUR + SECOND)])
    count(latency)
    assert seconds("zto") == (OFTEN, OFTEN * 5.0)
    assert seconds(OTHER) == (1, 1.0)
