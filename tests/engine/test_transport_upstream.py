"""What the engine leans on in Faust and aiokafka: when one of these fails, read the decision named.

Each test holds the upstream lines that force a part of the engine, or the private names that it
uses. A new version that changes them may need less of the engine, or break it.
"""

from __future__ import annotations

import inspect
from importlib.metadata import version

import aiokafka
import faust
from aiokafka.consumer import fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread


def positions(source: str, *parts: str) -> list[int]:
    """Where each part is first found in a source; fails where one is missing."""
    found = [source.find(part) for part in parts]
    assert min(found) >= 0, (
        f"gone: {[part for part, at in zip(parts, found, strict=True) if at < 0]}"
    )
    return found


def in_order(function: object, *parts: str) -> None:
    """The function's source has the parts in this order."""
    found = positions(inspect.getsource(function), *parts)  # type: ignore[arg-type]
    assert found == sorted(found)


def test_versions_are_the_ones_read() -> None:
    """The engine was written against these sources."""
    assert (version("faust-streaming"), version("aiokafka")) == ("0.15.3", "0.14.0")


def test_recovery_still_resumes_before_it_seeks() -> None:
    """Decision 0012: records delivered between these lines are lost or doubled."""
    for function in (Recovery.on_recovery_completed, Recovery._resume_streams):
        in_order(
            function,
            "resume_partitions(",
            "await self._wait(",
            "perform_seek()",
            "control.resume()",
        )


def test_the_tasks_that_recovery_replaces_exist() -> None:
    """Decision 0012: an unknown fourth task would read changelogs beside ours."""
    assert Recovery._tasks is not None
    names = Recovery._tasks[Recovery._get_class_id()]
    assert set(names) == {"_restart_recovery", "_slurp_changelogs", "_publish_stats"}


def test_the_table_manager_still_sleeps_at_start() -> None:
    """Decision 0012: a second of every start."""
    in_order(TableManager.on_start, "self.sleep(1.0)", "_update_channels()", "recovery.start()")


def test_agent_errors_still_commit() -> None:
    """Decision 0013: the event that failed is acknowledged."""
    in_order(faust.App._on_agent_error, "on_task_error")
    in_order(consumer.Consumer.on_task_error, "self.commit()")


def test_revocation_still_forgets_acks_first() -> None:
    """Decision 0011: what streams finish after that is not committed."""
    in_order(consumer.Consumer.on_partitions_revoked, "_acked.pop(", "_on_partitions_revoked")


def test_fetching_still_waits_for_a_message_with_two_tasks() -> None:
    """Decision 0010: the cost per message that chunks share."""
    in_order(consumer.Consumer._drain_messages, "self.wait_first(", "callback(message)")


def test_the_driver_still_fixes_its_consumer_options() -> None:
    """Decision 0010: 1.5 s during which a partition just read empty is not fetched."""
    in_order(
        AIOKafkaConsumerThread._create_worker_consumer,
        'isolation_level: str = "read_uncommitted"',
        "fetch_max_wait_ms=1500",
    )


def test_private_names_of_aiokafka() -> None:
    """Decision 0010 and 0016: what the consumer thread takes hold of."""
    in_order(fetcher.PartitionRecords._unpack_records, "self._consumer_record(tp, record)", "yield")
    in_order(fetcher.FetchResult.getall, "check_assignment(", "has_more()", "_partition_records")
    for name in ("_update_position", "check_assignment", "has_more"):
        assert callable(getattr(fetcher.FetchResult, name))
    for name in ("_create_fetch_waiter", "_notify", "fetched_records"):
        assert callable(getattr(fetcher.Fetcher, name))
    in_order(fetcher.Fetcher.fetched_records, "del self._records[tp]", "_wait_consume_future")
    in_order(GroupCoordinator._heartbeat_routine, "await self._do_heartbeat()")
    in_order(GroupCoordinator.reset_generation, "DEFAULT_GENERATION_ID")
    in_order(aiokafka.AIOKafkaConsumer.start, "Fetcher(", "GroupCoordinator(")


def test_a_coordinator_that_is_awaited_is_still_an_error() -> None:
    """Decision 0015: each answer of a cluster that has none yet is logged as one."""
    in_order(
        GroupCoordinator.ensure_coordinator_known,
        "self._client.coordinator_lookup(",
        'log.error("Group Coordinator Request failed',
        "force_metadata_update()",
    )
    assert "self._closing = " in inspect.getsource(GroupCoordinator.__init__)
