"""`shipsentry topics` on a real Kafka: what it makes, finds, refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from kafka_server import KafkaServer
from support.ports import free_port
from support.running import wait_for

from streams.engine.kafka.topic_admin import KafkaUnavailable, check_topics, topic_specs
from streams.settings import load_settings

Run = Callable[..., Result]

DAY_MS = 86_400_000


def configuration(kafka: KafkaServer, topic: str) -> dict[str, str]:
    """The topic's configuration, asked for by another client."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    resource = ConfigResource(ResourceType.TOPIC, topic)
    (answer,) = admin.describe_configs([resource]).values()
    return {name: entry.value for name, entry in answer.result(30).items()}


def partitions(kafka: KafkaServer, topic: str) -> int:
    """The topic's partition count, asked for by another client; 0: there is none."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    known = admin.list_topics(timeout=30).topics.get(topic)
    return 0 if known is None else len(known.partitions)


def test_create_makes_every_topic_once(run: Run, cluster: KafkaServer, app_id: str) -> None:
    """All of them, then all of them found, then nothing to complain of."""
    first = run("topics", "create")
    assert first.exit_code == 0
    assert first.stderr == ""
    counts = {spec.name: spec.partitions or 4 for spec in topic_specs(load_settings())}
    rows = [line.split() for line in first.stdout.splitlines()]
    assert {row[1] for row in rows} == counts.keys()
    assert {row[0] for row in rows} == {"made"}
    assert {name: partitions(cluster, name) for name in counts} == counts
    again = run("topics", "create")
    assert again.exit_code == 0
    assert {line.split()[0] for line in again.stdout.splitlines()} == {"found"}
    check = run("topics", "check")
    assert (check.exit_code, check.stderr) == (0, "")
    assert check.stdout == f"26 topics of '{app_id}' are there and fit (4 partitions)\n"
    assert check_topics(load_settings()) == []


def test_a_worker_starts_without_what_ingest_remembers(run: Run, cluster: KafkaServer) -> None:
    """As after an upgrade: `topics check` names the topic, and keeps no worker from starting."""
    settings = load_settings()
    remembered = {settings.topics().uploads, settings.topics().wanted}
    for spec in topic_specs(settings):
        if spec.name not in remembered:
            cluster.create_topic(spec.name, 4, dict(spec.config))
    assert check_topics(settings) == []
    check = run("topics", "check")
    assert check.exit_code == 1
    for name in remembered:
        assert f"problem: {name}: there is no such topic (ingest)" in check.stderr


def test_policies_are_those_of_the_contract(run: Run, cluster: KafkaServer) -> None:
    """Cleanup policy and retention of each kind of topic."""
    assert run("topics", "create").exit_code == 0
    topics = load_settings().topics()
    expected = {
        topics.orders: ("delete", 60 * DAY_MS),
        topics.tracking: ("delete", 35 * DAY_MS),
        topics.stock: ("delete", 35 * DAY_MS),
        topics.warnings: ("compact,delete", 90 * DAY_MS),
        topics.dead_letters: ("delete", 30 * DAY_MS),
        topics.order_facts: ("delete", 7 * DAY_MS),
        topics.parcel_facts: ("delete", 7 * DAY_MS),
        topics.track_facts: ("delete", 7 * DAY_MS),
        topics.clone_facts: ("delete", 7 * DAY_MS),
        topics.meter_facts: ("delete", 7 * DAY_MS),
        topics.stock_facts: ("delete", 7 * DAY_MS),
        topics.stock_rekey: ("delete", 7 * DAY_MS),
        topics.meter_totals: ("delete", 7 * DAY_MS),
        topics.orders_rekey: ("delete", 7 * DAY_MS),
        topics.tracking_rekey: ("delete", 7 * DAY_MS),
        topics.ticks: ("delete", DAY_MS // 24),
    }
    for name, (policy, retention) in expected.items():
        found = configuration(cluster, name)
        assert (found["cleanup.policy"], int(found["retention.ms"])) == (policy, retention), name
    for name in (*topics.changelogs, topics.shop_risk, topics.product_risk):
        assert configuration(cluster, name)["cleanup.policy"] == "compact"


def test_ticks_of_an_older_release_are_dated_by_the_brokers(
    run: Run, cluster: KafkaServer, app_id: str
) -> None:
    """Checking says what that is good for, and a worker may start; creating sets it."""
    assert run("topics", "create").exit_code == 0
    name, key = f"{app_id}-ticks", "message.timestamp.type"
    assert configuration(cluster, name)[key] == "LogAppendTime"
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    entry = ConfigEntry(key, "CreateTime", incremental_operation=AlterConfigOpType.SET)
    old = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
    admin.incremental_alter_configs([old])[old].result(20)
    # Brokers hear of a change a moment after it was accepted.
    wait_for(lambda: configuration(cluster, name)[key] == "CreateTime", 20, "the old configuration")
    check = run("topics", "check")
    assert check.exit_code == 0
    assert check.stderr.startswith(f"note: {name}: {key} is CreateTime, so brokers do not bear")
    create = run("topics", "create")
    assert create.stderr == f"note: {name}: {key} was CreateTime, now LogAppendTime\n"
    wait_for(lambda: configuration(cluster, name)[key] == "LogAppendTime", 20, "the new one")
    assert run("topics", "create").stderr == ""


def test_large_records_fit_where_the_worker_writes(run: Run, cluster: KafkaServer) -> None:
    """A dead letter holds a whole refused message; the inputs keep the cluster's own limit."""
    assert run("topics", "create").exit_code == 0
    settings = load_settings()
    topics = settings.topics()
    letters = configuration(cluster, topics.dead_letters)
    assert int(letters["max.message.bytes"]) == settings.message_max_bytes
    inputs = configuration(cluster, topics.orders)
    assert int(inputs["max.message.bytes"]) < settings.message_max_bytes


