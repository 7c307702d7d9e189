"""What readers of warnings need of a record, from the topic or from a file of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from streams.engine.kafka.unreadable import UNREADABLE

STATES = ("open", "breached", "resolved", "withdrawn")
"""What a warning can be, most urgent first."""


class Words(msgspec.Struct):
    """One text in both languages."""

    zh: str = ""
    en: str = ""


class WarningRevision(msgspec.Struct):
    """What readers need of a revision; see the contract for the rest."""

    warning_id: str
    revision: int
    state: str
    rule: str
    stage: str = ""
    severity: str = ""
    platform: str = ""
    shop_id: str | None = None
    order_ids: list[str] = []
    carrier: str | None = None
    tracking_number: str | None = None
    opened_at: str | None = None
    deadline: str | None = None
    breached_at: str | None = None
    resolved_at: str | None = None
    detected_at: str | None = None
    message: Words = msgspec.field(default_factory=Words)


class Read(NamedTuple):
    """One record: its key, its value as it is, and what the value says; `warning` None: a deletion,
    or a value that is no warning (`bad`)."""

    key: bytes | None
    value: bytes | None
    warning: WarningRevision | None
    bad: bool = False


_decode = msgspec.json.Decoder(WarningRevision).decode


def parse(key: bytes | None, value: bytes | None) -> Read:
    """A record as readers see it."""
    if value is None:
        return Read(key, None, None)
    try:
        return Read(key, value, _decode(value))
    except UNREADABLE:
        return Read(key, value, None, bad=True)


def newest(
    reads: Iterable[Read], wants: Callable[[WarningRevision], bool]
) -> tuple[list[Read], int]:
    """The newest revision of each warning if it is wanted, by id; and how many records were none.

    A deletion takes away what came before it.
    """
    found: dict[str, tuple[int, Read | None]] = {}
    bad = 0
    for read in reads:
        warning = read.warning
        if read.bad:
            bad += 1
        elif warning is None:
            found.pop((read.key or b"").decode("utf-8", "replace"), None)
        elif warning.revision >= found.get(warning.warning_id, (-1, None))[0]:
            # Also when it is not wanted: an older revision that is must not win.
            found[warning.warning_id] = (warning.revision, read if wants(warning) else None)
    return [read for _, (_, read) in sorted(found.items()) if read is not None], bad
