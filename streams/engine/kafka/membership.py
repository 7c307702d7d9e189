"""A fixed name in the group belongs to one worker: who loses it to another one ends.

Kafka gives a static member's name to whoever joins with it last, and tells the former one that it
is not known. aiokafka then joins again (aiokafka/consumer/group_coordinator.py, reset_generation),
and so takes the name back: two workers with one name throw each other out for ever. So before a
worker that has lost its membership joins again, it looks who has its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.engine.kafka.config import EngineConfig

INSTANCE_ID = "SHIPSENTRY_GROUP_INSTANCE_ID"
"""The setting that gives a worker its name in the group, as a variable."""

_ASK_S = 5.0


class NameTaken(RuntimeError):
    """Another worker has joined under this one's name; one line names the setting."""


class _Member(NamedTuple):
    id: str
    host: str


def keep_name(coordinator: Any, config: EngineConfig, lost: Callable[[NameTaken], None]) -> None:
    """Let `lost(NameTaken)` be called, in the consumer's thread, and join no more, where another
    worker has taken the name of this one."""
    if config.group_instance_id is None:
        return
    join = coordinator._do_rejoin_group
    # Who we are in the group; empty while a join is under way, whose answer may have got lost.
    mine = ""

    async def join_or_end(subscription: Any) -> bool:
        nonlocal mine
        if mine and mine != coordinator.member_id:
            other = await asyncio.to_thread(_who_has, config)
            if other is not None and other.id != mine:
                lost(
                    NameTaken(
                        f"{INSTANCE_ID}={config.group_instance_id}: another worker has joined the "
                        f"group {config.app_id} under this name (member {other.id} at "
                        f"{other.host}): each worker needs a name of its own"
                    )
                )
                await asyncio.sleep(_ASK_S)
                return False
        mine = ""
        joined = bool(await join(subscription))
        if joined:
            mine = coordinator.member_id
        return joined

    coordinator._do_rejoin_group = join_or_end


def _who_has(config: EngineConfig) -> _Member | None:
    """The member of the group with this worker's name; None: nobody, or not known."""
    admin = AdminClient({**config.client_config(), "log_level": 0})
    try:
        asked = admin.describe_consumer_groups([config.app_id], request_timeout=_ASK_S)
        group = asked[config.app_id].result(_ASK_S + 1)
    except (KafkaException, TimeoutError):
        return None
    for member in group.members:
        if member.group_instance_id == config.group_instance_id:
            return _Member(member.member_id, member.host.removeprefix("/"))
    return None
