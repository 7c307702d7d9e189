"""A warning says when its carrier's whole feed is silent; nothing else about it changes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from support.builders import (
    DAY,
    HOUR,
    MINUTE,
    PICKED,
    Message,
    order,
    picked_up,
    record,
    upload,
    us,
)
from support.two_sides import TOPICS, Loop

from schemas.shipment_warning import ShipmentWarning
from streams.facts.times import SECOND
from streams.judge.feeds import Feeds
from streams.tables.feeds import MOST_SHOWN, SHOWN_EVERY, FeedMetrics, records_of
from streams.tables.processor import Batch

STEP = timedelta(seconds=50)
"""Often enough for a worker that is in time."""


class Worker:
    """The pipeline of one worker whose clock is moved by hand."""

    def __init__(self, lag: timedelta = timedelta(0)) -> None:
        self.loop = Loop(1, us(PICKED - 3 * DAY))
        self.loop.orders.feeds = self.loop.parcels.feeds
        self.lag = lag

    def to(self, moment: datetime) -> None:
        """The clock goes on to a moment, ticking all the way."""
        while self.loop.now < us(moment):
            self.loop.now = min(self.loop.now + int(STEP.total_seconds()) * SECOND, us(moment))
            self.loop.tick(0, self.watermark)

    @property
    def watermark(self) -> int:
        """How far deadlines may go."""
        return self.loop.now - int(self.lag.total_seconds() * SECOND)

    def hear(self, *values: Message) -> None:
        """Messages arrive now."""
        for value in values:
            topic = TOPICS.tracking if "tracking_number" in value else TOPICS.orders
            self.loop.produce(topic, json.dumps(value).encode(), None, 0)
        while self.loop.waiting():
            self.loop.step(self.loop.waiting()[0], 100, self.watermark)

    def feed(self, start: datetime, stop: datetime, status: str = "in_transit") -> None:
        """The carrier reports some other parcel every five minutes."""
        moment = start
        while moment <= stop:
            self.to(moment)
            extra: dict[str, Any] = {"order_ids": ["77"]} if status == "ordered" else {}
            self.hear(record(status, moment, "78999999999999", **extra))
            moment += 5 * MINUTE

    def warnings(self) -> dict[str, dict[str, Any]]:
        """The newest revision of each warning about our parcel, by rule and stage."""
        return {
            f"{value['rule']} {value['stage']}": value
            for value in self.loop.newest().values()
            if value["order_ids"] == ["1"]
        }


def silent_feed(**worker: Any) -> Worker:
    """A feed known for three days says its last with our parcel's pickup."""
    made = Worker(**worker)
    made.feed(PICKED - 3 * DAY, PICKED - 5 * MINUTE)
    made.to(PICKED)
    made.hear(order(), upload("1"), picked_up())
    return made


def test_warnings_of_a_silent_feed_say_so() -> None:
    """They are published in time and with the same content as those of a feed that goes on."""
    dark, alive = silent_feed(), silent_feed()
    alive.feed(PICKED + 5 * MINUTE, PICKED + 24 * HOUR)
    name = "inactive_after_pickup violation"
    for worker in (dark, alive):
        worker.to(PICKED + 24 * HOUR + MINUTE)
        ShipmentWarning.model_validate_json(json.dumps(worker.warnings()[name]))
    silent, heard = dark.warnings()[name], alive.warnings()[name]
    assert (silent["feed"], heard["feed"]) == ("silent", "ok")
    assert silent["state"] == "breached"
    for outside in ("feed", "revision", "detected_at"):
        del silent[outside], heard[outside]
    silent["evidence"]["records"] = heard["evidence"]["records"] = None
    assert silent == heard


def test_a_silent_feed_is_no_reason_for_a_revision() -> None:
    """When the feed falls silent, and when it comes back, nothing is published because of it."""
    worker = silent_feed()
    worker.to(PICKED + 24 * HOUR + MINUTE)
    before = len(worker.loop.warnings)
    worker.to(PICKED + 26 * HOUR)
    worker.hear(record("in_transit", PICKED + 26 * HOUR, "78999999999999"))
    worker.to(PICKED + 26 * HOUR + MINUTE)
    assert len(worker.loop.warnings) == before
    assert worker.warnings()["inactive_after_pickup violation"]["feed"] == "silent"


