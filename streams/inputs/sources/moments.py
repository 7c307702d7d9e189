"""Times as sources write them. Never the arrival in place of one, never a day for a moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas import times

BEIJING = ZoneInfo("Asia/Shanghai")
"""Times without an offset of Chinese sources: all their samples fit, there is no summer time."""

MILLISECONDS = 13
"""Digits of a Unix time of today in milliseconds."""

_LOCAL = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?", re.ASCII
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})[T ]?(\d{2})(\d{2})(\d{2})", re.ASCII)
_DAY = re.compile(r"\d{4}[-/.]?\d{1,2}[-/.]?\d{1,2}", re.ASCII)


class NoMoment(Exception):
    """A text, or its absence, that names no moment; `reason` is that of a refusal."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


def moment(text: str, zone: ZoneInfo | None) -> datetime:
    """The aware moment that a text names: with an offset as it says, else in `zone`.

    Raises NoMoment: `no_time` for an empty text or a day alone, `naive_time` for a time without
    offset where no zone is known, `bad_time` for what is no time.
    """
    if not text:
        raise NoMoment("no_time", "has no time")
    try:
        return times.parse(text)
    except times.NaiveTimeError:
        pass
    except times.NotATimeError:
        if _DAY.fullmatch(text):
            raise NoMoment("no_time", f"has a day and no time: {text}") from None
    found = _LOCAL.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is None:
        raise NoMoment("bad_time", f"is no time: {text[:40]!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        naive = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its zone follows
    except ValueError:
        raise NoMoment("bad_time", f"is no time: {text[:40]!r}") from None
    if zone is None:
        raise NoMoment(
            "naive_time", f"has no offset from UTC: {text}; give the feed a default_zone"
        )
    return naive.replace(tzinfo=zone)


def from_seconds(text: str) -> datetime:
    """The moment of a Unix time in seconds; raises NoMoment (`no_time`, `bad_time`)."""
    return _from_unix(text, 1)


def from_milliseconds(text: str) -> datetime:
    """The moment of a Unix time in milliseconds; raises NoMoment (`no_time`, `bad_time`)."""
    return _from_unix(text, 1000)


def from_unix(text: str) -> datetime:
    """The moment of a Unix time whose unit is not established; raises NoMoment.

    13 digits are milliseconds, which in seconds would lie beyond the year 30000.
    """
    return from_milliseconds(text) if len(text) == MILLISECONDS else from_seconds(text)


def _from_unix(text: str, per_second: int) -> datetime:
    if not text or text == "0":
        raise NoMoment("no_time", "has no time")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NoMoment("bad_time", f"is no Unix time: {text[:40]!r}")
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text) / per_second)
    except OverflowError:
        raise NoMoment("bad_time", f"is no Unix time: {text[:40]!r}") from None


def later(seconds: str, other: Callable[[], datetime]) -> datetime:
    """The later of a Unix time in seconds and another moment; the other where there is none."""
    moment_of_other = other()
    try:
        return max(from_seconds(seconds), moment_of_other)
    except NoMoment:
        return moment_of_other


def known(at: Callable[[], datetime], arrived_at: datetime) -> datetime | None:
    """The moment that is read so, where the contract takes it for one; None where there is none."""
    try:
        return plausible(at(), arrived_at)
    except NoMoment:
        return None


def plausible(at: datetime, arrived_at: datetime) -> datetime:
    """The moment, where the contract takes it for one; else raises NoMoment.

    From 2015 on, and at most 24 hours after the arrival.
    """
    if at < times.EARLIEST:
        raise NoMoment("implausible_time", f"{at.isoformat()} is before {times.EARLIEST:%Y-%m-%d}")
    if at > arrived_at + times.MAX_AHEAD:
        raise NoMoment("time_in_future", f"{at.isoformat()} is more than a day after the arrival")
    return at
