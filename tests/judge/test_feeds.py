"""A carrier's whole feed is silent, or only quiet as usual."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.facts.times import DAY, HOUR, MINUTE, SECOND
from streams.judge.feeds import IN_TIME, MOST_CARRIERS, SOONEST, WEEK, Feeds

MONDAY = 20_780 * DAY
"""2026-11-23T00:00:00Z."""
CLOSES, OPENS = 22 * HOUR, 30 * HOUR
"""A carrier that sends nothing from 22:00 to 06:00."""


def listening() -> Feeds:
    """Feeds of a process that was never behind."""
    return Feeds(since=0)


def every(feeds: Feeds, step: int, start: int, stop: int, carrier: str = "zto") -> None:
    """A record each `step` from `start` up to and including `stop`."""
    for now in range(start, stop + 1, step):
        feeds.hear({carrier: 1}, now)


def closing_at_night(feeds: Feeds, days: range) -> None:
    """A record each minute from 06:00 to 22:00, on these days after MONDAY."""
    for day in days:
        every(feeds, MINUTE, MONDAY + day * DAY + OPENS - DAY, MONDAY + day * DAY + CLOSES)


def test_a_busy_feed_is_silent_after_minutes() -> None:
    """A thousand records an hour, then nothing: silent after ten minutes, not a moment before."""
    feeds = listening()
    stop = MONDAY + 2 * DAY + 14 * HOUR
    every(feeds, 4 * SECOND, MONDAY, stop)
    assert not feeds.silent("zto", stop + 10 * MINUTE - 1)
    assert feeds.silent("zto", stop + 10 * MINUTE)


@pytest.mark.parametrize(("pause", "usual_pauses"), [(30 * MINUTE, 4), (10 * MINUTE, 4)])
def test_a_slower_feed_has_four_times_its_usual_pause(pause: int, usual_pauses: int) -> None:
    """What counts is the feed's own habit at this hour, on both sides of the boundary."""
    feeds = listening()
    stop = MONDAY + 2 * DAY + 14 * HOUR
    every(feeds, pause, MONDAY, stop)
    assert not feeds.silent("zto", stop + usual_pauses * pause - 1)
    assert feeds.silent("zto", stop + usual_pauses * pause)


def test_a_feed_is_not_silent_before_a_day_of_it_is_known() -> None:
    """In its first day nobody knows what is usual; from the same hour of the next day on it is."""
    feeds = listening()
    every(feeds, MINUTE, MONDAY + 10 * HOUR, MONDAY + 20 * HOUR)
    # Ten in the morning is known, and the hour after whatever is known.
    assert not feeds.silent("zto", MONDAY + DAY + 10 * HOUR - 1)
    assert feeds.silent("zto", MONDAY + DAY + 10 * HOUR)


def test_a_night_that_was_seen_once_is_usual() -> None:
    """At four in the morning of the second night nothing is wrong."""
    feeds = listening()
    closing_at_night(feeds, range(2))
    for hour in range(22, 30):
        assert not feeds.silent("zto", MONDAY + DAY + hour * HOUR)


def test_a_feed_that_does_not_come_back_in_the_morning_is_silent() -> None:
    """Two hours after it usually wakes: one of them for carriers that are not on the minute."""
    feeds = listening()
    closing_at_night(feeds, range(3))
    morning = MONDAY + 3 * DAY
    assert not feeds.silent("zto", morning + 8 * HOUR - 1)
    assert feeds.silent("zto", morning + 8 * HOUR)


def test_a_feed_that_stopped_by_day_is_silent_all_night() -> None:
    """What began as a silence does not become usual because night falls; a record ends it."""
    feeds = listening()
    closing_at_night(feeds, range(3))
    day = MONDAY + 3 * DAY
    every(feeds, MINUTE, day + 6 * HOUR, day + 21 * HOUR)
    assert not feeds.silent("zto", day + 21 * HOUR + SOONEST - 1)
    assert feeds.silent("zto", day + 28 * HOUR)
    feeds.hear({"zto": 1}, day + 28 * HOUR + 1)
    assert not feeds.silent("zto", day + 28 * HOUR + 2)


def test_closed_on_sundays() -> None:
    """The second free Sunday is usual, and Monday's silence is still seen at once."""
    feeds = listening()
    for day in range(15):
        if day not in (6, 13):
            closing_at_night(feeds, range(day, day + 1))
        elif day == 13:
            for hour in range(6, 30):
                assert not feeds.silent("zto", MONDAY + day * DAY + hour * HOUR)
    monday = MONDAY + 14 * DAY + CLOSES
    assert not feeds.silent("zto", monday + 4 * HOUR)
    every(feeds, MINUTE, MONDAY + 15 * DAY + 6 * HOUR, MONDAY + 15 * DAY + 12 * HOUR)
    assert feeds.silent("zto", MONDAY + 15 * DAY + 12 * HOUR + SOONEST)


