"""Times for a person to read: all in one zone, that of the texts of warnings."""

from __future__ import annotations

from datetime import datetime

from streams.facts.times import BEIJING


def beijing(moment: str | None) -> str:
    """`2026-11-21 18:00:01+08:00`, to the second; what cannot be read as a time stays as it is."""
    try:
        found = datetime.fromisoformat(moment or "")
    except ValueError:
        return moment or "-"
    if found.tzinfo is None:
        return str(moment)
    return found.astimezone(BEIJING).isoformat(" ", "seconds")
