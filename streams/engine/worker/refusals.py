"""When too much of an input becomes dead letters, it is no slip any more: its reading is stopped.

Counted for each topic partition over the last minute, in chunks as the engine accepts them. Times
are given, in seconds of a clock that never goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

MINUTE = 60.0
"""Seconds over which records are counted, and for which reading is stopped before it is tried."""

TRIED = 100
"""Records that are read to see whether an input is right again."""

K = TypeVar("K", bound=Hashable)


class Change(Enum):
    """What is to be done about an input after a chunk."""

    STOP = "stop"
    """Too much was refused: read no more of it."""
    STAY = "stay"
    """It was tried, and is as it was: read no more of it."""
    GO = "go"
    """It was tried, and is right again."""


@dataclass(slots=True)
class _Input:
    chunks: deque[tuple[float, int, int]] = field(default_factory=deque)
    """(time, records, of these refused) of the last minute."""
    records: int = 0
    refused: int = 0
    tried_at: float | None = None
    """Until then reading is stopped; None: it is not."""
    trying: bool = False


class Refusals(Generic[K]):
    """Inputs by what was refused of them: more than `number` and `share` in a minute is too much.

    `number` 0: nothing is ever too much.
    """

    def __init__(self, number: int, share: float) -> None:
        self._number = number
        self._share = share
        self._inputs: dict[K, _Input] = {}

    @property
    def stopped(self) -> list[K]:
        """The inputs of which nothing is read, or only a few records to try them."""
        return [key for key, each in self._inputs.items() if each.tried_at is not None]

    @property
    def most(self) -> int | None:
        """Records of one chunk, so that not many more than `number` are refused; None: any."""
        return max(self._number, TRIED) if self._number else None

    def accepted(self, key: K, records: int, refused: int, now: float) -> Change | None:
        """A chunk was accepted at `now`, `refused` of whose `records` became dead letters."""
        if not self._number:
            return None
        of = self._inputs.setdefault(key, _Input())
        if of.tried_at is not None:
            if not of.trying:
                return None  # it was read before reading was stopped
            if refused > self._share * records:
                of.tried_at, of.trying = now + MINUTE, False
                return Change.STAY
            self._inputs[key] = _Input()
            return Change.GO
        of.chunks.append((now, records, refused))
        of.records += records
        of.refused += refused
        while of.chunks[0][0] <= now - MINUTE:
            _, old_records, old_refused = of.chunks.popleft()
            of.records -= old_records
            of.refused -= old_refused
        if of.refused > self._number and of.refused > self._share * of.records:
            self._inputs[key] = _Input(tried_at=now + MINUTE)
            return Change.STOP
        return None

    def to_try(self, now: float) -> list[K]:
        """The inputs of which TRIED records are to be read now; each is named once."""
        found = []
        for key, of in self._inputs.items():
            if of.tried_at is not None and not of.trying and of.tried_at <= now:
                of.trying = True
                found.append(key)
        return found

    def forget(self) -> None:
        """An assignment has ended: what was stopped is read again, by whoever owns it."""
        self._inputs = {}
