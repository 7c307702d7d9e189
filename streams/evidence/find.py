"""Which warning is meant: by the first digits of its id, by an order, or by a number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.decode.keys import normalise_number
from streams.decode.moments import parse_time
from streams.decode.names import BUILT_IN
from streams.engine.kafka.warning_records import STATES, Read, WarningRevision, newest


class Search(NamedTuple):
    """What is known of a warning; None: anything. All that is given must hold."""

    prefix: str | None = None
    order_id: str | None = None
    number: str | None = None

    def holds(self, warning: WarningRevision) -> bool:
        """Whether the warning is one of those that are looked for."""
        return (
            (self.prefix is None or warning.warning_id.startswith(self.prefix))
            and (self.order_id is None or self.order_id in warning.order_ids)
            and (self.number is None or _is_of(warning, self.number))
        )

    def __str__(self) -> str:
        """`order 4920…, number zto:78…`."""
        parts = (
            ("id", f"{self.prefix}…" if self.prefix and len(self.prefix) < 32 else self.prefix),
            ("order", self.order_id),
            ("number", self.number),
        )
        return ", ".join(f"{name} {value}" for name, value in parts if value is not None)


class Matches(NamedTuple):
    """The warnings that were found, most urgent first, and how many records were no warnings."""

    warnings: list[WarningRevision]
    bad: int


def matches(reads: Iterable[Read], search: Search) -> Matches:
    """The warnings that `search` is about, each as its newest revision has it."""
    found, bad = newest(reads, search.holds)
    warnings = [read.warning for read in found if read.warning is not None]
    return Matches(sorted(warnings, key=urgency), bad)


def urgency(warning: WarningRevision) -> tuple[int, int, int, str]:
    """Sorts by what to do first: open ones by deadline, open ones without, newest first, then
    what has breached, ended and was withdrawn, each the latest first."""
    state = STATES.index(warning.state) if warning.state in STATES else len(STATES)
    deadline = parse_time(warning.deadline)
    if warning.state == "open" and deadline is not None:
        return state, 0, deadline, warning.warning_id
    since = {
        "open": warning.opened_at,
        "breached": warning.breached_at,
        "resolved": warning.resolved_at,
    }.get(warning.state, warning.detected_at)
    return state, 1, -(parse_time(since) or 0), warning.warning_id


def _is_of(warning: WarningRevision, wanted: str) -> bool:
    """Whether the warning is about the number, written `NUMBER` or `CARRIER:NUMBER`."""
    if warning.tracking_number is None:
        return False
    number = normalise_number(warning.tracking_number)
    if number == normalise_number(wanted):
        return True
    carrier, colon, rest = wanted.partition(":")
    return (
        colon == ":"
        and number == normalise_number(rest)
        and (warning.carrier or "") == BUILT_IN.carrier(carrier)
    )
