"""An application begins anew: everything that it keeps on Kafka is made empty, its inputs are not.

As the application reset tool of Kafka Streams does. Changelogs and internal topics go together:
a table remembers what it sent to the others, and counts of a shop's day hold each message once, so
one of them alone would wait for what nobody sends a second time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec

from streams.engine.kafka.topic_admin import (
    COMMAND_WAIT_S,
    Cluster,
    TopicSpec,
    connect,
    described,
    make_topics,
    problems_of,
    topic_specs,
)
from streams.telemetry.counted import counted

WITHOUT_MEMBERS = ("Dead", "Empty")
"""States of a group that nobody is in."""

_DELETED_WITHIN_S = 60.0
_LOOK_S = 0.2


class NotDone(RuntimeError):
    """Nothing was done, or only a part of it: the message says which, and why."""


@dataclass(frozen=True, slots=True)
class Own:
    """A topic that only the application uses; `records` None: there is no such topic."""

    spec: TopicSpec
    records: int | None


class Reset:
    """What there is of an application, and the means to empty it; see `open_reset`."""

    def __init__(self, settings: Cluster, admin: KafkaAdminClient) -> None:
        self._settings = settings
        self._admin = admin
        specs = topic_specs(settings)
        self._specs = [spec for spec in specs if spec.role in {"internal", "changelog"}]
        self._inputs = [spec for spec in specs if spec.role == "input"]

    def check(self) -> None:
        """Raise NotDone while workers are members, or where an input does not fit the settings."""
        found = described(self._admin, self._settings, self._inputs)
        missing = [name for name, one in found.items() if one.partitions is None]
        if missing:
            raise NotDone(f"there is no input {', '.join(missing)}: nothing could be read again")
        problems = problems_of(self._settings, self._inputs, found)
        if problems:
            raise NotDone("; ".join(problems))
        check_stopped(self._admin, self._settings.app_id)

    def own(self) -> list[Own]:
        """The topics that would be emptied."""
        found = described(self._admin, self._settings, self._specs)
        there = {spec.name for spec in self._specs if found[spec.name].partitions is not None}
        records = self._records(there)
        return [Own(spec, records.get(spec.name)) for spec in self._specs]

    def inputs(self) -> dict[str, int]:
        """The topics that would be read from their beginning, and the records that they hold."""
        return self._records({spec.name for spec in self._inputs})

    def execute(self) -> None:
        """Delete the application's topics, make them again, and forget its offsets.

        In this order: until the offsets are gone, they do not fit the new changelogs, so a worker
        that starts in between takes no records. Safe to repeat. Raises NotDone, KafkaUnavailable.
        """
        self.check()
        found = described(self._admin, self._settings, self._specs)
        there = [spec for spec in self._specs if found[spec.name].partitions is not None]
        specs = self._with_their_settings(there)
        self._delete([spec.name for spec in there])
        problems: list[str] = []
        wanted = [specs.get(spec.name, spec) for spec in self._specs]
        made = {spec.name for spec in make_topics(self._admin, self._settings, wanted, problems)}
        if len(made) < len(wanted):
            problems += [f"{spec.name}: is there again" for spec in wanted if spec.name not in made]
            raise NotDone(f"not all topics were made, repeat it: {problems[0]}")
        group = self._settings.app_id
        answer = self._admin.delete_groups([group])[group]
        if answer not in {"OK", "GroupIdNotFoundError"}:
            raise NotDone(f"the offsets of {group!r} were not deleted, repeat it: {answer}")

    def _with_their_settings(self, specs: Sequence[TopicSpec]) -> dict[str, TopicSpec]:
        """Each topic as it is to be made again: what its operator set is kept."""
        if not specs:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, spec.name, None) for spec in specs]
        answer = self._admin.describe_configs(resources, config_filter="all").get("topic", {})
        kept = {}
        for spec in specs:
            own = {
                key: entry["value"]
                for key, entry in answer.get(spec.name, {}).items()
                if entry["config_source"] == "DYNAMIC_TOPIC_CONFIG" and entry["value"] is not None
            }
            # What may be deleted from a topic of states is no choice.
            policy = {"cleanup.policy": spec.config["cleanup.policy"]}
            kept[spec.name] = replace(spec, config={**spec.config, **own, **policy})
        return kept

    def _delete(self, names: Sequence[str]) -> None:
        if not names:
            return
        self._admin.delete_topics(list(names), timeout_ms=30_000)
        give_up = time.monotonic() + _DELETED_WITHIN_S
        while set(names) & set(self._admin.list_topics()):
            if time.monotonic() > give_up:
                raise NotDone(
                    f"topics are still there {_DELETED_WITHIN_S:.0f} s after they were deleted: "
                    "repeat it when they are gone"
                )
            time.sleep(_LOOK_S)

    def _records(self, topics: Collection[str]) -> dict[str, int]:
        """How many records each of these topics holds."""
        found = dict.fromkeys(topics, 0)
        for place, (begin, end) in ranges(self._admin, topics).items():
            found[place.topic] += end - begin
        return found


def check_stopped(admin: KafkaAdminClient, group: str) -> None:
    """Raise NotDone while a group has members, or where the cluster does not say."""
    found = admin.describe_groups([group])[group]
    members = found["members"]
    if found["error"] and found["group_state"] not in WITHOUT_MEMBERS:
        raise NotDone(f"the group {group!r}: {found['error']}")
    if members:
        names = ", ".join(
            f"{each['group_instance_id'] or each['member_id']} at {each['client_host']}"
            for each in members
        )
        raise NotDone(
            f"the group {group!r} has {counted(len(members), 'member')} ({names}): stop all "
            "workers, and wait until the sessions of those that were killed have ended"
        )


def ranges(
    admin: KafkaAdminClient, topics: Collection[str]
) -> dict[TopicPartition, tuple[int, int]]:
    """Where each partition of these topics begins, and where it ends."""
    places = [
        TopicPartition(topic["name"], each["partition_index"])
        for topic in admin.describe_topics(list(topics))
        for each in topic["partitions"]
    ]
    begins, ends = (
        admin.list_partition_offsets(dict.fromkeys(places, spec))
        for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
    )
    return {place: (begins[place].offset, ends[place].offset) for place in places}


@contextmanager
def open_reset(settings: Cluster) -> Iterator[Reset]:
    """The application's topics and group, for as long as the block lasts. Raises KafkaUnavailable.

    Inside NotDone may be raised too.
    """
    with connect(settings, COMMAND_WAIT_S) as admin:
        yield Reset(settings, admin)
