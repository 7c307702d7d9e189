"""Has orders say what they are owed that were judged before stock was read.

Looks through all orders once an assignment: from then on each says so when it is judged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from streams.agents.amends import EVERY, PAUSE
from streams.engine.store.sweep import States, SweepStopped
from streams.engine.worker.app import EngineApp
from streams.tables.orders import OrderProcessor
from streams.telemetry.events import event

log = logging.getLogger(__name__)


def add_stock(app: EngineApp, orders: OrderProcessor) -> None:
    """Have the orders that are behind judged anew."""
    engine = app.engine

    def behind(_table: str, states: Iterator[States]) -> list[bytes]:
        return [key for batch in states for key, value in batch if orders.left_behind(value)]

    @app.task  # type: ignore[untyped-decorator]  # Faust's
    async def look_through() -> None:
        done = 0
        while True:
            await asyncio.sleep(EVERY)
            wanted = engine.assignments
            if wanted == done or not engine.assigned:
                continue
            try:
                found = await engine.sweeps.over((orders.table,), behind, PAUSE)
            except SweepStopped:
                continue
            if engine.assignments != wanted:
                continue
            done = wanted
            keys = [key for some in found for key in some]
            orders.look_again(keys)
            if keys:
                log.info(
                    "%(orders)d orders were judged before stock was read: they are judged anew",
                    event("stock_counted", orders=len(keys)),
                )
