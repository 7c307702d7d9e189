"""The numbers of one worker's states: counted once at an assignment, kept in step from then on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from streams.engine.kafka.types import Effects
from streams.engine.store.sweep import States
from streams.facts.times import SECOND
from streams.gauges.days import Days
from streams.gauges.shops import Shops
from streams.gauges.shortages import Shortages
from streams.profiles.model import Profiles
from streams.state.codec import TABLES, day_counts_of, load_stock, published_of
from streams.state.shop_days import day_text
from streams.state.standing import Standing
from streams.tables.observations import Changed, Day, First, Stocked
from streams.telemetry.metrics import WARNING_LEAD


class Board:
    """An engine's observer: what stands, how many states there are, the shops' present day.

    `clock` gives µs since the epoch, `seconds` is monotonic. Partitions that are not counted yet
    are left out of everything but `days`.
    """

    def __init__(
        self,
        profiles: Profiles,
        clock: Callable[[], int],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.standing = Standing()
        self.states: dict[str, int] = {}
        self.days = Days(profiles)
        self.shortages = Shortages()
        self.shops = Shops()
        self._profiles = profiles
        self._clock = clock
        self._seconds = seconds
        self._waiting: dict[int, _Part] = {}

    def assigned(self, partitions: frozenset[int]) -> None:
        """Begin anew: everything will be counted."""
        self.standing = Standing()
        self.states = {}
        self.days = Days(self._profiles)
        self.shortages = Shortages()
        self._waiting = {partition: _Part(Standing(), {}, Shortages()) for partition in partitions}

    def accepted(self, effects: Effects) -> None:
        """Keep in step with what a chunk changed."""
        part = self._waiting.get(effects.partition)
        standing, states, shortages = part or _Part(self.standing, self.states, self.shortages)
        for table, puts in effects.puts.items():
            new = 0
            for put in puts:
                if not put.old_due:
                    new += put.value is not None
                elif put.value is None:
                    new -= 1
            if new:
                states[table] = states.get(table, 0) + new
        for note in effects.observations:
            if isinstance(note, Changed):
                standing.change(note.before, note.after)
            elif isinstance(note, Day):
                self.days.set(note, self._clock())
            elif isinstance(note, Stocked):
                shortages.change(note)
            elif isinstance(note, First):
                WARNING_LEAD.observe((note.lead / SECOND,), note.rule)

    def count(self, table: str, states: Iterator[States]) -> Callable[[int], None]:
        """Add up a partition's stored states; runs in a thread, so it touches nothing of ours."""
        standing, shortages, days, number = Standing(), Shortages(), [], 0
        since = self._oldest_day()
        for batch in states:
            number += len(batch)
            if table in TABLES:
                for _, value in batch:
                    published = published_of(table, value)
                    if published:
                        standing.add(published)
            elif table == "meters":
                days += [_day(value) for key, value in batch if key[-len(since) :] >= since]
            elif table == "stock":
                for _, value in batch:
                    row = load_stock(value)
                    shortages.change(Stocked(row.platform, row.shop_id, 0, row.short_by))

        def take_over(partition: int) -> None:
            part = self._waiting[partition]
            part.standing.merge(standing)
            part.shortages.merge(shortages)
            part.states[table] = part.states.get(table, 0) + number
            for day in days:
                if not self.days.knows(day.platform, day.shop_id, day.day):
                    self.days.set(day, self._clock())

        return take_over

    def counted(self, partition: int) -> None:
        """A partition is in the numbers from now on."""
        part = self._waiting.pop(partition)
        self.standing.merge(part.standing)
        self.shortages.merge(part.shortages)
        for table, number in part.states.items():
            self.states[table] = self.states.get(table, 0) + number

    def word(self) -> bytes:
        """Now and then, the shops for which most warnings stand."""
        now = self._seconds()
        if not self.shops.is_time(now):
            return b""
        word = self.shops.word(self.standing.shops())
        self.shops.choose(now)
        return word

    def heard(self, worker: str, word: bytes) -> None:
        """Another worker's shops."""
        self.shops.hear(worker, word, self._seconds())

    def _oldest_day(self) -> bytes:
        """The earliest day that is of use, as the keys of meters end with it."""
        now = self._clock()
        platforms = {profile.platform for profile in self._profiles.all}
        return day_text(min(self.days.oldest(platform, now) for platform in platforms)).encode()


class _Part(NamedTuple):
    """What changed in a partition whose stored states are still being counted, then all of it."""

    standing: Standing
    states: dict[str, int]
    shortages: Shortages


def _day(value: bytes) -> Day:
    return Day(*day_counts_of(value))
