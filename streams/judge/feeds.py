"""Is a carrier's whole feed silent? Each carrier against its own days.

When nothing at all is heard of a carrier, thousands of parcels look as if they stood still. Their
warnings are published all the same, and say so: `feed` is "silent". What is usual is learned: how
long, at each hour of a day, a carrier has been quiet. Times are given, in µs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from streams.facts.times import DAY, HOUR, MINUTE, SECOND

SOONEST = 10 * MINUTE
"""No feed is silent sooner, however busy."""

TIMES_USUAL = 4
"""A feed is silent after this many times its usual longest pause."""

FEWEST_A_DAY = 24
"""Of a carrier with fewer records than this a day nothing is said: chance rules its pauses."""

WEEK = 7
"""Days that are remembered; a carrier that was not heard for longer is not followed any more."""

MOST_CARRIERS = 512
"""Carriers that are followed; one more takes the place of the one heard longest ago."""

IN_TIME = 60 * SECOND
"""How far the gate may lag: behind that we are not listening, we are catching up."""


class Report(NamedTuple):
    """One carrier's feed: its records of late (halved with each day), whether it is silent, and the
    time since its last record (µs; None: we were not listening all the time)."""

    carrier: str
    traffic: float
    silent: bool
    quiet: int | None


@dataclass(slots=True)
class _Feed:
    """One carrier's records as they came in."""

    heard: int
    """When the newest came."""
    day: int
    """The day on which `traffic` was last decayed."""
    traffic: float = 0.0
    """Records of the day it was last heard and, halved with each day, of the days before."""
    days: dict[int, list[int]] = field(default_factory=dict)
    """Day → hour → the longest that the feed had then been quiet; -1: not known."""
    checked: int = 0
    """The hour up to which the present pause was looked at."""
    silent: bool = False


@dataclass(slots=True)
class Feeds:
    """What one process hears of all carriers. Tell it the time often: `listen`."""

    feeds: dict[str, _Feed] = field(default_factory=dict)
    since: int | None = None
    """Listening without a break since then; None: catching up, nothing is heard in time."""
    asked: int = 0
    """When `listen` was called last."""

    def listen(self, now: int, watermark: int | None) -> bool:
        """Say how far reading has come (`gate`); False while it is behind `now`.

        Records that waited while nobody read them say nothing about when they came.
        """
        if watermark is None or now - watermark > IN_TIME:
            self.since = None
        elif self.since is None or now - self.asked > IN_TIME:
            self.since = now
        self.asked = now
        return self.since is not None

    def hear(self, records: Mapping[str, int], now: int) -> None:
        """Records of each carrier came in at `now`; ignored while reading is behind."""
        since = self.since
        if since is None:
            return
        day = now // DAY
        for carrier, number in records.items():
            feed = self.feeds.get(carrier)
            if feed is not None and feed.heard > now + HOUR:
                feed = None  # a wrong clock heard it
            if feed is None:
                self._make_room()
                feed = self.feeds[carrier] = _Feed(now, day)
            elif now > feed.heard:
                if feed.heard >= since:
                    _note_pause(feed, now)
                feed.heard, feed.silent, feed.checked = now, False, 0
            if day > feed.day:
                feed.traffic /= 2 ** min(day - feed.day, 60)
                feed.day = day
            feed.traffic += number

    def silent(self, carrier: str, now: int) -> bool:
        """Whether the carrier's feed is silent at `now`; once silent, until a record comes."""
        feed, since = self.feeds.get(carrier), self.since
        if feed is None or since is None:
            return False
        if now - feed.heard > WEEK * DAY:
            return False
        if feed.silent and feed.heard >= since:
            return True
        heard = max(feed.heard, since)
        if now - heard < SOONEST or feed.traffic < FEWEST_A_DAY:
            return False
        first = max(heard // HOUR, feed.checked)
        for hour in range(first, min(now // HOUR, first + WEEK * 24) + 1):
            usual = _usual(feed, hour)
            if usual is None:
                continue
            quiet = min(now, (hour + 1) * HOUR) - heard
            if quiet >= max(SOONEST, TIMES_USUAL * usual):
                feed.silent = True
                return True
        feed.checked = now // HOUR
        return False

    def word(self, parcel: str | None, now: int) -> str:
        """What a warning about a parcel (its key; None: there is none) says of the feed."""
        carrier = parcel.partition(":")[0] if parcel else ""
        return "silent" if self.silent(carrier, now) else "ok"

    def report(self, now: int) -> list[Report]:
        """Every carrier's feed, the busiest first; those long gone are forgotten."""
        since = self.since
        for carrier in [c for c, feed in self.feeds.items() if now - feed.heard > WEEK * DAY]:
            del self.feeds[carrier]
        reports = [
            Report(
                carrier,
                feed.traffic,
                self.silent(carrier, now),
                None if since is None or feed.heard < since else max(0, now - feed.heard),
            )
            for carrier, feed in self.feeds.items()
        ]
        return sorted(reports, key=lambda report: (-report.traffic, report.carrier))

    def dump(self) -> bytes:
        """What was learned, for `load` in a later process."""
        return msgspec.msgpack.encode(self.feeds)

    def load(self, learned: bytes) -> None:
        """Take over what `dump` gave. Raises msgspec.MsgspecError."""
        self.feeds = msgspec.msgpack.decode(learned, type=dict[str, _Feed])

    def _make_room(self) -> None:
        if len(self.feeds) >= MOST_CARRIERS:
            del self.feeds[min(self.feeds, key=lambda carrier: self.feeds[carrier].heard)]


def _note_pause(feed: _Feed, now: int) -> None:
    """A pause ended at `now`: note, for each hour that it touched, how long it was by then."""
    heard = feed.heard
    last = now // HOUR
    for hour in range(max(heard // HOUR, last - WEEK * 24), last + 1):
        day, of_day = divmod(hour, 24)
        hours = feed.days.get(day)
        if hours is None:
            for old in [known for known in feed.days if known < day - WEEK]:
                del feed.days[old]
            hours = feed.days[day] = [-1] * 24
        quiet = min(now, (hour + 1) * HOUR) - heard
        if quiet > hours[of_day]:
            hours[of_day] = quiet


def _usual(feed: _Feed, hour: int) -> int | None:
    """The longest usual pause at an hour (since the epoch); None: that is not known yet.

    The median of the last days, so that one odd day teaches nothing, and the same day a week ago:
    some do not work on Sundays. The hour before counts too: nobody starts to the minute.
    """
    last_week = _longest(feed, hour - WEEK * 24)
    days = sorted(v for ago in range(1, WEEK) if (v := _longest(feed, hour - ago * 24)) >= 0)
    usual = max(last_week, days[len(days) // 2] if days else -1)
    return None if usual < 0 else usual


def _longest(feed: _Feed, hour: int) -> int:
    """The longest pause in an hour and the one before it; -1: not known."""
    longest = -1
    for one in hour - 1, hour:
        day, of_day = divmod(one, 24)
        hours = feed.days.get(day)
        if hours is not None and hours[of_day] > longest:
            longest = hours[of_day]
    return longest
