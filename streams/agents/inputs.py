"""The agents of the two inputs and of the facts that the tables tell each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streams.engine.kafka.types import Chunk, Work
from streams.engine.worker.app import EngineApp
from streams.tables.meters import MeterSide
from streams.tables.orders import OrderSide
from streams.tables.parcels import ParcelSide
from streams.tables.processor import Moment
from streams.tables.tracks import TrackSide

Step = Callable[[Chunk, Moment], Work]


def add_agents(
    app: EngineApp,
    orders: OrderSide,
    parcels: ParcelSide,
    tracks: TrackSide,
    meters: MeterSide,
) -> None:
    """One agent for each consumed topic but the ticks."""
    topics = orders.topics
    steps: dict[str, Step] = {
        topics.orders: orders.on_orders,
        topics.orders_rekey: orders.on_orders,
        topics.parcel_facts: orders.on_parcel_facts,
        topics.tracking: parcels.on_tracking,
        topics.tracking_rekey: parcels.on_tracking,
        topics.order_facts: parcels.on_order_facts,
        topics.track_facts: tracks.on_track_facts,
        topics.clone_facts: parcels.on_clone_facts,
        topics.meter_facts: orders.on_meter_facts,
        topics.meter_totals: meters.on_meter_totals,
    }
    for topic, step in steps.items():
        app.agent(app.chunks(topic), name=f"on-{topic}")(_agent(app, step))


def _agent(app: EngineApp, step: Step) -> Callable[[Any], Any]:
    engine = app.engine

    async def take_in(stream: Any) -> None:
        async for chunk in stream:
            work = step(chunk, Moment(engine.now_us(), engine.gate_us(chunk.partition)))
            await engine.submit(chunk, work)

    return take_in
