"""The agents of the two inputs and of the facts that the tables send each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from streams.engine.worker.app import EngineApp
from streams.tables.processor import Moment, Processor


def add_agents(app: EngineApp, processors: Iterable[Processor]) -> None:
    """One agent for each consumed topic but the ticks."""
    for processor in processors:
        for topic in processor.intakes:
            app.agent(app.chunks(topic), name=f"on-{topic}")(_agent(app, processor))


def _agent(app: EngineApp, processor: Processor) -> Callable[[Any], Any]:
    engine = app.engine

    async def take_in(stream: Any) -> None:
        async for chunk in stream:
            if not engine.expects(chunk):
                await engine.submit(chunk)
                continue
            now, watermark = engine.moment(chunk.partition)
            recovering = watermark is None and engine.recovering(chunk.partition)
            moment = Moment(now, watermark, recovering, latest=engine.latest_us)
            with engine.changing_states():
                effects = processor.step(chunk, moment)
            await engine.submit(chunk, effects)

    return take_in