def test_the_record_that_ends_the_silence_resolves_with_ok() -> None:
    """A warning that it resolves is published with a feed that is heard again."""
    worker = silent_feed()
    worker.to(PICKED + 25 * HOUR)
    worker.hear(record("hub", PICKED + 25 * HOUR))
    warning = worker.warnings()["inactive_after_pickup violation"]
    assert (warning["state"], warning["feed"]) == ("resolved", "ok")


def test_uploads_are_not_the_carriers_feed() -> None:
    """Sellers go on uploading while the carrier is silent."""
    worker = silent_feed()
    worker.feed(PICKED + 5 * MINUTE, PICKED + 24 * HOUR + 5 * MINUTE, status="ordered")
    assert worker.warnings()["inactive_after_pickup violation"]["feed"] == "silent"


@pytest.mark.parametrize(("lag", "feed"), [(0.9 * MINUTE, "silent"), (1.1 * MINUTE, "ok")])
def test_who_reads_behind_calls_nobody_silent(lag: timedelta, feed: str) -> None:
    """Records may be waiting: up to a minute behind is in time, more is not."""
    worker = silent_feed()
    worker.lag = lag
    worker.to(PICKED + 24 * HOUR + 5 * MINUTE)
    assert worker.warnings()["inactive_after_pickup violation"]["feed"] == feed


def test_what_carriers_send_is_counted_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers with news of the carrier; one with nothing but an upload is none."""
    worker = Worker()
    heard: list[Any] = []
    monkeypatch.setattr(Feeds, "hear", lambda feeds, records, now: heard.append(dict(records)))
    values = [
        upload("1"),
        record("hub", PICKED, "78000000000001"),
        record("hub", PICKED, "78000000000002"),
        record("hub", PICKED + HOUR, "78000000000002"),
        record("hub", PICKED, "YT0000000000001", carrier="yto"),
    ]
    worker.loop.now = us(PICKED + DAY)
    worker.hear(*values)
    assert heard == [{"zto": 2, "yto": 1}]
    assert records_of(Batch([], [], [], [])) == {}


def shown(name: str, carrier: str) -> float | None:
    """A metric's value for a carrier."""
    return REGISTRY.get_sample_value(name, {"carrier": carrier})


def test_operators_see_the_busiest_carriers_and_the_rest_together() -> None:
    """At most twenty labels and `other`; a carrier that falls behind loses its label."""
    feeds, metrics = Feeds(since=0), FeedMetrics()
    start = us(PICKED)
    feeds.hear({f"c{n:02}": 1_000 - n for n in range(MOST_SHOWN + 2)}, start)
    metrics.show(feeds, start + 5 * SECOND)
    assert shown("shipsentry_feed_quiet_seconds", "c19") == 5
    assert shown("shipsentry_feed_silent", "c19") == 0
    assert shown("shipsentry_feed_silent", "c20") is None
    assert shown("shipsentry_feed_quiet_seconds", "other") == 5
    feeds.hear({"c20": 500}, start + 8 * SECOND)
    metrics.show(feeds, start + 5 * SECOND + SHOWN_EVERY - 1)
    assert shown("shipsentry_feed_silent", "c20") is None, "not more often than that"
    metrics.show(feeds, start + 5 * SECOND + SHOWN_EVERY)
    assert shown("shipsentry_feed_quiet_seconds", "c20") == 7
    assert shown("shipsentry_feed_silent", "c19") is None
    assert shown("shipsentry_feed_quiet_seconds", "c19") is None
    feeds.listen(start + 20 * SECOND, None)
    metrics.show(feeds, start + 30 * SECOND)
    assert shown("shipsentry_feed_quiet_seconds", "c00") is None, "nobody knows while catching up"
    assert shown("shipsentry_feed_silent", "c00") == 0


def test_operators_see_a_silent_feed() -> None:
    """1 for the carrier; of the others how many."""
    feeds, metrics = Feeds(since=0), FeedMetrics()
    names = [f"s{n:02}" for n in range(MOST_SHOWN + 3)]
    stop = us(PICKED)
    for moment in range(us(PICKED - 2 * DAY), stop + 1, 300 * SECOND):
        feeds.hear(dict.fromkeys(names, 2), moment)
    metrics.show(feeds, stop + 3_600 * SECOND)
    assert shown("shipsentry_feed_silent", "s00") == 1
    assert shown("shipsentry_feed_silent", "other") == 3
    assert shown("shipsentry_feed_quiet_seconds", "s00") == 3_600
