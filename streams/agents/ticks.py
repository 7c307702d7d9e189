"""The agent of the clock: each tick lets what is due in its partition happen."""

from __future__ import annotations

from typing import Any

from streams.engine.kafka.types import Effects
from streams.engine.worker.app import EngineApp
from streams.tables.parcels import ParcelProcessor
from streams.tables.processor import Moment, Processor

MOST_DUE = 5_000
"""States judged in one tick and table; the rest waits for the next tick, half a second later."""


def add_ticks(
    app: EngineApp, topic: str, processors: tuple[Processor, ...], parcels: ParcelProcessor
) -> None:
    """The agent of the ticks topic; `parcels` watches over the feeds of carriers."""
    engine = app.engine

    async def tick(stream: Any) -> None:
        async for chunk in stream:
            engine.observe_ticks(chunk)
            for processor in processors:
                processor.say_left_out()
            now, watermark = engine.moment(chunk.partition)
            moment = Moment(now, watermark, latest=engine.latest_us)
            effects = Effects(topic=chunk.topic, partition=chunk.partition)
            if moment.watermark is not None and engine.expects(chunk):
                parcels.watch_feeds(moment)
                for processor in processors:
                    due = engine.due(processor.table, chunk.partition, moment.watermark, MOST_DUE)
                    with engine.changing_states():
                        processor.tick(chunk.partition, due, moment, effects)
                effects.matched = all(each.matched(chunk.partition) for each in processors)
            await engine.submit(chunk, effects)

    app.agent(app.chunks(topic), name="on-tick")(tick)
