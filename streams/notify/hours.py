"""Fixed local times and quiet hours, as moments. Times are µs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.facts.times import from_datetime, to_datetime

_MINUTE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class Minute(NamedTuple):
    """A time of day."""

    hour: int
    minute: int


class Quiet(NamedTuple):
    """A span of each day; where it ends before it begins, it ends the day after."""

    begin: Minute
    end: Minute


def minute(text: str) -> Minute:
    """From HH:MM. Raises ValueError."""
    found = _MINUTE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of day: allowed is HH:MM, as in 09:00")
    return Minute(int(found[1]), int(found[2]))


def quiet(text: str) -> Quiet:
    """From HH:MM-HH:MM. Raises ValueError."""
    begin, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f"{text!r} is no span of a day: allowed is HH:MM-HH:MM, as in 22:00-08:00")
    found = Quiet(minute(begin), minute(end))
    if found.begin == found.end:
        raise ValueError(f"{text!r} begins where it ends: it would never be quiet, or always")
    return found


def next_of(minutes: Sequence[Minute], now: int, zone: ZoneInfo) -> int:
    """The first of these times of day that is not before `now`.

    A time that a day does not have, as clocks go forward over it, is the moment after the gap; of
    one that a day has twice it is the first.
    """
    today = to_datetime(now).astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(3))
    return min(
        moment for day in days for each in minutes if (moment := _at(day, each, zone)) >= now
    )


def quiet_until(spans: Sequence[Quiet], now: int, zone: ZoneInfo) -> int:
    """When it is quiet no more: `now` where it is not. Spans that touch are one."""
    moment = now
    for _ in range(len(spans) + 1):
        ends = [end for each in spans if (end := _end(each, moment, zone)) is not None]
        if not ends:
            return moment
        moment = max(ends)
    return moment


def _end(span: Quiet, now: int, zone: ZoneInfo) -> int | None:
    """When a span ends that `now` is in; None: it is in none."""
    today = to_datetime(now).astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last = day if span.begin < span.end else day + timedelta(days=1)
        if _at(day, span.begin, zone) <= now < (end := _at(last, span.end, zone)):
            return end
    return None


def _at(day: date, at: Minute, zone: ZoneInfo) -> int:
    local = datetime.combine(day, time(*at), zone)
    return from_datetime(local.astimezone(ZoneInfo("UTC")))
