"""Times as command lines and files give them."""

from __future__ import annotations

from schemas import times
from streams.decode.clock import parse_us


def parse_time(value: object) -> int | None:
    """An ISO-8601 time with offset as µs since the epoch; None where it is none."""
    if not isinstance(value, str):
        return None
    moment = parse_us(value)
    if moment is not None:
        return moment
    try:
        return times.to_us(times.parse(value))
    except ValueError:
        return None
