"""A clock on which days pass in seconds, and which stands a minute after the history is over."""

from __future__ import annotations

import time
from collections.abc import Callable

RUNS_ON = 60_000_000
"""µs for which it goes on after the end, at the pace of real time."""


class SimulatedClock:
    """Stands at `starts_at` until `start()`, then runs `speed` times real time up to `ends_at`.

    For RUNS_ON after that it runs like any other, so that what waits a moment to be published comes
    out; then it stands. Times are µs since the epoch. Read by several threads, started by one.
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
        elapsed = (self._monotonic() - self._started) * 1_000_000
        left = self.ends_at - self.starts_at - elapsed * self._speed
        if left > 0:
            return self.ends_at - int(left)
        return self.ends_at + min(int(-left / self._speed), RUNS_ON)

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
