"""The benchmark of growth: what it writes, what it counts, and the pictures of it."""

from __future__ import annotations

import argparse
import json
import random
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from kafka_server import KafkaServer

from benchmarks import growth, plot
from schemas.tracking_update import TrackingUpdate

END = 1_795_000_000_000


def test_each_rung_takes_up_where_the_one_before_has_stopped() -> None:
    """No parcel comes twice, and none is left out."""
    parcels = growth.Parcels(END)
    keys = [event.key for number in (30, 100) for event in parcels.upto(number) if not event.order]
    assert keys == [":".join(growth.parcel(number)) for number in range(100)]


def test_scans_are_of_parcels_that_are_there() -> None:
    """Each once in a round, valid, and of another node than those of the round before."""
    parcels = growth.Parcels(END)
    uploaded = {event.key: event.arrival for event in parcels.upto(50) if not event.order}
    nodes = set()
    for _ in range(2):
        events = list(parcels.scans(40, random.Random(1)))
        assert len({event.key for event in events}) == 40
        for event in events:
            update = TrackingUpdate.model_validate_json(event.value)
            assert f"{update.carrier}:{update.tracking_number}" == event.key
            assert uploaded[event.key] < event.arrival < END
            assert update.location is not None
            nodes.add(update.location.site)
    assert len(nodes) == 2
    assert len(list(parcels.scans(80, random.Random(1)))) == 50


def test_lateness_is_counted_to_the_last() -> None:
    """The 99th of a hundred, not the greatest."""
    assert growth.lateness([float(n) for n in range(200, 0, -1)]) == (100.5, 199, 200)


def test_a_small_run(
    kafka: KafkaServer, app_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works: a worker grows, judges deadlines in time, and is restarted."""
    monkeypatch.setattr(growth.restart, "APP", app_id)
    monkeypatch.setattr(growth, "DUE_OVER_S", 2)
    monkeypatch.setattr(growth, "IDLE_S", 0.5)
    monkeypatch.setattr(growth.restart, "QUIET", 1.0)
    names = {f"{name}_topic": f"{app_id}-{name}" for name in ("orders", "tracking", "warnings")}
    settings = growth.settings_of(kafka, tmp_path).model_copy(update=names)
    options = argparse.Namespace(ladder=[200], scans=100, rate=50, due=20, runs=1, kinds=["warm"])
    [rung] = growth.grown(kafka, settings, tmp_path, tmp_path, options)
    assert (rung.parcels, rung.scans) == (200, 200)
    assert 0 < rung.us_per_event < 1e6
    assert rung.changelog_records > 2
    assert rung.lateness.p50 > 0
    assert rung.restarts["warm"]["runs"] == 1
    assert "| 200 |" in growth.table([rung])


@pytest.mark.parametrize("name", plot.drawable())
def test_pictures_are_of_what_is_kept(name: str) -> None:
    """`python -m benchmarks.plot` renews them."""
    source, draw = plot.DRAWN[name]
    drawn = draw(json.loads(source.read_text()))
    assert (plot.PICTURES / name).read_text(encoding="utf-8") == drawn
    ET.fromstring(drawn)  # noqa: S314 - our own


def test_a_curve_has_a_point_for_each_rung() -> None:
    """Also where there is one alone."""
    about = {"cores": 2, "python": "3.11", "commit": "abc"}
    for count in (1, 3):
        rungs = [{"parcels": 10**n, "us_per_event": 50.0 + n, "rss_mib": 300.0}
                 for n in range(4, 4 + count)]  # fmt: skip
        picture = plot.by_parcels({"machine": about, "date": "2026-11-30", "rungs": rungs})
        assert picture.count("<circle") == 2 * count


def test_written_events_are_those_given() -> None:
    """Once, in order."""
    events = list(islice(growth.Parcels(END).upto(3), 4))
    assert list(growth.Written(iter(events)).events()) == events
