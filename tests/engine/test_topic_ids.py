"""Which topic a name stands for, on a real Kafka and on the demo's cluster."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from kafka_server import KafkaServer
from support.ports import free_port

from streams.demo.broker import EmbeddedCluster
from streams.engine.kafka.topic_ids import NO_ID, TopicIds


def test_a_topic_made_anew_has_another_id(kafka: KafkaServer, app_id: str) -> None:
    first, second = f"{app_id}-a", f"{app_id}-b"
    for name in (first, second):
        kafka.create_topic(name, 2)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    ids = TopicIds({"bootstrap.servers": kafka.bootstrap})

    before = ids.of([first, second, f"{app_id}-none"], 10.0)
    assert set(before) == {first, second}
    assert NO_ID not in before.values()
    assert before == ids.of([second, first], 10.0)

    admin.delete_topics([first])[first].result(30)
    kafka.create_topic(first, 2)
    after = ids.of([first, second], 10.0)
    assert after[second] == before[second]
    assert after[first] not in before.values()


def test_a_cluster_that_gives_none() -> None:
    with EmbeddedCluster(topics={"a": 2}) as cluster:
        assert TopicIds({"bootstrap.servers": cluster.bootstrap}).of(["a", "b"], 10.0) == {
            "a": NO_ID
        }


def test_no_broker_is_an_error() -> None:
    ids = TopicIds({"bootstrap.servers": f"127.0.0.1:{free_port()}"})
    with pytest.raises(KafkaException):
        ids.of(["a"], 0.5)
