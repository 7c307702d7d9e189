"""The benchmark workload: the same for the same seed, valid, with as many faults as it says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from benchmarks.load import HOUR, LIFE, Expected, Workload, write_jsonl
from schemas.order_paid import OrderPaid
from schemas.tracking_update import TrackingUpdate

END = 1_795_000_000_000 // HOUR * HOUR


def test_a_workload_is_the_same_every_time() -> None:
    """Seed and end decide every byte; another seed gives another workload of the same kind."""
    assert list(Workload(300, END).events()) == list(Workload(300, END).events())
    assert list(Workload(300, END).events()) != list(Workload(300, END, seed=1).events())


def test_events_come_in_order_of_arrival_and_parcels_live_side_by_side() -> None:
    """Arrivals never go back, end in the past of `end`, and neighbours are of different parcels."""
    events = list(Workload(2_000, END).events())
    arrivals = [event.arrival for event in events]
    assert arrivals == sorted(arrivals)
    assert END - LIFE < arrivals[-1] < END
    alike = sum(a.key == b.key for a, b in pairwise(events))
    assert alike < len(events) * 0.01


def test_every_event_is_what_the_contract_asks_for() -> None:
    """Both kinds of records pass the contract's models, and keys are the canonical ones."""
    for event in Workload(200, END).events():
        if event.order:
            assert OrderPaid.model_validate_json(event.value).order_id == event.key
        else:
            update = TrackingUpdate.model_validate_json(event.value)
            assert f"{update.carrier}:{update.tracking_number}" == event.key


def test_the_faults_are_as_many_as_counted() -> None:
    """Reused numbers and silences, counted from the records, are those that a benchmark expects."""
    expected = Expected()
    users: dict[str, set[str]] = {}
    picked_up: dict[str, str] = {}
    next_record: dict[str, str] = {}
    values: Counter[str] = Counter()
    for event in Workload(3_000, END).events(expected):
        values[event.value] += 1
        if event.order:
            continue
        value = json.loads(event.value)
        if value["status"] == "ordered":
            users.setdefault(event.key, set()).update(value["order_ids"])
        elif value["status"] == "picked_up":
            picked_up[event.key] = value["occurred_at"]
        else:
            known = next_record.get(event.key)
            next_record[event.key] = min(known or value["occurred_at"], value["occurred_at"])
    late = sum(
        key not in next_record or hours_between(at, next_record[key]) > 24
        for key, at in picked_up.items()
    )
    assert expected.inactive == late > 50
    assert expected.duplicates == sum(len(orders) - 1 for orders in users.values()) > 25
    assert expected.kinds["repeated"] == sum(values.values()) - len(values) > 100


def hours_between(earlier: str, later: str) -> float:
    """Hours from one ISO time to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() / 3600


def test_files_hold_every_event(tmp_path: Path) -> None:
    """The files for replay have one line an event, each with its arrival."""
    expected = write_jsonl(Workload(50, END), tmp_path)
    orders = (tmp_path / "orders.jsonl").read_text().splitlines()
    tracking = (tmp_path / "tracking.jsonl").read_text().splitlines()
    assert (len(orders), len(tracking)) == (expected.orders, expected.tracking)
    assert len(orders) == 50
    assert all("received_at" in json.loads(line) for line in orders + tracking)