def test_one_odd_day_teaches_nothing() -> None:
    """After an outage of six hours the next one is seen as soon as the first."""
    feeds = listening()
    outage = MONDAY + 3 * DAY + 10 * HOUR
    every(feeds, MINUTE, MONDAY, outage)
    assert feeds.silent("zto", outage + SOONEST)
    stop = outage + DAY + HOUR
    every(feeds, MINUTE, outage + 6 * HOUR, stop)
    assert not feeds.silent("zto", stop + SOONEST - 1)
    assert feeds.silent("zto", stop + SOONEST)


@pytest.mark.parametrize(("step", "silent"), [(40 * MINUTE, True), (3 * HOUR, False)])
def test_of_a_rare_carrier_nothing_is_said(step: int, silent: bool) -> None:
    """Its pauses are chance: eight records a day are too few to call a feed silent."""
    feeds = listening()
    every(feeds, step, MONDAY, MONDAY + 4 * DAY)
    assert feeds.silent("zto", MONDAY + 5 * DAY) is silent


def test_carriers_are_apart() -> None:
    """One feed's silence is not another's, and an unknown carrier has none."""
    feeds = listening()
    stop = MONDAY + 2 * DAY
    every(feeds, MINUTE, MONDAY, stop)
    every(feeds, MINUTE, MONDAY, stop + HOUR, "yto")
    now = stop + HOUR
    assert [feeds.silent(name, now) for name in ("zto", "yto", "sto")] == [True, False, False]


class TestReadingBehind:
    """While records wait to be read, quiet says nothing of the carrier."""

    stop = MONDAY + 2 * DAY + 14 * HOUR

    def known(self) -> Feeds:
        """A feed with a record a minute that was heard in time until `stop`."""
        feeds = Feeds()
        for now in range(MONDAY, self.stop + 1, MINUTE):
            feeds.listen(now, now)
            feeds.hear({"zto": 1}, now)
        return feeds

    @pytest.mark.parametrize(("lag", "silent"), [(IN_TIME, True), (IN_TIME + 1, False)])
    def test_a_gate_that_lags(self, lag: int, silent: bool) -> None:
        """Up to a minute is in time; with more, no feed is silent."""
        feeds = self.known()
        for now in range(self.stop, self.stop + HOUR, SECOND):
            feeds.listen(now, now - lag)
        assert feeds.silent("zto", self.stop + HOUR) is silent

    def test_held_partitions(self) -> None:
        """Right after a start the gate is closed: nothing is silent."""
        feeds = self.known()
        assert not feeds.listen(self.stop + HOUR, None)
        assert not feeds.silent("zto", self.stop + HOUR)

    @pytest.mark.parametrize(("away", "silent"), [(IN_TIME, True), (IN_TIME + 1, False)])
    def test_a_process_that_was_away(self, away: int, silent: bool) -> None:
        """Nobody listened for more than a minute: quiet is counted from its return."""
        feeds = self.known()
        now = self.stop + SOONEST - 1
        for moment in range(self.stop, now, SECOND):
            feeds.listen(moment, moment)
        feeds.listen(now, now)
        feeds.listen(now + away, now + away)
        assert feeds.silent("zto", now + away) is silent

    def test_quiet_counts_from_the_end_of_the_backlog(self) -> None:
        """An hour behind, then in time: silent after ten minutes of listening, not at once."""
        feeds = self.known()
        back = self.stop + HOUR
        feeds.listen(back - 1, None)
        for now in range(back, back + SOONEST + SECOND, SECOND):
            feeds.listen(now, now)
        assert not feeds.silent("zto", back + SOONEST - 1)
        assert feeds.silent("zto", back + SOONEST)

    def test_a_silence_from_before_is_looked_at_again(self) -> None:
        """It was silent, then reading fell behind: perhaps its records are waiting."""
        feeds = self.known()
        now = self.stop + HOUR
        for moment in range(self.stop, now + 1, SECOND):
            feeds.listen(moment, moment)
        assert feeds.silent("zto", now)
        feeds.listen(now + 1, None)
        feeds.listen(now + 2, now + 2)
        assert not feeds.silent("zto", now + 3)

    def test_a_backlog_teaches_nothing(self) -> None:
        """Neither the hours of not reading nor the flood after them are the carrier's habit."""
        feeds = self.known()
        before = feeds.dump()
        back = self.stop + 5 * HOUR
        feeds.listen(back, back - 5 * HOUR)
        feeds.hear({"zto": 10_000}, back)
        assert feeds.dump() == before
        feeds.listen(back + 1, back + 1)
        feeds.hear({"zto": 1}, back + 2)
        after = msgspec.msgpack.decode(feeds.dump())["zto"]["days"]
        assert after == msgspec.msgpack.decode(before)["zto"]["days"]


