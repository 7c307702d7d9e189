"""What may have been meant by a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def close_to(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name that is nearest to this one; None where none is near.

    `cutoff`: from 0, all are near, to 1, only the same.
    """
    found = difflib.get_close_matches(name, list(known), 1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """What stands after the sentence that a name is not known: `; did you mean worker?`, or `;`."""
    close = close_to(name, known, cutoff=cutoff)
    return f"; did you mean {close}?" if close else ";"
