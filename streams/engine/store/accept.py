"""Changelogs are believed as they are now: what committed offsets say of them is written anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from confluent_kafka import KafkaException
from kafka.structs import OffsetAndMetadata

from streams.engine.kafka.begin_anew import NotDone, check_stopped, ranges
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.offset_metadata import Witness, decode, encode
from streams.engine.kafka.topic_admin import COMMAND_WAIT_S, Cluster, KafkaUnavailable, connect
from streams.engine.kafka.topic_ids import TopicIds


class Change(NamedTuple):
    """What offsets of a partition said of a table's changelog (None: nothing), and what it is."""

    table: str
    partition: int
    was: Witness | None
    now: Witness


def accept(settings: Cluster, config: EngineConfig, *, execute: bool) -> list[Change]:
    """Let all committed offsets vouch for the changelogs as they are; what that changes.

    Raises NotDone while workers are members, where nothing was committed, and where a changelog
    lacks its beginning; KafkaUnavailable.
    """
    group = config.app_id
    topics = {table: config.changelog_topic(table) for table in config.tables}
    with connect(settings, COMMAND_WAIT_S) as admin:
        check_stopped(admin, group)
        offsets = admin.list_group_offsets(group)[group]
        if not offsets:
            raise NotDone(f"the group {group!r} has no offsets: there is nothing to go on from")
        found = ranges(admin, topics.values())
        cut = [f"{p.topic}-{p.partition}" for p, (begin, _) in found.items() if begin > 0]
        if cut:
            raise NotDone(
                f"{', '.join(cut)}: records were deleted from the beginning, so no worker without "
                "local state could be right"
            )
        ids = _ids(config, topics)
        now = {
            number: {
                table: Witness(ids[topic], end)
                for table, topic in topics.items()
                for place, (_, end) in found.items()
                if (place.topic, place.partition) == (topic, number)
            }
            for number in range(config.partitions)
        }
        changes = set()
        for place, mark in offsets.items():
            was = decode(mark.metadata or "").changelogs
            for table, witness in now.get(place.partition, {}).items():
                if was.get(table) != witness:
                    changes.add(Change(table, place.partition, was.get(table), witness))
        if execute:
            said = {place: decode(mark.metadata or "") for place, mark in offsets.items()}
            answer = admin.alter_group_offsets(
                group,
                {
                    place: OffsetAndMetadata(
                        mark.offset,
                        encode(
                            said[place].topic,
                            now.get(place.partition, {}),
                            said[place].known_ms,
                        ),
                        mark.leader_epoch,
                    )
                    for place, mark in offsets.items()
                },
            )
            refused = {error.__name__ for error in answer.values() if error.errno}
            if refused:
                raise NotDone(f"not all offsets were written, repeat it: {', '.join(refused)}")
    return sorted(changes, key=lambda change: (change.table, change.partition, change.was or ()))


def _ids(config: EngineConfig, topics: Mapping[str, str]) -> dict[str, str]:
    try:
        ids = TopicIds(config.client_config()).of(topics.values(), COMMAND_WAIT_S)
    except KafkaException as error:
        raise KafkaUnavailable(f"Kafka at {config.bootstrap}: {error}") from error
    missing = [topic for topic in topics.values() if topic not in ids]
    if missing:
        raise NotDone(f"there is no changelog {', '.join(missing)}")
    return ids
