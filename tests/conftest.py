"""Fixtures shared by all tests: one real Kafka for the whole run, names that no other test uses."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator

import hypothesis
import pytest
from kafka_server import KafkaServer

# Wall-clock limits per example say more about the machine's load than about the code.
hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
hypothesis.settings.load_profile("default")

# A shell starts what runs in its background with Ctrl-C ignored, and so would be every program
# that a test starts and ends that way.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--freeze` writes the frozen bytes anew: see `test_frozen_bytes.py`, and mean it."""
    parser.addoption("--freeze", action="store_true", help="freeze today's bytes anew, and fail")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a broker, so that ``-m "not kafka"`` runs the rest."""
    for item in items:
        if isinstance(item, pytest.Function) and {"kafka", "kafka_server"} & set(item.fixturenames):
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """A single-node Apache Kafka, started when first asked for; no Kafka, no passing test."""
    with KafkaServer() as server:
        yield server


@pytest.fixture
def app_id() -> str:
    """A name for an app, its topics and groups that no other test has on the shared broker."""
    return f"test-{uuid.uuid4().hex[:12]}"
