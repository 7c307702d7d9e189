"""A machine for whoever asks once: facts are applied as they come, and judged at one time only.

A worker that finds a backlog does the same: the warnings that stand at a time are a pure function
of the facts received by then. What stood in between is not to be had; it costs a third.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from streams.engine.kafka.types import Effects, Output
from streams.replay.machine import Machine
from streams.state.batch import Applied
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
        first, outputs = self._apply(topic, Batch([name], [name.encode()], [[fact]], [[0]]), now)
        waiting = deque(outputs)
        while waiting:
            # In the order in which they were sent: of two messages the later one stands.
            output = waiting.popleft()
            waiting += self._apply(output.topic, self._batch(output), now)[1]
        self.late += first.late
        return not first.refused

    def _apply(self, topic: str, batch: Batch, now: int) -> tuple[Applied[Any], Sequence[Output]]:
        """Apply facts; what became of the first key, and what other tables must hear of all."""
        processor, intake = self._intakes[topic]
        rows = self._tables.rows[processor.table]
        applied = intake.apply(batch, [*map(rows.get, batch.keys)], now, 0)
        has_news = False
        for key, each in zip(batch.keys, applied, strict=True):
            if each.changed:
                rows[key] = each.state
                has_news = has_news or bool(each.replies or each.claims)
        if not has_news:
            return applied[0], ()
        effects = Effects()
        processor.reply(applied, effects)
        return applied[0], effects.outputs
