"""Which errors say that brokers are away, and which that something is wrong with us."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.engine.kafka.readback import ReadBackFailed
from streams.engine.worker.outage import passes


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.KAFKA_STORAGE_ERROR,
    ],
)
def test_a_leader_that_changes_is_waited_for(code: int) -> None:
    """A partition without a leader, or whose new leader takes over, is no fault of the worker."""
    assert passes(KafkaException(KafkaError(code)))


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_CONFIG,
    ],
)
def test_what_no_waiting_mends_ends_the_worker(code: int) -> None:
    """Neither rights nor sizes come back with a broker."""
    assert not passes(KafkaException(KafkaError(code)))


def test_a_program_error_is_no_outage() -> None:
    """Nor is anything that is not Kafka's; a read that stood still for half a minute is."""
    assert not passes(ValueError("chunk"))
    assert passes(ReadBackFailed("nothing came"))
