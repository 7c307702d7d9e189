"""The benchmark of throughput: what it runs, and which moments of a run it leaves out."""

from __future__ import annotations

import re
from itertools import accumulate
from pathlib import Path

import pytest
from kafka_server import POM

from benchmarks import programs
from benchmarks.throughput import Sample, arguments_of, table, waiting
from streams.profiles.loader import load


def run_of(*cores: float) -> list[Sample]:
    """A sample each 0.2 s of a program that uses so many cores, beside a broker that uses half."""
    used = accumulate(cores, initial=0.0)
    return [Sample(100 + 0.2 * n, 3 + 0.2 * spent, 5 + 0.1 * n) for n, spent in enumerate(used)]


def test_only_waiting_is_left_out() -> None:
    """The clock, the CPU and the broker's of idle moments; the commit at the end is counted."""
    found = waiting(run_of(1, 1, 1, 0.1, 0.1, 0.1, 0.9), limit=30)
    assert found == pytest.approx((0.6, 0.06, 0.3))


def test_no_more_is_left_out_than_a_program_can_wait() -> None:
    """One commit interval, from the end back: an idle start is its own fault."""
    assert waiting(run_of(0, 0, 0, 1, 0, 0, 0), limit=0.5).at == pytest.approx(0.6)
    assert waiting(run_of(0, 0, 0, 1, 1), limit=0.0) == Sample(0.0, 0.0, 0.0)


def test_a_busy_program_never_waits() -> None:
    """A fifth of a core is work."""
    assert waiting(run_of(0.21, 1, 0.21), limit=30) == Sample(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ([], []),
        (["--alternatives"], list(programs.USUAL)),
        (["--alt"], list(programs.USUAL)),
        (["--alternatives", "streams-threads", "quix"], ["streams-threads", "quix"]),
    ],
)
def test_alternatives_that_run(line: list[str], names: list[str]) -> None:
    """None unless asked for, the usual ones without names."""
    assert arguments_of(line).alternatives == names


def test_alternatives_need_the_workers_workload(capsys: pytest.CaptureFixture[str]) -> None:
    """They would read nothing."""
    with pytest.raises(SystemExit):
        arguments_of(["--alternatives", "--parcels", "0"])
    assert "--parcels must not be 0" in capsys.readouterr().err


def test_versions_are_the_pinned_ones() -> None:
    """Kafka Streams' is that of the broker."""
    kafka = re.search(r"<kafka\.version>(.+)</kafka\.version>", POM.read_text())
    assert kafka is not None
    found = programs.versions(programs.USUAL)
    assert found["kafka_streams"] == kafka[1]
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["quix_streams"])


def test_ours_stand_beside_all_others() -> None:
    """A ratio above 1: the worker is faster, or costs more."""
    rows = {
        name: {
            "runs": 1,
            "events": 10,
            "events_per_second": rate,
            "slowest": rate,
            "fastest": rate,
            "cpu_us_per_event": cpu,
            "peak_rss_mib": 1.0,
        }
        for name, rate, cpu in ((programs.WORKER, 300.0, 30.0), ("Other", 600.0, 15.0))
    }
    assert "| beside Other | 0.50 ×, 2.00 × |" in table(rows)


def test_the_pack_of_four_rules_leaves_four_on(tmp_path: Path) -> None:
    """In every profile, and nothing is counted of shops. A promise of delivery that an order states
    is judged in any; the workload states none."""
    for profile in load([programs.four_rules(tmp_path)]).all:
        rules = (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
        assert {rule.name for rule in rules} - {"delivery_overdue"} <= set(programs.FOUR)
        assert profile.meter is None
