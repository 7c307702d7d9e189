"""A carrier that falls silent, and one that is heard again, is one line of the log each."""

from __future__ import annotations

import logging

import pytest

from streams.agents.feeds import Silences
from streams.facts.times import DAY, HOUR, MINUTE
from streams.judge.feeds import WEEK, Feeds
from streams.telemetry.events import Event

START = 20_780 * DAY
NOW = START + 2 * DAY


@pytest.fixture
def feeds() -> Feeds:
    """A feed with a record a minute for two days, listened to until just now."""
    feeds = Feeds()
    for now in range(START, NOW + 1, MINUTE):
        feeds.listen(now, now)
        feeds.hear({"zto": 1}, now)
    return feeds


def listen(feeds: Feeds, first: int, last: int) -> None:
    """Time goes by, reading is in time, and nothing comes."""
    for now in range(first, last + 1, MINUTE):
        feeds.listen(now, now)


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    """The events since it was asked last, with their fields."""
    found = [(r.args.name, dict(r.args)) for r in caplog.records if isinstance(r.args, Event)]
    caplog.clear()
    return found


def test_silence_and_its_end_are_said_once(feeds: Feeds, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is looked."""
    caplog.set_level(logging.INFO)
    silences = Silences()
    silences.look(feeds)
    assert said(caplog) == []
    listen(feeds, NOW, NOW + HOUR)
    silences.look(feeds)
    silences.look(feeds)
    assert said(caplog) == [("feed_silent", {"carrier": "zto", "seconds": 3600})]
    feeds.hear({"zto": 1}, NOW + HOUR)
    silences.look(feeds)
    silences.look(feeds)
    assert said(caplog) == [("feed_heard", {"carrier": "zto", "seconds": 3600})]


def test_falling_behind_is_no_news(feeds: Feeds, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is silent while reading is behind; yet the carrier was not heard again."""
    caplog.set_level(logging.INFO)
    silences = Silences()
    listen(feeds, NOW, NOW + HOUR)
    silences.look(feeds)
    assert len(said(caplog)) == 1
    feeds.listen(NOW + HOUR, NOW)
    silences.look(feeds)
    listen(feeds, NOW + HOUR, NOW + HOUR)
    silences.look(feeds)
    assert said(caplog) == []


def test_a_carrier_that_is_gone_is_forgotten(
    feeds: Feeds, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it after a week."""
    caplog.set_level(logging.INFO)
    silences = Silences()
    listen(feeds, NOW, NOW + HOUR)
    silences.look(feeds)
    later = NOW + (WEEK + 1) * DAY
    feeds.listen(later, later)
    silences.look(feeds)
    feeds.hear({"zto": 1}, later)
    silences.look(feeds)
    assert [name for name, _ in said(caplog)] == ["feed_silent"]
