"""Many observations at once give what prometheus_client gives for one after another."""

from __future__ import annotations

import threading
from random import Random

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from streams.telemetry.histogram import ManyHistogram

BOUNDS = [0.0, 0.5, 1, 2.5, 10]


def lines(registry: CollectorRegistry) -> set[str]:
    """The samples that Prometheus would read, without those of creation times."""
    text = generate_latest(registry).decode()
    return {line for line in text.splitlines() if line[0] != "#" and "_created" not in line}


@pytest.mark.parametrize("seed", range(20))
def test_it_counts_as_prometheus_client_does(seed: int) -> None:
    """Buckets, sum and count, with values on the bounds, below all and above all."""
    rng = Random(seed)
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    many = ManyHistogram("h_seconds", "Help.", ["topic"], BOUNDS, ours)
    one = Histogram("h_seconds", "Help.", ["topic"], buckets=BOUNDS, registry=theirs)
    for _ in range(rng.randrange(1, 6)):
        topic = rng.choice("ab")
        values = [rng.choice([*BOUNDS, -3.0, 0.25, 7.0, 99.0]) for _ in range(rng.randrange(1, 9))]
        many.observe(values, topic)
        for value in values:
            one.labels(topic).observe(value)
    assert lines(ours) == lines(theirs)


def test_no_values_count_nothing() -> None:
    """A chunk whose records say nothing adds nothing but the labels' zeros."""
    many = ManyHistogram("h_seconds", "Help.", [], BOUNDS, CollectorRegistry())
    many.observe([])
    assert many.count() == 0


def test_wrong_labels_and_bounds_are_refused() -> None:
    """The number of label values is that of labels, and bounds rise."""
    many = ManyHistogram("h_seconds", "Help.", ["topic"], BOUNDS, CollectorRegistry())
    with pytest.raises(ValueError, match="labels"):
        many.observe([1.0])
    with pytest.raises(ValueError, match="bounds"):
        ManyHistogram("h_seconds", "Help.", [], [2, 1], CollectorRegistry())


def test_it_can_be_read_while_it_counts() -> None:
    """/metrics is made in another thread: each reading is whole, count and buckets agree."""
    registry = CollectorRegistry()
    many = ManyHistogram("h_seconds", "Help.", ["topic"], BOUNDS, registry)
    stop = threading.Event()

    def count() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            many.observe([0.1, 3.0, 50.0], str(number % 7))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        for _ in range(200):
            for family in registry.collect():
                found: dict[str, dict[str, float]] = {}
                for sample in family.samples:
                    name = sample.name.removeprefix("h_seconds_") + sample.labels.get("le", "")
                    found.setdefault(sample.labels["topic"], {})[name] = sample.value
                for values in found.values():
                    assert values["bucket+Inf"] == values["count"] == 3 * values["bucket0.5"]
    finally:
        stop.set()
        thread.join()
