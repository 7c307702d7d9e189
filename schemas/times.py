"""Event times: ISO-8601 text with an offset, and what counts as a time at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""Anything earlier is a sentinel or a clock that was never set."""

MAX_AHEAD = timedelta(hours=24)
"""How far past a message's arrival an event time may lie."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_US = (EARLIEST - EPOCH) // timedelta(microseconds=1)
MAX_AHEAD_US = MAX_AHEAD // timedelta(microseconds=1)

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"(?:([Zz])|([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)


class NotATimeError(ValueError):
    """The text is not an ISO-8601 date and time."""


class NaiveTimeError(ValueError):
    """The text is a date and time, but says no offset from UTC."""


def parse(text: str) -> datetime:
    """Return the aware time that `text` says, digits beyond the microsecond cut off.

    Accepted: `2026-11-20T10:00:00+08:00`; also a blank for the `T`, `Z`, an offset without its
    colon or minutes, no seconds, and any number of decimals. Raises `NotATimeError` or
    `NaiveTimeError`.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise NotATimeError
    year, month, day, hour, minute, second, fraction, zulu, sign, off_h, off_m = match.groups()
    try:
        naive = datetime(  # noqa: DTZ001 - the offset is added below, once it is known
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )
    except ValueError:
        raise NotATimeError from None
    if zulu:
        return naive.replace(tzinfo=UTC)
    if not sign:
        raise NaiveTimeError
    if int(off_h) > 23 or int(off_m or 0) > 59:
        raise NotATimeError
    offset = timedelta(hours=int(off_h), minutes=int(off_m or 0))
    return naive.replace(tzinfo=timezone(-offset if sign == "-" else offset))


def to_us(moment: datetime) -> int:
    """Return an aware time as whole microseconds since the epoch, UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Return microseconds since the epoch as an aware UTC time."""
    return EPOCH + timedelta(microseconds=us)
