"""The present day of every shop: its orders, and how far it is from the platform's lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from streams.facts.times import DAY
from streams.profiles.model import Profiles
from streams.shops.risks import meter_of
from streams.shops.windows import reach_of, rolling
from streams.state.shop_lines import Counts, Line, reading
from streams.state.standing import Shop
from streams.tables.observations import Day


class Today(NamedTuple):
    """One shop's present day: its counts, and the distance to each of the platform's lines."""

    shop: Shop
    counts: Counts
    distances: tuple[tuple[str, int], ...]


class Days:
    """Counts of the latest days of each shop; older ones are forgotten."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._shops: dict[Shop, dict[int, Counts]] = {}
        self._swept = 0
        self._reaches: dict[str, int] = {}

    def oldest(self, platform: str, now: int) -> int:
        """The earliest day that is still of use at `now` (µs)."""
        if platform not in self._reaches:
            self._reaches[platform] = reach_of(self._profiles, platform)
        return self.present(platform, now) - self._reaches[platform] - 1

    def present(self, platform: str, now: int) -> int:
        """The platform's day at `now` (µs), in days since 1970-01-01."""
        return meter_of(self._profiles, platform).day_of(now)

    def set(self, note: Day, now: int) -> None:
        """A day's counts, whole."""
        shop = note.platform, note.shop_id
        oldest = self.oldest(note.platform, now)
        if note.day < oldest:
            return
        days = {day: counts for day, counts in self._shops.get(shop, {}).items() if day >= oldest}
        # Never changed in place: who looks at it in another thread sees the old or the new one.
        self._shops[shop] = {**days, note.day: note.counts}

    def knows(self, platform: str, shop_id: str, day: int) -> bool:
        """Whether the counts of a day were said."""
        return day in self._shops.get((platform, shop_id), ())

    def at(self, now: int) -> Callable[[], Iterator[Today]]:
        """Every shop that has orders on its platform's present day at `now` (µs), or on the days to
        which a line looks back on that day.

        What is returned looks at things as they are now, whenever and in whatever thread it is
        called.
        """
        if now // DAY != self._swept:
            self._swept = now // DAY
            self._shops = {
                shop: days
                for shop, days in self._shops.items()
                if max(days) >= self.oldest(shop[0], now)
            }
        shops = dict(self._shops)
        return lambda: self._today(shops, now)

    def _today(self, shops: dict[Shop, dict[int, Counts]], now: int) -> Iterator[Today]:
        platforms: dict[str, tuple[int, list[Line]]] = {}
        for shop, days in shops.items():
            platform = shop[0]
            known = platforms.get(platform)
            if known is None:
                known = platforms[platform] = self._lines(platform, now)
            today, lines = known
            counts = days.get(today, ())
            distances: list[tuple[str, int]] = []
            if any(counts):
                distances = [
                    (line.name, reading(line, _run(days, today, line.days)).distance)
                    for line in lines
                    if line.window is None
                ]
            distances += [
                (found.line.name, found.distance)
                for found in rolling(lines, today, days)
                if any(found.counts)
            ]
            if any(counts) or distances:
                yield Today(shop, counts, tuple(distances))

    def _lines(self, platform: str, now: int) -> tuple[int, list[Line]]:
        """A platform's present day, and the lines that it draws for shops on that day."""
        today = self.present(platform, now)
        start = meter_of(self._profiles, platform).midnight(today)
        meter = self._profiles.at(platform, start).meter
        lines = () if meter is None else meter.lines
        return today, [line for line in lines if line.subject == "shop"]


def _run(days: dict[int, Counts], last: int, number: int) -> list[Counts]:
    """The counts of so many days running, the last one first."""
    return [days.get(last - n, ()) for n in range(number)]
