"""Events: a line of the log is a sentence made of named fields, and has a name that stays.

    log.info("reading %(partitions)s", event("partitions_assigned", partitions=[0, 1]))

The sentence takes its values from the fields, so each is given once, and `streams/cli/logs.py` sees
which ones the sentence leaves out. All events are in docs/logs.md; a test compares.
"""

from __future__ import annotations

import time
from collections.abc import Callable

RESERVED = frozenset({"time", "level", "logger", "event", "message", "exception"})
"""What every line in JSON has anyhow: no names of fields."""


class Event(dict[str, object]):
    """The fields of a line, and the event's name. `logging` fills the sentence from a mapping."""

    def __init__(self, name: str, fields: dict[str, object]) -> None:
        super().__init__(fields)
        self.name = name

    def __bool__(self) -> bool:
        # logging takes an empty mapping for an argument that the sentence has no place for.
        return True


def event(name: str, /, **fields: object) -> Event:
    """The one argument of a log call: the event's name and the fields of its sentence."""
    return Event(name, fields)


class Limited:
    """Keeps a flood of like events to one line in `every` seconds; each key is limited by itself.

    Keys are kept for ever: topics and rules, never ids.
    """

    def __init__(self, every: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._said: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def admit(self, key: str, number: int = 1) -> int | None:
        """Whether to write a line about `number` things: None says no, and they are counted.

        Else how many were left out since the last line of this key, for the line to say so.
        """
        now = self._clock()
        said = self._said.get(key)
        if said is not None and now - said < self._every:
            self._left_out[key] = self._left_out.get(key, 0) + number
            return None
        self._said[key] = now
        return self._left_out.pop(key, 0)

    def late(self) -> list[tuple[str, int]]:
        """Keys with what was left out of them and no line has said since: ask now and then."""
        if not self._left_out:
            return []
        # The next line says it, if there is one soon.
        before = self._clock() - 2 * self._every
        return [
            (key, self._left_out.pop(key))
            for key in list(self._left_out)
            if self._said[key] <= before
        ]
