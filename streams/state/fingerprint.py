"""What makes two delivered tracks the same: a hash of times, statuses and locations as sent."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple

from streams.facts.facts import STATUS_CODE
from streams.facts.statuses import NOT_RECORDS
from streams.state.state import Checkpoint

DELIVERED = STATUS_CODE["delivered"]

_mark = Struct(">qBI").pack


class Track(NamedTuple):
    """A delivered track: when it ended, how many records it has, and a hash of them all."""

    delivered_at: int
    length: int
    signature: bytes


def track_of(records: Sequence[Checkpoint]) -> Track | None:
    """The track of one life up to its first `delivered`, None where it has not got there.

    Times, statuses and locations as sent make the signature; their order and repeats of all three
    by records that differ otherwise count, the order of records of one instant does not. A record
    of which a former release kept no node, and so no location, makes it incomparable: None.
    """
    for record in records:
        if record.status == DELIVERED:
            delivered_at = record.at
            break
    else:
        return None
    compared = [
        record
        for record in records
        if record.at <= delivered_at and record.status not in NOT_RECORDS
    ]
    if not all(record.node for record in compared):
        return None
    marks = sorted(_mark(record.at, record.status, record.spot) for record in compared)
    return Track(delivered_at, len(marks), blake2b(b"".join(marks), digest_size=16).digest())
