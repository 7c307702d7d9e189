"""Finds what a wrong clock left in the stored states, and has it judged anew.

Looks through all states once an assignment, and again when the clock was doubted and is believed
again. It waits for somebody who bears witness that the clock is right: else it may be the states.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streams.engine.store.sweep import States, SweepStopped
from streams.engine.worker.app import EngineApp
from streams.tables.judged import JudgedProcessor
from streams.telemetry.events import event

EVERY = 1.0
"""Seconds between two looks at whether there is something to do."""

PAUSE = 0.012
"""Seconds that the search rests after each stretch: it takes a quarter of one core at most."""

log = logging.getLogger(__name__)


def add_amends(app: EngineApp, processors: Iterable[JudgedProcessor[Any, Any]]) -> None:
    """Have the states of `processors` that were changed at an impossible time judged anew."""
    engine = app.engine
    by_table = {each.table: each for each in processors}

    def changed_after(latest: int) -> Callable[[str, Iterator[States]], tuple[str, list[bytes]]]:
        def visit(table: str, states: Iterator[States]) -> tuple[str, list[bytes]]:
            touched_at = by_table[table].touched_at
            return table, [
                k for batch in states for k, value in batch if touched_at(value) > latest
            ]

        return visit

    @app.task  # type: ignore[untyped-decorator]  # Faust's
    async def amend() -> None:
        done = 0, 0
        while True:
            await asyncio.sleep(EVERY)
            wanted, latest = (engine.assignments, engine.clock.doubts), engine.latest_us
            if wanted == done or not latest or not engine.assigned:
                continue
            try:
                found = await engine.sweeps.over(by_table, changed_after(latest), PAUSE)
            except SweepStopped:
                continue
            if engine.assignments != wanted[0]:
                continue
            done = wanted
            for table, processor in by_table.items():
                keys = [key for name, keys in found if name == table for key in keys]
                processor.look_again(keys)
                if keys:
                    log.warning(
                        "%(states)d states of %(table)s were changed at a time that is still to "
                        "come: they are judged anew",
                        event("states_amended", table=table, states=len(keys)),
                    )
