"""What a process's settings are, and how long it takes at most to end."""

from __future__ import annotations

from streams.engine.worker.loopwatch import ENDING
from streams.processes.slot import Slot
from streams.settings import Settings


def of_slot(slot: Slot, settings: Settings) -> Settings:
    """The settings of a slot: a directory and a name of its own, all else is everybody's."""
    name = settings.group_instance_id
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir / f"process-{slot.name}",
            "group_instance_id": None if name is None else f"{name}-{slot.name}",
        }
    )


def longest_stop(settings: Settings) -> float:
    """Seconds that a worker takes at most to end once it is asked to."""
    return 2 * settings.drain_timeout_s + settings.session_timeout_s + ENDING
