"""A clock on which days pass in seconds, and stop where the history ends."""

from __future__ import annotations

import time
from collections.abc import Callable


class SimulatedClock:
    """Stands at `starts_at` until `start()`, then runs `speed` times real time up to `ends_at`.

    Times are µs since the epoch. Read by several threads, started by one.
    """

    def __init__(
        self,
        starts_at: int,
        ends_at: int,
        speed: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if speed <= 0 or ends_at < starts_at:
            raise ValueError("a simulated clock runs forward")
        self.starts_at = starts_at
        self.ends_at = ends_at
        self._speed = speed
        self._monotonic = monotonic
        self._started: float | None = None

    def start(self) -> None:
        """Let time pass from now on; harmless when repeated."""
        if self._started is None:
            self._started = self._monotonic()

    def now_us(self) -> int:
        """What the clock shows."""
        if self._started is None:
            return self.starts_at
        elapsed = self._monotonic() - self._started
        return min(self.starts_at + int(elapsed * self._speed * 1_000_000), self.ends_at)

    def seconds_until(self, moment: int) -> float:
        """Real seconds until the clock shows `moment` (0: it does); infinite before `start()`."""
        if self._started is None:
            return float("inf")
        at = self._started + (moment - self.starts_at) / (self._speed * 1_000_000)
        return max(0.0, at - self._monotonic())

    @property
    def finished(self) -> bool:
        """Whether the end is reached."""
        return self.now_us() >= self.ends_at
