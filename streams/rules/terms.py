"""What a profile says once, for every rule: which lanes there are, and when orders are due."""

from __future__ import annotations

from typing import NamedTuple

from streams.facts.times import HOUR
from streams.rules.lanes import Lanes


class Terms(NamedTuple):
    """The lanes, and after how long (µs) an order is due that brings no promise of its own; None:
    never."""

    lanes: Lanes = Lanes()
    default_promise: int | None = 48 * HOUR