@given(st.lists(st.integers(1, 30 * HOUR), max_size=12), st.integers(0, 3 * DAY))
def test_asking_changes_nothing(asks: list[int], stop: int) -> None:
    """Whether a feed is silent depends on its records and the time, not on who asked before."""
    asked, quiet = listening(), listening()
    last = MONDAY + 2 * DAY + stop
    for feeds in (asked, quiet):
        every(feeds, 20 * MINUTE, MONDAY, last)
    now = last
    for wait in asks:
        now += wait
        answer = asked.silent("zto", now)
        fresh = listening()
        fresh.load(quiet.dump())
        assert fresh.silent("zto", now) is answer


def test_what_a_wrong_clock_heard_does_not_keep_a_feed_from_being_followed() -> None:
    """A day ahead: the next record that comes is the newest all the same."""
    feeds = listening()
    feeds.hear({"zto": 5}, MONDAY + DAY)
    every(feeds, MINUTE, MONDAY, MONDAY + 10 * MINUTE)
    assert feeds.report(MONDAY + 11 * MINUTE) == [("zto", 11.0, False, MINUTE)]


def test_what_was_learned_can_be_kept() -> None:
    """A later process knows nights and traffic from `dump`, and listens anew."""
    first = listening()
    closing_at_night(first, range(3))
    second = Feeds()
    second.load(first.dump())
    night = MONDAY + 2 * DAY + 26 * HOUR
    morning = MONDAY + 3 * DAY + 9 * HOUR
    second.listen(night, night)
    assert not second.silent("zto", night + HOUR)
    for now in range(morning, morning + SOONEST + 1, SECOND):
        second.listen(now, now)
    assert second.silent("zto", morning + SOONEST)
    with pytest.raises(msgspec.MsgspecError):
        second.load(b"\x93\x01")


def test_all_of_it_has_an_end() -> None:
    """A bounded number of carriers, of days, and a carrier that is gone is forgotten."""
    feeds = listening()
    for day in range(40):
        feeds.hear({"zto": 100}, MONDAY + day * DAY)
        feeds.hear({"zto": 100}, MONDAY + day * DAY + 23 * HOUR)
    assert len(feeds.feeds["zto"].days) == WEEK + 1
    assert all(len(hours) == 24 for hours in feeds.feeds["zto"].days.values())
    last = MONDAY + 39 * DAY + 23 * HOUR
    for number in range(MOST_CARRIERS):
        feeds.hear({f"carrier-{number}": 1}, last + 1 + number)
    assert len(feeds.feeds) == MOST_CARRIERS
    assert "zto" not in feeds.feeds
    assert len(feeds.report(last + WEEK * DAY)) == MOST_CARRIERS
    gone = last + 1 + MOST_CARRIERS + WEEK * DAY
    assert not feeds.silent("carrier-0", gone)
    assert feeds.report(gone) == []


def test_a_silence_ends_after_a_week() -> None:
    """Nobody ships with that carrier any more: its feed is not called silent for ever."""
    feeds = listening()
    stop = MONDAY + 2 * DAY
    every(feeds, MINUTE, MONDAY, stop)
    assert feeds.silent("zto", stop + WEEK * DAY)
    assert not feeds.silent("zto", stop + WEEK * DAY + 1)


def test_the_report_puts_the_busiest_first() -> None:
    """Traffic of days ago weighs less; quiet is the time since the last record."""
    feeds = listening()
    feeds.hear({"old": 1_000}, MONDAY)
    feeds.hear({"old": 1, "new": 300, "also": 300}, MONDAY + 3 * DAY)
    reports = feeds.report(MONDAY + 3 * DAY + HOUR)
    assert [(report.carrier, report.traffic) for report in reports] == [
        ("also", 300),
        ("new", 300),
        ("old", 126),
    ]
    assert {report.quiet for report in reports} == {HOUR}
    feeds.listen(MONDAY + 3 * DAY + HOUR, None)
    assert {report.quiet for report in feeds.report(MONDAY + 3 * DAY + HOUR)} == {None}
