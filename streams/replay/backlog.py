"""A machine for whoever asks once: facts are applied as they come, and judged at one time only.

A worker that finds a backlog does the same: the warnings that stand at a time are a pure function
of the facts received by then. What stood in between is not to be had; it costs a third.
"""

from __future__ import annotations

from collections import deque

from streams.engine.kafka.types import Effects
from streams.replay.machine import Machine
from streams.tables.processor import Batch


class Backlog(Machine):
    """Judges each state once, in `advance`, after which nothing more may arrive.

    No state ends before: memory follows the length of the history, which `Machine`'s does not.
    """

    def advance(self, until: int) -> None:
        """Judge everything at `until` (µs)."""
        self._judge(
            {
                number: dict.fromkeys(self._tables.rows[processor.table], 0)
                for number, processor in enumerate(self._processors)
                if processor.table != "tracks"
            },
            until,
        )

    def _pass(self, until: int) -> None:
        """Deadlines wait for `advance`."""

    def _arrive(self, topic: str, name: str, fact: object, now: int) -> bool:
        batch = Batch([name], [name.encode()], [[fact]], [[0]])
        waiting = deque([(topic, batch)])
        refused = False
        while waiting:
            topic, batch = waiting.popleft()
            processor, intake = self._intakes[topic]
            stored = self._tables.get_many(processor.table, 0, batch.keys)
            applied = intake.apply(batch, stored, now, 0)
            rows = self._tables.rows[processor.table]
            for key, each in zip(batch.keys, applied, strict=True):
                self.late += each.late
                refused = refused or bool(each.refused)
                if each.changed:
                    rows[key] = each.state
            effects = Effects()
            processor.reply(applied, effects)
            waiting.extend((output.topic, self._batch(output)) for output in effects.outputs)
        return not refused
