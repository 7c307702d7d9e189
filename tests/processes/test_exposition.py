"""One page of metrics from several: what Prometheus reads of it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams.processes.exposition import merged
from streams.telemetry.histogram import ManyHistogram


def page(number: int, *, more: bool = False) -> str:
    """A process's metrics; with `more` of a kind that others do not have."""
    registry = CollectorRegistry()
    counter = Counter("things_total", 'Things, "so" called.', ["what"], registry=registry)
    counter.labels('a "b" {c}, d\\e\nf').inc(number)
    if more:
        Gauge("alone", "Of one process.", registry=registry).set(1)
    Gauge("age_seconds", "An age.", registry=registry).set(number / 2)
    ManyHistogram("took_seconds", "Times.", ["topic"], [1, 2], registry).observe([0.5, 3], "t")
    return generate_latest(registry).decode()


def test_each_series_says_whose_it_is() -> None:
    """Values and other labels stay as they are, whatever they hold; "" adds no label."""
    text = merged([("0", page(1)), ("1", page(2, more=True)), ("", page(3))])
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    expected = {}
    for process, number in (("0", 1), ("1", 2), ("", 3)):
        for family in text_string_to_metric_families(page(number, more=number == 2)):
            for sample in family.samples:
                labels = {**sample.labels, **({"process": process} if process else {})}
                expected[sample.name, tuple(sorted(labels.items()))] = sample.value
    assert found == expected


def test_a_familys_lines_stand_together_under_one_heading() -> None:
    """As the format wants, also where only a later page has it."""
    text = merged([("0", page(1)), ("1", page(2, more=True)), ("2", page(3, more=True))])
    heads = [line for line in text.splitlines() if line.startswith("# TYPE ")]
    assert sorted(heads) == sorted(set(heads))
    assert [line for line in text.splitlines() if line.startswith("alone")] == [
        'alone{process="1"} 1.0',
        'alone{process="2"} 1.0',
    ]
    lines = text.splitlines()
    first = lines.index("# TYPE alone gauge")
    assert lines[first + 1 : first + 3] == ['alone{process="1"} 1.0', 'alone{process="2"} 1.0']


def test_no_process_gives_no_metrics() -> None:
    """While all are being started."""
    assert merged([]) == ""
