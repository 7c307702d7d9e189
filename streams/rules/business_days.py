"""When an order is due whose platform counts working days: at an hour of the last of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from streams.facts.times import from_datetime, to_datetime

_DAY = timedelta(days=1)


class BusinessDays(NamedTuple):
    """Due at `ends_at` of the working day that is `promise_days` of them after the day that it
    counts from.

    A moment later than `cut_off` on its day, or on a day on which nobody works, counts from the
    next working day. Days and hours are those of `zone`. `week` has the weekdays (Monday 0) on
    which work is done, but for `holidays`; `working_days` are worked whatever day they are.
    """

    promise_days: int
    zone: tzinfo
    week: frozenset[int]
    ends_at: time
    cut_off: time | None = None
    holidays: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()

    def due(self, start: int) -> int | None:
        """The moment (µs) at which something is due that begins at `start` (µs); None: beyond the
        last day that a calendar has."""
        try:
            day = to_datetime(start).astimezone(self.zone).date()
            if not self._worked(day) or self._too_late(start, day):
                day = self._next(day)
            for _ in range(self.promise_days):
                day = self._next(day)
            return self._at(day, self.ends_at)
        except OverflowError:
            return None

    def _too_late(self, start: int, day: date) -> bool:
        return self.cut_off is not None and start > self._at(day, self.cut_off)

    def _next(self, day: date) -> date:
        day += _DAY
        while not self._worked(day):
            day += _DAY
        return day

    def _worked(self, day: date) -> bool:
        if day in self.working_days:
            return True
        return day.weekday() in self.week and day not in self.holidays

    def _at(self, day: date, hour: time) -> int:
        return from_datetime(datetime.combine(day, hour, self.zone).astimezone(UTC))
