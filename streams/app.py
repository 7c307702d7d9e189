"""The composition root: settings, clock and rules become a worker. It reads as the data flow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streams.agents.inputs import add_agents
from streams.agents.ticks import add_ticks
from streams.core.state import due_of
from streams.engine.app import EngineApp, create_app
from streams.engine.config import EngineConfig
from streams.engine.readback import published_since_durable
from streams.pipeline.orders import OrderSide
from streams.pipeline.parcels import ParcelSide
from streams.pipeline.recall import recall
from streams.pipeline.sides import Sizes
from streams.pipeline.topics import Topics
from streams.profiles.loader import load
from streams.profiles.model import Profiles
from streams.settings import Settings


def build(settings: Settings, *, clock: Callable[[], int] | None = None) -> EngineApp:
    """A worker that is not started yet; `clock` gives µs since the epoch (default: the wall clock).

    Raises ProfileError where a rule profile cannot be used.
    """
    return assemble(
        settings.engine(),
        settings.topics(),
        load(Path(directory) for directory in settings.profile_dirs),
        sizes=Sizes(settings.max_value_bytes, settings.message_max_bytes),
        clock=clock,
    )


def assemble(
    config: EngineConfig,
    topics: Topics,
    profiles: Profiles,
    *,
    sizes: Sizes = Sizes(),  # noqa: B008  immutable
    clock: Callable[[], int] | None = None,
) -> EngineApp:
    """Orders and parcels, each a side of its own, on one engine."""
    app = create_app(config, due_of={"orders": due_of, "parcels": due_of}, clock=clock)
    orders = OrderSide(topics, config.partitions, profiles, app.engine, sizes)
    parcels = ParcelSide(topics, config.partitions, profiles, app.engine, sizes)

    def remind(partitions: frozenset[int]) -> None:
        values = published_since_durable(config, topics.warnings, partitions)
        recalled = recall(values, config.partitions, partitions)
        for side in (orders, parcels):
            side.recall(recalled, partitions)

    app.engine.before_reading = remind
    add_agents(app, orders, parcels)
    add_ticks(app, (orders, parcels))
    return app
