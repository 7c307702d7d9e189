"""Carriers and platforms that no table of aliases holds, counted and said once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from streams.decode.names import Names
from streams.tables.feeds import Slots
from streams.telemetry.counts import Counts
from streams.telemetry.events import event
from streams.telemetry.metrics import OTHER, UNKNOWN_NAMES

log = logging.getLogger(__name__)

MOST_SHOWN = 20
"""Names of a kind with a label and a line of the log of their own; the rest are one."""

OFTEN = 10
"""Facts after which a name has them."""

_LONGEST = 40
_MOST_DIGITS = 5
"""A name that is longer, or has more digits, may be an id in the wrong column."""


class UnknownNames:
    """The unknown names of a worker's table: a log line each, and a counter."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._slots = {kind: Slots(MOST_SHOWN, OFTEN) for kind in ("carrier", "platform")}
        self._said: set[tuple[str, str]] = set()

    def note(self, kind: str, codes: Iterable[str | None], counts: Counts) -> None:
        """Let the facts of a chunk be counted that are of an unknown carrier or platform."""
        found = Counter([code for code in codes if code])
        for code in sorted(self._names.unknown(kind, found)):
            label = self._slots[kind].label(code, found[code]) if _may_be_said(code) else OTHER
            counts.add(UNKNOWN_NAMES, kind, label, number=found[code])
            if label != OTHER and (kind, label) not in self._said:
                self._said.add((kind, label))
                log.warning(
                    "no table of aliases holds the %(kind)s %(name)s",
                    event("name_unknown", kind=kind, name=label),
                )


def _may_be_said(name: str) -> bool:
    return len(name) <= _LONGEST and sum(one.isdigit() for one in name) <= _MOST_DIGITS
