"""Several days that a platform looks at together: so many of them, or a week or month so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

_MONDAY = 4
"""1970-01-05 in days since 1970-01-01."""

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Window:
    """The last `days` days, or where that is 0 the calendar week (from Monday) or month so far.

    It ends `lag` days before the day of which it is asked. Days count from 1970-01-01.
    """

    days: int = 0
    calendar: Literal["", "week", "month"] = ""
    lag: int = 0

    def of(self, day: int) -> range:
        """The days that are looked at on `day`."""
        last = day - self.lag
        if self.calendar == "week":
            first = last - (last - _MONDAY) % 7
        elif self.calendar == "month":
            first = last - date.fromordinal(_EPOCH + last).day + 1
        else:
            first = last - self.days + 1
        return range(first, last + 1)

    @property
    def reach(self) -> int:
        """How many days before its day the earliest one lies, at most."""
        longest = {"week": 7, "month": 31}.get(self.calendar, self.days)
        return self.lag + longest - 1
