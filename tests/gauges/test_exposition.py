"""What /metrics says: bounded, complete, and of the right kind."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.listed import warning

from streams.app import assemble
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.gauges.board import Board
from streams.gauges.exposition import EXPOSITION
from streams.profiles.loader import load
from streams.telemetry import metrics
from streams.telemetry.histogram import ManyHistogram

HERE = Path(__file__).parent
MOST_SERIES = 7_000
"""Series of one worker, whatever its shops and carriers; docs/metrics.md states it."""


@pytest.fixture(scope="module")
def crowded() -> str:
    """/metrics of a worker with 10,000 shops, 100,000 warnings and 2,000 carriers."""
    done = subprocess.run(
        [sys.executable, str(HERE / "crowd.py")],
        cwd=HERE.parents[1],
        env={"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every series of a /metrics text, by name and labels; none may come twice."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
    return found


def test_the_number_of_series_has_a_bound(crowded: str) -> None:
    """10,000 shops, 100,000 standing warnings, 2,000 carriers, every rule, stage and reason."""
    found = samples(crowded)
    per_metric = Counter(re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in found)
    assert len(found) < MOST_SERIES, per_metric.most_common(10)
    assert len(found) > MOST_SERIES // 4, "the crowd does not come near the bound: is it one?"
    for label, most in (("shop", metrics.SHOPS_SHOWN), ("carrier", 20)):
        for name in per_metric:
            values = {
                dict(labels)[label]
                for known, labels in found
                if known.startswith(name) and label in dict(labels)
            }
            # A shop that sells on several platforms is ranked on each.
            assert len(values - {metrics.OTHER}) <= most, (name, label)


def test_the_rest_of_the_shops_is_in_other(crowded: str) -> None:
    """Nothing is lost by the bound: all shops together are all warnings."""
    found = samples(crowded)
    total = sum(v for (name, _), v in found.items() if name == metrics.OPEN_WARNINGS.name)
    assert total == 100_000
    other = sum(
        value
        for (name, labels), value in found.items()
        if name == metrics.OPEN_WARNINGS.name and ("shop", metrics.OTHER) in labels
    )
    assert 20_000 < other < 90_000


def test_every_declared_metric_is_shown(crowded: str) -> None:
    """Each family that metrics.py declares has its help and at least one sample; of `ingest`, which
    is another process, tests/ingest asks, of a desk tests/desk, of a supervisor tests/processes."""
    shown = {family.name for family in text_string_to_metric_families(crowded) if family.samples}
    declared = {
        metric.name if isinstance(metric, ManyHistogram | metrics.Measured) else metric._name
        for metric in vars(metrics).values()
        if isinstance(metric, ManyHistogram | metrics.Measured | metrics.Counter | metrics.Gauge)
    }
    declared = {each.removesuffix("_total") for each in declared if not _of_others(each)}
    assert declared - shown == set()
    ours = {name for name in shown if name.startswith("shipsentry_") and not _of_others(name)}
    assert ours == declared


def _of_others(name: str) -> bool:
    return name.startswith(("shipsentry_ingest_", "shipsentry_desk_", "shipsentry_process_"))


def test_names_follow_the_conventions() -> None:
    """Snake case, one prefix, base units, `_total` for counters and nothing else."""
    for measured in metrics.MEASURED:
        assert re.fullmatch(r"shipsentry_[a-z_]+", measured.name)
        assert not re.search(r"_(ms|millis|minutes|hours|days|kb|mib)(_|$)", measured.name)
        assert measured.help.endswith(".")
    assert len({each.name for each in metrics.MEASURED}) == len(metrics.MEASURED)


def test_no_label_can_be_an_id() -> None:
    """Orders, numbers, warnings and people are never labels; every label is on this list."""
    allowed = {
        "topic",
        "partition",
        "outcome",
        "reason",
        "carrier",
        "rule",
        "stage",
        "state",
        "profile",
        "platform",
        "shop",
        "line",
        "measure",
        "within_hours",
        "currency",
        "bound",
        "table",
        "page",
        "field",
        # Of `ingest`: of the registry, and of the operator's file.
        "source",
        "feed",
        # Of a desk's routes of notifications: of the operator's file.
        "channel",
        # Of a supervisor: a process's place.
        "process",
        # Of a desk: patterns of its routes, and answers of HTTP.
        "route",
        "status",
        # A name that no table of aliases holds; `tables/unknown_names.py` shows none like an id.
        "kind",
        "called",
        "version",
        "python",
        "faust",
        "librdkafka",
    }
    used: set[str] = set()
    for metric in vars(metrics).values():
        if isinstance(metric, ManyHistogram | metrics.Measured):
            used.update(metric.labels)
        elif isinstance(metric, metrics.Counter | metrics.Gauge):
            used.update(metric._labelnames)
    assert used <= allowed


@pytest.mark.parametrize("assigned", [True, False])
def test_a_worker_shows_nothing_that_was_taken_from_it(tmp_path: Path, assigned: bool) -> None:
    """Between two assignments its partitions may be another worker's, which counts them."""
    config = EngineConfig(app_id="a", bootstrap="127.0.0.1:1", data_dir=tmp_path, partitions=1)
    app = assemble(config, Topics(), load())
    board = app.engine.observer
    assert isinstance(board, Board)
    assert app.measure is not None
    board.standing.add([warning("w1")])
    board.states["parcels"] = 5
    app.engine.assigned = assigned
    app.measure(True)()
    shown = {family.name for family in EXPOSITION.collect()}
    for name in ("open_warnings", "next_deadline_seconds", "strikes_at_risk", "states"):
        assert (f"shipsentry_{name}" in shown) is assigned
    assert "shipsentry_build_info" in shown
