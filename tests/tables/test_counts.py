"""Counters count what was accepted: work that is dropped and done again counts once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from support.builders import (
    BORIS,
    HOUR,
    PAID,
    PROMISE,
    UPLOADED,
    Message,
    order,
    picked_up,
    record,
    upload,
    us,
)
from support.two_sides import TOPICS, Loop

from streams.engine.kafka.types import Chunk, Effects, Record
from streams.tables.processor import Moment
from streams.telemetry import metrics
from streams.telemetry.counts import Counts
from streams.telemetry.histogram import ManyHistogram

NOW = us(PROMISE + HOUR)


def chunk(topic: str, *values: Message | bytes) -> Chunk:
    """A chunk of the only partition."""
    raw = [json.dumps(v).encode() if isinstance(v, dict) else v for v in values]
    records = [Record(n, NOW // 1_000, b"1", value) for n, value in enumerate(raw)]
    return Chunk(topic, 0, 0, len(records) - 1, records)


def counted() -> dict[str, float]:
    """Every sample of ShipSentry's counters and of the number of observations in histograms."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in REGISTRY.collect()
        if family.name.startswith("shipsentry_")
        for sample in family.samples
        if sample.name.endswith(("_total", "_count"))
    }


def rise(before: dict[str, float]) -> dict[str, float]:
    """By how much what is counted has risen."""
    return {
        name: value - before.get(name, 0)
        for name, value in counted().items()
        if value != before.get(name, 0)
    }


def lateness(loop: Loop) -> Chunk:
    """An order past its promise, with a version before it that is known already, and rubbish."""
    return chunk(TOPICS.orders, order(), order(), b"rubbish")


def tracks(loop: Loop) -> Chunk:
    """An upload for a recipient whom the waybill contradicts, and a scan."""
    loop.take(chunk(TOPICS.orders, order(recipient=BORIS)), NOW)
    return chunk(
        TOPICS.tracking, upload("1"), picked_up(), record("hub", UPLOADED + 9 * HOUR), b"{"
    )


@pytest.mark.parametrize("made", [lateness, tracks])
def test_what_is_dropped_counts_nothing(made: Callable[[Loop], Chunk]) -> None:
    """The chunk is worked on twice, as after a rebalance: who drops it counts nothing."""
    loop = Loop(1, NOW)
    records = made(loop)
    processor = loop.by_topic[records.topic]
    before = counted()
    dropped = processor.step(records, Moment(NOW, NOW))
    assert dropped.counts
    assert rise(before) == {}
    accepted = processor.step(records, Moment(NOW, NOW))
    accepted.counts.happen()
    once = rise(before)
    outcomes = {name: by for name, by in once.items() if "records_total" in name}
    assert sum(outcomes.values()) == len(records.records)
    assert accepted.counts == {}
    accepted.counts.happen()
    assert rise(before) == once


def test_ticks_count_when_they_are_accepted() -> None:
    """A deadline that passes gives a revision, which counts with the tick that publishes it."""
    loop = Loop(1, us(PAID))
    loop.take(chunk(TOPICS.orders, order()), us(PAID))
    before = counted()
    effects = Effects(topic=TOPICS.ticks, partition=0)
    due = loop.store.due("orders", 0, NOW)
    assert due
    loop.orders.tick(0, due, Moment(NOW, NOW), effects)
    assert rise(before) == {}
    effects.counts.happen()
    assert rise(before) == {
        "shipsentry_warning_revisions_total"
        "[('rule', 'ship_overdue'), ('stage', 'violation'), ('state', 'breached')]": 1
    }


def test_counts_add_up_and_happen_once() -> None:
    """Increments of one metric and label are one; a histogram gets all its values."""
    counts = Counts()
    counts.add(metrics.RULE_FAILURES, "a")
    counts.add(metrics.RULE_FAILURES, "a", number=2)
    counts.add(metrics.PRODUCTS_NOT_METERED, number=4)
    latency: ManyHistogram = metrics.FEED_LATENCY
    counts[latency, ("counted-carrier",)] = [1.0, 2.0]
    before = counted()
    counts.happen()
    counts.happen()
    assert rise(before) == {
        "shipsentry_feed_latency_seconds_count[('carrier', 'counted-carrier')]": 2,
        "shipsentry_products_not_metered_total[]": 4,
        "shipsentry_rule_failures_total[('rule', 'a')]": 3,
    }