def test_check_lists_every_missing_topic(run: Run, cluster: KafkaServer, app_id: str) -> None:
    """Exit status 1, a line for each, and how to mend it; nothing is made by asking."""
    result = run("topics", "check")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert f"problem: {app_id}-ticks: there is no such topic (internal)" in lines
    assert len([line for line in lines if line.startswith("problem: ")]) == 25
    assert "topics create" in lines[-1]
    assert partitions(cluster, f"{app_id}-ticks") == 0


def test_inputs_with_another_count_are_respected(
    run: Run, cluster: KafkaServer, app_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the inputs are there already, their count is the one to set; nothing is made before."""
    for name in ("orders", "tracking"):
        cluster.create_topic(f"{app_id}-{name}", 6)
    result = run("topics", "create")
    assert result.exit_code == 1
    assert (
        f"problem: {app_id}-orders, {app_id}-tracking: 6 partitions, but "
        "SHIPSENTRY_PARTITIONS=4: set it to 6\n"
    ) in result.stderr
    assert partitions(cluster, f"{app_id}-ticks") == 0
    monkeypatch.setenv("SHIPSENTRY_PARTITIONS", "6")
    assert run("topics", "create").exit_code == 0
    assert partitions(cluster, f"{app_id}-ticks") == 6
    assert check_topics(load_settings()) == []


def test_mates_with_different_counts_are_named(run: Run, cluster: KafkaServer, app_id: str) -> None:
    """Only the one that is out of step."""
    cluster.create_topic(f"{app_id}-orders", 4)
    cluster.create_topic(f"{app_id}-tracking", 3)
    result = run("topics", "create")
    assert result.exit_code == 1
    problems = [line for line in result.stderr.splitlines() if line.startswith("problem: ")]
    assert problems == [
        f"problem: {app_id}-tracking: 3 partitions, but its co-partitioned mates need "
        "SHIPSENTRY_PARTITIONS=4"
    ]


def test_outputs_may_have_any_count(run: Run, cluster: KafkaServer, app_id: str) -> None:
    """Warnings and dead letters are not co-partitioned with anything."""
    cluster.create_topic(
        f"{app_id}-warnings",
        1,
        {"cleanup.policy": "compact", "max.message.bytes": 8 * 1024 * 1024},
    )
    result = run("topics", "create")
    assert (result.exit_code, result.stderr) == (0, "")
    assert run("topics", "check").exit_code == 0


def test_changelog_that_forgets_is_a_problem(run: Run, cluster: KafkaServer, app_id: str) -> None:
    """A changelog with a retention would lose state: no worker starts on it."""
    cluster.create_topic(f"{app_id}-orders-changelog", 4, {"cleanup.policy": "compact,delete"})
    result = run("topics", "create")
    assert result.exit_code == 1
    assert (
        f"problem: {app_id}-orders-changelog: cleanup.policy=compact,delete would lose state or "
        "facts: compact is needed"
    ) in result.stderr
    problems = check_topics(load_settings())
    assert any(line.startswith(f"{app_id}-orders-changelog: cleanup") for line in problems)


def test_doubtful_inputs_are_noted(run: Run, cluster: KafkaServer, app_id: str) -> None:
    """Other people's topics keep their policy; what it costs is said, and a worker may start."""
    cluster.create_topic(
        f"{app_id}-tracking", 4, {"cleanup.policy": "compact,delete", "retention.ms": DAY_MS}
    )
    result = run("topics", "create")
    assert result.exit_code == 0
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) == 2
    assert notes[0].startswith(f"note: {app_id}-tracking: cleanup.policy=compact,delete deletes")
    assert notes[1] == (
        f"note: {app_id}-tracking: retention.ms is 1 day; at least 35 days is recommended"
    )
    check = run("topics", "check")
    assert check.exit_code == 0
    assert check.stderr.splitlines() == notes


def test_refusal_of_the_cluster_is_told(
    run: Run, cluster: KafkaServer, app_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three replicas on one broker: the cluster's own words, for each topic, and exit status 1."""
    monkeypatch.setenv("SHIPSENTRY_REPLICATION_FACTOR", "3")
    result = run("topics", "create")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 26
    assert all(": not made: " in line and "replication factor" in line.lower() for line in lines)


def test_no_broker_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nothing listens: address and reason, no traceback."""
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVERS", address)
    monkeypatch.setattr("streams.cli.topics_check.COMMAND_WAIT_S", 0.0)
    result = run("topics", "check")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: SHIPSENTRY_BOOTSTRAP_SERVERS={address}: no broker answers there (Connection "
        "refused)\n"
    )


def test_worker_waits_for_its_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check_topics` gives up after `broker_wait_s`, not after a command's patience."""
    settings = load_settings(bootstrap_servers=f"127.0.0.1:{free_port()}", broker_wait_s=0)
    with pytest.raises(KafkaUnavailable, match="no broker answers"):
        check_topics(settings)
