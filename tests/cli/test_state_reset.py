"""`shipsentry state reset` and `accept` on a real Kafka: what they say, change, and leave alone."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from kafka_server import KafkaServer
from support.running import Deployment, wait_for

from streams.cli.group import main
from streams.engine.kafka.offset_metadata import Witness, decode, encode
from streams.engine.kafka.topic_admin import connect
from streams.engine.kafka.topic_ids import TopicIds


class Application:
    """An application that no worker runs: its topics, records in some, and committed offsets."""

    def __init__(self, bootstrap: str, root: Path) -> None:
        self.deployment = Deployment(bootstrap, root)
        self.topics = self.deployment.topics
        self.app_id = self.deployment.settings.app_id
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self._ids = TopicIds({"bootstrap.servers": bootstrap})
        producer = Producer({"bootstrap.servers": bootstrap})
        for topic in (self.topics.orders, self.topics.orders_changelog, self.topics.meter_totals):
            producer.produce(topic, b"value", b"key", partition=0)
        assert producer.flush(30) == 0

    def command(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env=self.deployment.environment())

    def ids(self) -> dict[str, str]:
        topics = self.topics
        return self._ids.of([*topics.consumed, *topics.changelogs, *topics.outputs], 20.0)

    def commit(self, metadata: str) -> None:
        """Commit the offset 1 of an input."""
        place = TopicPartition(self.topics.orders, 0, 1, metadata)
        consumer = self._member()

        def committed() -> bool:
            # A cluster's first group waits for the topic of offsets.
            with contextlib.suppress(KafkaException):
                consumer.commit(offsets=[place], asynchronous=False)
                return True
            return False

        wait_for(committed, 60, "the commit")
        consumer.close()

    def committed(self) -> tuple[int, str | None]:
        """The committed offset of that input, and its metadata."""
        # confluent_kafka reads beyond the end of metadata.
        with connect(self.deployment.settings, 30) as admin:
            offsets = admin.list_group_offsets(self.app_id)[self.app_id]
        for place, mark in offsets.items():
            if (place.topic, place.partition) == (self.topics.orders, 0):
                return mark.offset, mark.metadata
        return OFFSET_INVALID, None

    def _member(self) -> Consumer:
        bootstrap = self.deployment.settings.bootstrap_servers
        return Consumer({"bootstrap.servers": bootstrap, "group.id": self.app_id})

    def delete(self, topic: str) -> None:
        self.admin.delete_topics([topic])[topic].result(30)
        wait_for(lambda: topic not in self.ids(), 30, "its deletion")

    def set(self, topic: str, name: str, value: str) -> None:
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        for done in self.admin.incremental_alter_configs([resource]).values():
            done.result(30)

    def setting(self, topic: str, name: str) -> str:
        resource = ConfigResource(ResourceType.TOPIC, topic)
        (asked,) = self.admin.describe_configs([resource]).values()
        return str(asked.result(30)[name].value)


@pytest.fixture
def application(kafka: KafkaServer, tmp_path: Path) -> Application:
    return Application(kafka.bootstrap, tmp_path)


def test_without_execute_nothing_is_changed(application: Application) -> None:
    application.commit("")
    ids, committed = application.ids(), application.committed()
    for name in ("reset", "accept"):
        result = application.command("state", name)
        assert result.exit_code == 0, result.output
        assert "nothing was changed: --execute does it" in result.output
    assert (application.ids(), application.committed()) == (ids, committed)


def test_what_a_reset_empties_and_what_it_leaves_alone(application: Application) -> None:
    topics = application.topics
    application.commit("")
    application.set(topics.orders_changelog, "segment.bytes", "1048576")
    application.set(topics.orders_changelog, "cleanup.policy", "compact,delete")
    application.delete(topics.ticks)
    before = application.ids()
    result = application.command("state", "reset", "--execute")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert f"emptied: {topics.orders_changelog} (changelog, 1 record)" in lines
    assert f"emptied: {topics.meter_totals} (internal, 1 record)" in lines
    assert f"emptied: {topics.ticks} (internal, missing)" in lines
    assert f"will be read from its beginning: {topics.orders} (1 record)" in lines
    after = application.ids()
    kept = {topics.orders, topics.tracking, topics.stock, *topics.outputs}
    assert {name for name in before if after[name] == before[name]} == kept
    assert after.keys() == before.keys() | {topics.ticks}
    assert application.deployment.read(topics.orders) == [(b"key", b"value")]
    assert application.deployment.read(topics.orders_changelog) == []
    assert application.setting(topics.orders_changelog, "segment.bytes") == "1048576"
    assert application.setting(topics.orders_changelog, "cleanup.policy") == "compact"
    assert application.committed()[0] == OFFSET_INVALID
    assert application.command("state", "reset", "--execute").exit_code == 0, "it may be repeated"


def test_a_reset_without_an_input(application: Application) -> None:
    """Nothing could be read again: nothing is thrown away."""
    topics = application.topics
    application.delete(topics.tracking)
    before = application.ids()
    result = application.command("state", "reset", "--execute")
    assert result.exit_code == 1
    assert f"there is no input {topics.tracking}: nothing could be read again" in result.output
    assert application.ids() == before


def test_accept(application: Application) -> None:
    topics = application.topics
    result = application.command("state", "accept", "--execute")
    assert result.exit_code == 1
    assert f"the group '{application.app_id}' has no offsets" in result.output
    application.commit(encode("an-input", {"orders": Witness("another", 9)}, 7))
    result = application.command("state", "accept", "--execute")
    assert result.exit_code == 0, result.output
    changelog, ids = topics.orders_changelog, application.ids()
    assert f"{changelog}-0: was another up to 9, is {ids[changelog]} up to 1\n" in result.stdout, (
        result.stdout
    )
    offset, metadata = application.committed()
    assert offset == 1
    said = decode(metadata or "")
    assert said.topic == "an-input", "of which topic the offset is stays as it was"
    assert said.known_ms == 7, "and so does how far back what was published is known"
    assert said.changelogs == {
        table: Witness(ids[topic], int(table == "orders"))
        for table, topic in zip(
            ("orders", "parcels", "tracks", "meters", "stock"), topics.changelogs, strict=True
        )
    }
    assert application.command("state", "accept").stdout == ""
