"""Times as a person at this machine reads them."""

from __future__ import annotations

from datetime import datetime


def local(moment: str | None) -> str:
    """A time in this machine's zone, to the second; what cannot be read stays as it is."""
    try:
        found = datetime.fromisoformat(moment or "")
    except ValueError:
        return moment or "-"
    return found.astimezone().strftime("%Y-%m-%d %H:%M:%S%z")
