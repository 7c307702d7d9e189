"""The agent of the clock: each tick lets what is due in its partition happen."""

from __future__ import annotations

from typing import Any

from streams.engine.kafka.types import Work
from streams.engine.worker.app import EngineApp
from streams.tables.processor import Moment, Side

MOST_DUE = 5_000
"""States judged in one tick and table; the rest waits for the next tick, half a second later."""


def add_ticks(app: EngineApp, sides: tuple[Side, ...]) -> None:
    """The agent of the ticks topic."""
    engine = app.engine

    async def tick(stream: Any) -> None:
        async for chunk in stream:
            engine.observe_ticks(chunk)
            for side in sides:
                side.say_left_out()
            moment = Moment(engine.now_us(), engine.gate_us(chunk.partition))
            work = Work(topic=chunk.topic, partition=chunk.partition)
            if moment.gate is not None:
                for side in sides:
                    due = engine.due(side.table, chunk.partition, moment.gate, MOST_DUE)
                    side.tick(chunk.partition, due, moment, work)
            await engine.submit(chunk, work)

    app.agent(app.chunks(sides[0].topics.ticks), name="on-tick")(tick)
