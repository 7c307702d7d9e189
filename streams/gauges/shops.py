"""Which shops have labels of their own: the same for all workers.

A shop's parcels are spread over all partitions, so over all workers. Were each to choose its own
shops, a shop near the end of the list would be named by some and `other` with the rest, and the sum
of what bears its name would be too small. So each worker tells the others now and then for which of
its shops most warnings stand, and all choose from what all said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import nsmallest

import msgspec

from streams.engine.kafka.unreadable import UNREADABLE
from streams.state.standing import Shop
from streams.telemetry.metrics import OTHER, SHOPS_SHOWN

TOLD = 2 * SHOPS_SHOWN
"""Shops that each worker names to the others."""

TOLD_EVERY = 5.0
"""Seconds between two of its words."""

FORGOTTEN_AFTER = 20.0
"""Seconds after which a worker that is not heard any more counts as gone."""

_MOST_WORKERS = 1_000
"""Workers that are listened to at a time: as many as partitions at most, each with its own name."""

_Word = list[tuple[str, str, int]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Word).decode


class Shops:
    """The shops that are named, by what this worker and the others last said. Times in seconds."""

    def __init__(self) -> None:
        self._own: _Word = []
        self._next = 0.0
        self._heard: dict[str, tuple[float, _Word]] = {}
        self._named: frozenset[Shop] = frozenset()

    def word(self, standing: Mapping[Shop, int]) -> bytes:
        """This worker's shops with the most warnings, to be told to the others."""
        self._own = [
            (*shop, number)
            for shop, number in nsmallest(
                TOLD, standing.items(), key=lambda item: (-item[1], item[0])
            )
        ]
        return _encode(self._own)

    def is_time(self, now: float) -> bool:
        """Whether it is time for the next word; `True` once for each."""
        if now < self._next:
            return False
        self._next = now + TOLD_EVERY
        return True

    def hear(self, worker: str, word: bytes, now: float) -> None:
        """Another worker's word; what is none is passed over."""
        if len(self._heard) >= _MOST_WORKERS and worker not in self._heard:
            return
        try:
            self._heard[worker] = (now, _decode(word)[:TOLD])
        except UNREADABLE:
            return

    def choose(self, now: float) -> None:
        """Name the shops with the most warnings of all that is known."""
        self._heard = {
            worker: said for worker, said in self._heard.items() if now - said[0] <= FORGOTTEN_AFTER
        }
        total: dict[Shop, int] = {}
        for word in (self._own, *(said for _, said in self._heard.values())):
            for platform, shop, number in word:
                total[platform, shop] = total.get((platform, shop), 0) + number
        best = nsmallest(SHOPS_SHOWN, total.items(), key=lambda item: (-item[1], item[0]))
        self._named = frozenset(shop for shop, _ in best)

    def labels(self) -> Callable[[str, str], str]:
        """Gives a shop's label, its own name or `other`, by what is chosen now."""
        named = self._named
        return lambda platform, shop: shop if (platform, shop) in named else OTHER
