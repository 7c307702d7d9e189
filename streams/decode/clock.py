"""Event times in one dictionary look-up each: the forms that producers send, cached by the hour."""

from __future__ import annotations

from schemas import times
from streams.decode.bad import DoubtfulError

_MAX_HOURS = 50_000
_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND

_WITHIN_HOUR = {
    f":{minute:02}:{second:02}": (minute * 60 + second) * _SECOND
    for minute in range(60)
    for second in range(60)
}
_hours: dict[str, tuple[int, str | None]] = {}
"""Date, hour and offset as sent → the hour's begin in µs, and in UTC as `2026-11-20T02` (None where
the offset is no whole hours)."""
_stamps: dict[int, str] = {}
"""Hours since the epoch → the same text."""


def parse_us(text: str) -> int | None:
    """Return the time as microseconds since the epoch, or None where a closer look is due.

    Equal to `schemas.times.parse` wherever it returns a number.
    """
    # Date and hour are cached together with what follows the seconds, the offset; 32 characters
    # are a time with microseconds.
    fraction = 0
    if len(text) == 32:
        digits = text[20:26]
        known = _hours.get(text[:13] + text[26:])
        if text[19] != "." or not digits.isdecimal() or not digits.isascii():
            return _parse(text)
        fraction = int(digits)
    else:
        known = _hours.get(text[:13] + text[19:])
    if known is not None:
        within = _WITHIN_HOUR.get(text[13:19])
        if within is not None:
            return known[0] + within + fraction
    return _parse(text)


def parse_instant(text: str, latest: int) -> tuple[int, str] | tuple[None, None]:
    """Return what `parse_us` does, and the time as `instant` writes it; of what is no time,
    because it is before 2015 or after `latest` (µs), neither.

    Raises DoubtfulError where a closer look is due.
    """
    known = _hours.get(text[:13] + text[19:])
    if known is not None and known[1] is not None:
        minute = text[13:19]
        within = _WITHIN_HOUR.get(minute)
        if within is not None:
            us = known[0] + within
            if times.EARLIEST_US <= us <= latest:
                return us, f"{known[1]}{minute}.000000Z"
            return None, None
    read = parse_us(text)
    if read is None:
        raise DoubtfulError
    return (read, instant(read)) if times.EARLIEST_US <= read <= latest else (None, None)


def instant(us: int) -> str:
    """Return a time as `2026-11-20T10:00:00.000000Z`, whatever offset it was sent with."""
    hour, within = divmod(us, _HOUR)
    second, fraction = divmod(within, _SECOND)
    return f"{_stamp(hour)}:{second // 60:02}:{second % 60:02}.{fraction:06}Z"


def _stamp(hour: int) -> str:
    stamp = _stamps.get(hour)
    if stamp is None:
        if len(_stamps) >= _MAX_HOURS:
            _stamps.clear()
        try:
            stamp = times.from_us(hour * _HOUR).strftime("%Y-%m-%dT%H")
        except OverflowError:  # The last hours of 9999 elsewhere, which no datetime holds in UTC.
            stamp = f"10000-01-01T{hour % 24:02}"
        _stamps[hour] = stamp
    return stamp


def _parse(text: str) -> int | None:
    fraction = 0
    plain = text
    if text[19:20] == ".":
        end = 20
        while text[end : end + 1].isdecimal():
            end += 1
        digits = text[20:end]
        if not digits or not digits.isascii() or text[end : end + 1] in (".", ","):
            return None
        fraction = int(digits[:6].ljust(6, "0"))
        plain = text[:19] + text[end:]
    within = _WITHIN_HOUR.get(plain[13:19])
    if within is None:
        return None
    try:
        base = times.to_us(times.parse(plain)) - within
    except ValueError:
        return None
    if len(_hours) >= _MAX_HOURS:
        _hours.clear()
    _hours[plain[:13] + plain[19:]] = base, None if base % _HOUR else _stamp(base // _HOUR)
    return base + within + fraction
