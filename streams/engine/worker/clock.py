"""What time it is, and whether that can be: a wall clock that is believed while all agree with it.

A breach is made by time alone, so a clock that jumps makes breaches that never were. Here the wall
clock is compared with the time that has passed since it was last believed (by a clock that nobody
sets and that counts suspended time), and with a witness: the brokers, by the times at which they
append our ticks; where their topic does not say that, the other workers. While they differ by more
than the tolerance the clock is *doubted*, and no deadline fires. The time goes on meanwhile from
where it was believed last, so what arrives is dated by a time that can be. Decision 0098.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from streams.engine.kafka.transport import boot_time
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_SECOND = 1_000_000
_EARLIEST_MS = 1_420_070_400_000
"""2015: a broker that says less says nothing. librdkafka's in-process one always says 1234."""

FRESH_US = 10 * _SECOND
"""A word of a witness that is older counts no more."""

PATIENCE_US = 300 * _SECOND
"""A clock that was set is believed again after it has agreed with a witness for so long."""


class Clock:
    """The time of one worker in µs since the epoch. `now_us` looks at everything, and is cheap.

    `tolerance_us` is how far clocks may differ; None: the wall clock is believed whatever it shows.
    `wall` is what may be wrong, `steady` counts from anywhere and is never set.
    """

    def __init__(
        self,
        tolerance_us: int | None,
        *,
        fresh_us: int = FRESH_US,
        patience_us: int = PATIENCE_US,
        wall: Callable[[], int] | None = None,
        steady: Callable[[], int] | None = None,
    ) -> None:
        self._wall = wall or _wall_us
        self._steady = steady or _steady_us
        self._tolerance = tolerance_us
        self._fresh = fresh_us
        self._patience = patience_us
        self.set_us = self._wall() - self._steady()
        """What the believed time is ahead of the steady clock: it changes where the time is set."""
        self.last_us = self._wall()
        """What `now_us` returned last."""
        self.doubts = 0
        """How often the clock came to be doubted."""
        self.ahead_us = 0
        """How far the wall clock was ahead of the witness, else of the believed time."""
        self._doubted_at: int | None = None
        self._against = ""
        self._witnessed = False
        self._agreed: tuple[int, int] | None = None  # (since when, what the wall clock is ahead by)
        self._brokers: dict[int, tuple[int, int]] = {}  # source: (ahead of `steady`, heard)
        self._workers: dict[str, tuple[int, int]] = {}
        self._inputs: list[int] = []
        self._ticked_us = 0
        self._set_at_us = 0

    @classmethod
    def given(cls, clock: Callable[[], int]) -> Self:
        """A clock that somebody moves, of a simulation: believed whatever it shows."""
        return cls(None, wall=clock, steady=clock)

    # -- what witnesses say

    def ask_brokers(self) -> Callable[[int, int], None]:
        """Ask, by records that are sent now: call the result with the partition of each and the
        time (ms) at which the broker appended it, from any thread."""
        asked = self._steady()

        def hear(partition: int, appended_ms: int) -> None:
            heard = self._steady()
            # Asked long ago: we were frozen, and know only when that ended.
            if heard - asked <= self._fresh and appended_ms >= _EARLIEST_MS:
                self._brokers[partition] = appended_ms * 1_000 - heard, heard

        return hear

    def hear_own(self, sent_us: int) -> None:
        """Our own tick was read back: ticks of others that follow were sent about then."""
        self._ticked_us = sent_us if self._set_at_us <= sent_us <= self.last_us else 0

    def hear_worker(self, worker: str, sent_us: int) -> None:
        """A tick of another worker was read. When it was read says nothing: we may lag."""
        if self._ticked_us:
            self._workers[worker] = self.set_us + sent_us - self._ticked_us, self._steady()

    def hear_inputs(self, newest_us: Iterable[int]) -> None:
        """Kafka's time of the record read last of each partition of an input.

        Producers set it, so it is asked only where nobody else can say anything.
        """
        self._inputs = list(newest_us)

    # -- what time it is

    def now_us(self) -> int:
        """The time: the wall clock's, or while it is doubted the one that has passed since."""
        steady = self._steady()
        shown = self._wall() - steady
        if self._tolerance is None:
            self.set_us = shown
            self.last_us = steady + shown
            return self.last_us
        witness = self._witness()
        steps = not self._near(shown, self.set_us)
        differs = witness is not None and not self._near(shown, witness)
        self.ahead_us = shown - (self.set_us if witness is None else witness)
        if not steps and not differs:
            self._believe(shown, steady)
        else:
            self._disbelieve(shown, steady, by_witness=differs)
            agreed = self._inputs_prefer(shown, steady) if witness is None else not differs
            if self._has_agreed(agreed, shown, steady):
                self._believe(shown, steady)
        self.last_us = steady + self.set_us
        return self.last_us

    @property
    def doubted(self) -> bool:
        """Whether no deadline may fire, as of the last look."""
        return self._doubted_at is not None

    def problem(self) -> str | None:
        """Why the clock is doubted, in a sentence; None: it is believed."""
        if self._doubted_at is None:
            return None
        seconds = abs(self.ahead_us) // _SECOND
        way = "ahead of" if self.ahead_us > 0 else "behind"
        return f"the machine's clock is {seconds} s {way} {self._against}: deadlines are held"

    def latest_us(self) -> int:
        """The latest time at which anything can have been stored, by whatever worker.

        0: nobody bears witness that the clock is right, so it may be the stored time that is.
        """
        now = self.now_us()
        if self._tolerance is None or self.doubted:
            return 0
        if self._witness() is None and not self._inputs_agree(now):
            return 0
        return now + self._tolerance

    # -- inside

    def _near(self, one: int, other: int) -> bool:
        return self._tolerance is None or abs(one - other) <= self._tolerance

    def _witness(self) -> int | None:
        """What the time is ahead of the steady clock by, as the brokers say, else the workers.

        The middle one: a single wrong clock among three says nothing. Of two it is the earlier: a
        clock that is behind is late, one that is ahead accuses.
        """
        brokers, others = self._fresh_words(self._brokers), self._fresh_words(self._workers)
        if not brokers and not others:
            return None
        words = sorted(brokers or [self.set_us, *others])
        witness = words[(len(words) - 1) // 2]
        self._against = "the brokers'" if brokers else "the other workers'"
        if not self._witnessed and (brokers or len(others) > 1):
            # Nothing speaks for the time at which we were started but that somebody set it.
            self._witnessed = True
            if not self._near(self.set_us, witness):
                self._set(witness)
        return witness

    def _fresh_words(self, said: Mapping[Any, tuple[int, int]]) -> list[int]:
        since = self._steady() - self._fresh
        return [ahead for ahead, heard in list(said.values()) if heard >= since]

    def _set(self, ahead: int) -> None:
        """Let the believed time be ahead of the steady clock by so much."""
        if abs(ahead - self.set_us) > _SECOND:
            # What was compared with the time before means something else now.
            self._workers.clear()
            self._ticked_us = 0
            self._set_at_us = self._steady() + ahead
        self.set_us = ahead

    def _inputs_agree(self, now: int) -> bool:
        """Whether more inputs are at this time than ahead of it."""
        ahead = sum(newest > now and not self._near(newest, now) for newest in self._inputs)
        return self._inputs_at(now) > ahead

    def _inputs_prefer(self, shown: int, steady: int) -> bool:
        """Whether inputs agree with the wall clock, and more of them than with what is believed."""
        now = steady + shown
        believed = self._inputs_at(steady + self.set_us)
        return self._inputs_agree(now) and self._inputs_at(now) > believed

    def _inputs_at(self, now: int) -> int:
        return sum(self._near(newest, now) for newest in self._inputs)

    def _has_agreed(self, agreed: bool, shown: int, steady: int) -> bool:
        """Whether the wall clock, where it is now, has agreed with a witness for long enough."""
        if not agreed:
            self._agreed = None
        elif self._agreed is None or not self._near(self._agreed[1], shown):
            self._agreed = steady, shown
        return self._agreed is not None and steady - self._agreed[0] >= self._patience

    def _believe(self, shown: int, steady: int) -> None:
        self._set(shown)
        self._agreed = None
        if self._doubted_at is None:
            return
        seconds = (steady - self._doubted_at) / _SECOND
        self._doubted_at = None
        log.warning(
            "the machine's clock is believed again after %(seconds).1f s, it shows %(shown)s: "
            "deadlines go on",
            event("clock_believed", shown=_text(steady + shown), seconds=seconds),
        )

    def _disbelieve(self, shown: int, steady: int, *, by_witness: bool) -> None:
        if not by_witness:
            self._against = "the time that has passed"
            self.ahead_us = shown - self.set_us
        if self._doubted_at is not None:
            return
        self._doubted_at = steady
        self.doubts += 1
        log.error(
            "%(reason)s; it shows %(shown)s, the worker goes by %(believed)s",
            event(
                "clock_doubted",
                reason=self.problem(),
                shown=_text(steady + shown),
                believed=_text(steady + self.set_us),
                ahead_s=self.ahead_us / _SECOND,
            ),
        )


def _text(us: int) -> str:
    """A time for the log, whatever a wrong clock shows."""
    try:
        return datetime.fromtimestamp(us // _SECOND, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{us // _SECOND} s after 1970"


def _wall_us() -> int:
    return time.time_ns() // 1_000


def _steady_us() -> int:
    return int(boot_time() * _SECOND)
