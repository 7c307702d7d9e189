"""When something new is to be published, and by which revision."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from streams.facts.times import MILLISECOND

_encoder = msgspec.json.Encoder()


def digest(content: dict[str, Any]) -> int:
    """What tells one content from another; the order of its fields counts."""
    return int.from_bytes(blake2b(_encoder.encode(content), digest_size=8).digest(), "big")


def next_revision(last: int, now: int) -> int:
    """The revision after `last`: milliseconds since 1970 of `now` (µs), or one more."""
    return max(now // MILLISECOND, last + 1)
