"""The bundled history as if its week were another one: every time in it moved by whole days."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from schemas.times import EARLIEST
from streams.demo.history import STARTS_AT, Entry
from streams.facts.times import DAY

PRESENT_DAY = 5
"""Days of the history that lie whole before the present: the sixth has most deadlines ahead."""

TIME_FIELDS = (
    *("paid_at", "final_paid_at", "updated_at", "promised_ship_by", "promised_delivery_by"),
    *("refund_requested_at", "occurred_at", "at"),
)
"""Every field of an input message that holds a time."""

_DATE = re.compile(rb'("(?:%s)": ?")(\d{4}-\d\d-\d\d)(?=[T ])' % "|".join(TIME_FIELDS).encode())


def days_until(now: int) -> int:
    """By how many days the history moves so that `now` (µs since the epoch) falls on its sixth day.

    Days begin at midnight in Beijing, so the time of day stays what it is. Negative where `now`
    lies before.
    """
    return (now - STARTS_AT) // DAY - PRESENT_DAY


def shifted(entries: Iterable[Entry], days: int) -> list[Entry]:
    """The entries with their arrivals, and every time in their messages, `days` later.

    Nothing else changes, byte for byte: what is no message stays none, a time without an offset
    stays without, one far in the future stays as far ahead, and one that no clock ever showed
    (before 2015) stays as it is.
    """
    return [
        entry._replace(
            arrival=entry.arrival + days * DAY,
            value=entry.value and _DATE.sub(lambda found: _moved(found, days), entry.value),
        )
        for entry in entries
    ]


def _moved(found: re.Match[bytes], days: int) -> bytes:
    try:
        day = date.fromisoformat(found[2].decode())
    except ValueError:  # digits that are no day of any month
        return found[0]
    if day < EARLIEST.date():
        return found[0]
    return found[1] + (day + timedelta(days=days)).isoformat().encode()
