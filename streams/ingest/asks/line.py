"""The orders of one feed that are to be asked for, and when the next one may be."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from streams.ingest.asks.answers import Standing
from streams.ingest.asks.table import Asking
from streams.ingest.limits import Rate
from streams.inputs.sources.asking import Credentials
from streams.telemetry.secret_files import NoSecret

AT_ONCE = 8
"""Questions of a feed under way at a time."""

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 300.0


def backoff(times: int) -> float:
    """Seconds to wait after something has failed so many times in a row."""
    return float(min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(times - 1, 30)))


class Order:
    """An order that is to be asked for: its wishes by key, and how often it could not be."""

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        self.wishes: dict[bytes, Standing] = {}
        self.failures = 0
        self.queued = False
        """Whether it waits in its line, or is being asked for."""


class FeedLine:
    """Orders in the order in which they are due; all times are those of the event loop.

    A platform that refuses us, or finds us too many, is left alone for a while: `held`. Then one
    question tries it.
    """

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.under_way = 0
        self.changed = asyncio.Event()
        self._rate = Rate(asking.rate)
        self._due: list[tuple[float, int, Order]] = []
        self._numbers = count()
        self._held_until = 0.0
        self._held = 0
        self._denied: Credentials | None = None

    def put(self, order: Order, due: float) -> None:
        """Have an order asked for at a time, or later."""
        order.queued = True
        heapq.heappush(self._due, (due, next(self._numbers), order))
        self.changed.set()

    def next(self, now: float) -> Order | None:
        """The order to ask for now; None while there is none, or none may be."""
        if not self._due or self.wait(now) > 0 or not self._rate.admit():
            return None
        return heapq.heappop(self._due)[2]

    def wait(self, now: float) -> float:
        """Seconds until the next one may be asked for, as far as is known; infinite: none."""
        if not self._due or self.under_way >= (1 if self._held else AT_ONCE):
            return float("inf")
        return max(self._due[0][0] - now, self._held_until - now, self._rate.seconds())

    def hold(self, now: float, denied: Credentials | None) -> float:
        """Leave the platform alone; until when. `denied`: it refused who asked so."""
        if self._held_until <= now:
            self._held += 1
            self._held_until = now + backoff(self._held)
        self._denied = denied
        return self._held_until

    def let_go(self) -> None:
        """The platform has answered."""
        self._held, self._held_until, self._denied = 0, 0.0, None

    def look(self) -> None:
        """Ask at once where the token that was refused is another one by now."""
        if self._denied is not None:
            try:
                if self.asking.credentials() != self._denied:
                    self.let_go()
            except NoSecret:
                pass
