"""The benchmark of restarts: what it writes, and how it reads a worker's log."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import load, restart
from benchmarks.throughput import RunFailed
from schemas.order_paid import OrderPaid
from schemas.tracking_update import TrackingUpdate

END = 1_795_000_000_000

LOG = """\
%4|1763600400.1|FAIL|rdkafka#producer-1| a library in words of its own
{"time": "2026-11-20T02:00:01.500+00:00", "level": "info", "event": "worker_starts"}
{"time": "2026-11-20T02:00:04.000+00:00", "event": "restore_done", "records": 9000, "seconds": 2.0}
{"time": "2026-11-20T02:00:04.250+00:00", "event": "partitions_assigned", "partitions": [0, 1]}
{"time": "2026-11-20T02:00:09.000+00:00", "event": "partitions_assigned", "partitions": [0]}
"""
STARTED = 1_795_140_000.0
"""2026-11-20T02:00:00Z."""


def test_live_parcels_are_what_the_contract_asks_for() -> None:
    """Every record passes the contract's models under its canonical key, no parcel comes twice."""
    keys = []
    for event in restart.LiveParcels(300, END).events():
        if event.order:
            assert OrderPaid.model_validate_json(event.value).order_id == event.key
        else:
            update = TrackingUpdate.model_validate_json(event.value)
            assert f"{update.carrier}:{update.tracking_number}" == event.key
            assert update.order_ids
        keys.append(event.key)
    assert len(set(keys)) == len(keys) == 600


def test_nothing_is_due_for_ten_hours() -> None:
    """At risk from 18 h after the upload, or 36 h after the payment, on: all later than that."""
    for event in restart.LiveParcels(2_000, END).events():
        at_risk = event.arrival + (36 if event.order else 18) * load.HOUR
        assert at_risk > END + 10 * load.HOUR
        assert event.arrival < END


@pytest.mark.parametrize(("share", "orders"), [(0.0, 0), (0.25, 250), (1.0, 1000)])
def test_as_many_orders_are_known_as_asked(share: float, orders: int) -> None:
    """The share counts; every parcel has its upload in any case."""
    events = list(restart.LiveParcels(1_000, END, with_order=share).events())
    assert sum(event.order for event in events) == orders
    assert sum(not event.order for event in events) == 1_000


def test_a_restart_is_split_into_phases() -> None:
    """The phases follow from the log, and add up to the time of the first warning."""
    phases = restart.split(LOG, STARTED, 5.0)
    assert phases == {
        "program": 1.5,
        "joining": 0.5,
        "restoring": 2.0,
        "opening": 0.25,
        "judging": 0.75,
    }
    assert restart.restored(LOG) == (9000, 2.0)


def test_the_marks_are_events_that_a_worker_has() -> None:
    """Named in the page about logs, which a test holds against the code."""
    page = (Path(__file__).parents[1] / "docs" / "logs.md").read_text()
    assert [mark for mark in restart.MARKS if f"### `{mark}`" not in page] == []


@pytest.mark.parametrize("mark", restart.MARKS)
def test_a_log_that_lacks_a_mark_is_a_failure(mark: str) -> None:
    """A worker that says something else than expected must not give wrong figures."""
    log = "".join(line for line in LOG.splitlines(keepends=True) if mark not in line)
    with pytest.raises(RunFailed, match="the log does not say"):
        restart.split(log, STARTED, 5.0)


def test_the_summary_takes_medians() -> None:
    """By kind of restart; the slowest run and the greatest memory stay visible."""
    phases = dict.fromkeys(restart.PHASES, 1.0)
    runs = [
        restart.Restart("warm", n, phases, first, first + 1, 2.0, 100, 0.5, 50.0 + n, 1.0)
        for n, first in enumerate([9.0, 3.0, 4.0])
    ]
    row = restart.summary(runs)["warm"]
    assert (row["runs"], row["first"], row["slowest"], row["peak_rss_mib"]) == (3, 4.0, 9.0, 52.0)
    assert row["restored_per_second"] == 200
    assert "| warm | 4.00 (9.00) | 5.00 |" in restart.table({"warm": row})
