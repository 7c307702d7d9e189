"""What workers remember is taken to a file and back, on a real Kafka."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka_server import KafkaServer
from support.playing import combined, phases, play, wanted
from support.running import Deployment, Worker, offsets_of, wait_for

from streams.cli.group import main

Run = Callable[..., Result]


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that a test starts; whatever still runs at its end is killed."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


@pytest.fixture
def deployment(kafka: KafkaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """An application, whose settings commands of this test have."""
    found = Deployment(kafka.bootstrap, tmp_path)
    for name, value in found.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SHIPSENTRY_DATA_DIR", str(tmp_path / "w1"))
    return found


def run(*arguments: str) -> Result:
    """`shipsentry` with these arguments."""
    return CliRunner().invoke(main, list(arguments), prog_name="shipsentry")


@pytest.mark.timeout(300)
def test_states_go_to_a_file_and_back(
    deployment: Deployment, kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Exported, changelogs and disk wiped, imported: the same warnings go on."""
    history = combined(range(5, 6))
    stretches = phases(history)
    before, after = stretches[: len(stretches) // 2], stretches[len(stretches) // 2 :]
    worker = deployment.worker().start()
    workers.append(worker)
    worker.wait_log("reading partitions")
    for stretch in before:
        play(deployment, stretch)
    file = tmp_path / "states.jsonl"
    assert run("state", "export", "--out", str(file)).exit_code == 0
    refused = run("state", "import", str(file))
    assert refused.exit_code == 1
    assert f"1 worker of {deployment.settings.app_id!r} running: stop all" in refused.stderr
    assert worker.stop() == 0
    checked = run("state", "check")
    assert checked.exit_code == 0, checked.stderr

    exported = run("state", "export", "--out", str(file))
    assert exported.exit_code == 0, exported.stderr
    local = tmp_path / "local.jsonl"
    assert run("state", "export", "--local", "--out", str(local)).exit_code == 0
    assert lines(local) == lines(file), "Kafka and the disk have the same"
    shutil.rmtree(worker.data_dir)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    names = list(deployment.topics.changelogs)
    for future in admin.delete_topics(names).values():
        future.result(30)
    wait_for(lambda: not set(names) & set(admin.list_topics(timeout=10).topics), 30, "deletion")
    assert run("topics", "create").exit_code == 0
    # What the file does not have is deleted.
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_bytes(b"\n".join(file.read_bytes().splitlines()[:-3]))
    import_when_all_are_gone(file)
    assert run("state", "import", str(fewer)).exit_code == 0
    again = tmp_path / "again.jsonl"
    assert run("state", "export", "--out", str(again)).exit_code == 0
    assert lines(again) == lines(fewer)
    assert run("state", "import", str(file)).exit_code == 0
    assert run("state", "export", "--out", str(again)).exit_code == 0
    assert lines(again) == lines(file)

    # The changelogs are other topics than offsets were committed on.
    accepted = run("state", "accept", "--execute")
    assert accepted.exit_code == 0, accepted.output
    worker.start()
    wait_for(lambda: worker.log.read_text().count("reading partitions") == 2, 60, "a start")
    for stretch in after:
        play(deployment, stretch)
    deployment.wait_for_standing(wanted(history))
    assert worker.stop() == 0


@pytest.mark.timeout(300)
def test_a_deployment_is_restored_from_three_topics(
    kafka: KafkaServer, tmp_path: Path, workers: list[Worker]
) -> None:
    """Inputs and warnings, copied with their times, are all that another one needs: what stands is
    the same, by the same ids, and no revision begins anew."""
    history = combined(range(5, 6))
    stretches = phases(history)
    half = len(stretches) // 2
    roots = tmp_path / "lost", tmp_path / "restored"
    for root in roots:
        root.mkdir()
    lost = Deployment(kafka.bootstrap, roots[0], settle_s=0)
    workers.append(lost.worker().start())
    workers[0].wait_log("reading partitions")
    for stretch in stretches[:half]:
        play(lost, stretch)
    wait_for(lost.newest, 60, "a warning")
    assert workers[0].stop() == 0
    before = lost.newest()

    restored = Deployment(kafka.bootstrap, roots[1], settle_s=0)
    for name in ("orders", "tracking", "warnings"):
        copy(kafka, getattr(lost.topics, name), getattr(restored.topics, name))
    workers.append(restored.worker().start())
    wait_for(lambda: restored.lag() == 0, 90, "that all is read again")
    for stretch in stretches[half:]:
        play(restored, stretch)
    restored.wait_for_standing(wanted(history))
    after = restored.newest()
    assert all(after[key]["revision"] >= value["revision"] for key, value in before.items())
    assert workers[1].stop() == 0


def copy(kafka: KafkaServer, source: str, target: str) -> None:
    """Mirror a topic: the same partitions, keys, values and times."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": f"copy-{source}"})
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    try:
        ends = {}
        for number in consumer.list_topics(source, timeout=20).topics[source].partitions:
            low, high = offsets_of(consumer, source, number)
            if high > low:
                ends[number] = high
        consumer.assign([TopicPartition(source, number, OFFSET_BEGINNING) for number in ends])
        while ends:
            record = consumer.poll(20)
            assert record is not None
            assert record.error() is None
            number, offset, (_, at) = record.partition(), record.offset(), record.timestamp()
            assert number is not None
            assert offset is not None
            producer.produce(target, record.value(), record.key(), number, timestamp=at)
            if offset + 1 == ends[number]:
                del ends[number]
        assert producer.flush(30) == 0
    finally:
        consumer.close()


def import_when_all_are_gone(file: Path) -> None:
    """A worker with a name of its own is a member until its session ends."""
    done: list[Result] = []

    def imported() -> bool:
        done.append(run("state", "import", str(file)))
        return done[-1].exit_code == 0

    wait_for(imported, 60, lambda: done[-1].stderr)


def lines(file: Path) -> list[dict[str, object]]:
    """The states of an export, sorted."""
    found = [json.loads(line) for line in file.read_bytes().splitlines()[1:]]
    return sorted(found, key=lambda line: (line["table"], line["partition"], line["key"]))
