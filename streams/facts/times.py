"""Time as states and rules know it: integer microseconds since the epoch, always given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TOLERANCE = 5 * MINUTE
"""Clock skew allowed between a payment and the first progress of its parcel."""

WINDOW = 30 * DAY
"""Facts of one number further apart than this belong to different lives of the number."""

RETENTION = WINDOW + 5 * DAY
"""A fact that is more than this older than the newest of its key changes nothing: it is late."""

STATE_KEPT = RETENTION + WINDOW
"""How long a state outlives its last fact: a fact may be RETENTION old when it arrives, and joins
facts that are up to WINDOW older than itself."""

BEIJING = timezone(timedelta(hours=8))
"""The zone of the Chinese platforms, all year."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def from_datetime(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"a time needs an offset: {moment.isoformat()}")
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(us: int) -> datetime:
    """The aware UTC datetime of `us` microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=us)


def iso(us: int | None) -> str | None:
    """ISO-8601 in UTC with its offset, as warnings carry it; None stays None."""
    return None if us is None else to_datetime(us).isoformat()


def anchor_text(us: int) -> str:
    """The form in which a moment enters a warning id: always six decimals and a Z."""
    return to_datetime(us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
