"""`shipsentry dead-letters` on a real Kafka: listed, shown, and sent again once."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from kafka_server import KafkaServer
from support.dead_letters import DETECTED, RECORD, letter, written

from streams.cli.group import main
from streams.dead_letters.letters import Filter, Held, Letter, letters
from streams.dead_letters.retry import SendFailed, open_sender
from streams.dead_letters.rows import COLUMNS
from streams.dead_letters.sources import on_kafka, with_bytes
from streams.settings import load_settings

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def topics(cluster: KafkaServer) -> KafkaServer:
    """The broker with two inputs and an empty topic of dead letters of two partitions."""
    settings = load_settings()
    for name in (settings.orders_topic, settings.tracking_topic, settings.dead_letters_topic):
        cluster.create_topic(name, 2)
    return cluster


def lost(offset: int, value: bytes | None = RECORD, **changes: Any) -> dict[str, Any]:
    """The letter of a record of this test's tracking updates."""
    return letter(offset, value, **{"topic": load_settings().tracking_topic, **changes})


def publish(kafka: KafkaServer, *values: dict[str, Any] | bytes) -> list[str]:
    """Put letters onto their topic as a worker does; returns the origins of those that are."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": "murmur2"})
    origins = []
    for value in values:
        key, raw = (b"", value) if isinstance(value, bytes) else written(value)
        producer.produce(load_settings().dead_letters_topic, raw, key)
        if key:
            origins.append(key.decode())
    assert producer.flush(30) == 0
    return origins


def committed(kafka: KafkaServer, topic: str) -> list[Message]:
    """The records of a topic that no transaction holds back, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": uuid.uuid4().hex,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    places = [TopicPartition(topic, number, 0) for number in range(2)]
    plain = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": uuid.uuid4().hex})
    ends = [plain.get_watermark_offsets(place, 30, cached=False)[1] for place in places]
    plain.close()
    consumer.assign(places)
    found, ended, until = [], set(), time.monotonic() + 30
    # A transaction that was committed is read a moment later: brokers mark it in each partition.
    while len(ended) < 2 and time.monotonic() < until:
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error() is None:
            found.append(message)
        elif message.offset() >= ends[message.partition()]:
            ended.add(message.partition())
    consumer.close()
    assert len(ended) == 2, "a transaction is still open"
    return found


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a packed CSV file."""
    return list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))


def test_list_prints_a_line_each(run: Run, topics: KafkaServer) -> None:
    """Earliest first, in UTC+8, one line whatever is in them; counts on standard error."""
    origins = publish(
        topics, lost(42, reason="not_json", field=None, message="x\x1b[2J\ny"), lost(41), b"{"
    )
    result = run("dead-letters", "list")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"2026-11-20 18:00:41+08:00  naive_time  occurred_at  {origins[1]}  "
        "occurred_at is '2026-11-20T18:00:00', a time without an offset",
        f"2026-11-20 18:00:42+08:00  not_json  -  {origins[0]}  x [2J y",
    ]
    assert result.stderr.splitlines() == [
        "2 dead letters, 0 of them sent again",
        "  by reason: naive_time 1, not_json 1",
        "  by field: - 1, occurred_at 1",
        f"  by topic: {load_settings().tracking_topic} 2",
        "passed over: 1 record that is no dead letter",
    ]


def test_list_filters_and_counts(run: Run, topics: KafkaServer) -> None:
    """Each option; --summary is the counts alone, as the result."""
    origins = publish(
        topics,
        lost(1),
        lost(2, reason="wrong_type", field="items.0.quantity"),
        lost(3, topic=load_settings().orders_topic),
    )

    def found(*options: str) -> list[str]:
        lines = run("dead-letters", "list", *options).stdout.splitlines()
        return [line.split("  ")[3] for line in lines]

    assert found("--reason", "wrong_type") == [origins[1]]
    assert found("--field", "items") == [origins[1]]
    assert found("--topic", load_settings().orders_topic) == [origins[2]]
    assert found("--since", "2026-11-20T18:00:02+08:00") == origins[1:]
    assert found("--until", "2026-11-20T10:00:02Z") == origins[:1]
    result = run("dead-letters", "list", "--summary", "--reason", "wrong_type")
    assert result.stdout.startswith("1 dead letter, 0 of them sent again\n")
    assert result.stderr == ""
    assert run("dead-letters", "list", "--summary", "--format", "csv").exit_code == 2
    assert run("dead-letters", "list", "--reason", "no_reason").exit_code == 2
    assert run("dead-letters", "list", "--since", "yesterday").exit_code == 2


def test_list_writes_files(run: Run, topics: KafkaServer) -> None:
    """As published, or a table with the record as text; each run the same bytes."""
    origins = publish(topics, *(lost(n) for n in range(20)), lost(20, b"\xff\x00"), lost(21, None))
    for name in ("l.jsonl", "l.csv.gz", "l.txt"):
        assert run("dead-letters", "list", "--out", name).exit_code == 0
        once = Path(name).read_bytes()
        assert run("dead-letters", "list", "--out", name).exit_code == 0
        assert Path(name).read_bytes() == once
    lines = [json.loads(line) for line in Path("l.jsonl").read_text().splitlines()]
    by_offset = {line["origin"]["offset"]: line for line in lines}
    assert by_offset[7] == {**lost(7), "retried_at": None}
    rows = {row["origin"]: row for row in table(Path("l.csv.gz"))}
    assert sorted(rows) == sorted(origins)
    assert rows[origins[0]]["value"] == '{\n  "carrier": "zto",\n  "描述": "已揽收"\n}'
    assert rows[origins[20]]["value"] == "/wA="
    assert rows[origins[21]]["value"] == ""
    assert Path("l.txt").read_text().count("\n") == 22
    assert run("dead-letters", "list", "--out", "l.xlsx").exit_code == 2


def test_the_columns_are_documented() -> None:
    """docs/dead-letters.md names each of them, in their order."""
    text = (ROOT / "docs" / "dead-letters.md").read_text(encoding="utf-8")
    listed = text.partition("```text\n")[2].partition("```")[0]
    assert tuple(listed.replace(",", " ").split()) == COLUMNS


def test_show_has_the_record(run: Run, topics: KafkaServer) -> None:
    """All that is known, and the value as a person reads it."""
    origins = publish(topics, lost(1), lost(2, "广东".encode("gb18030")), lost(3, None))
    text = run("dead-letters", "show", origins[0]).stdout
    head, _, value = text.partition("\n\n")
    assert f"origin      {origins[0]}\n" in head
    assert "detected    2026-11-20 18:00:01+08:00\n" in head
    assert "key         zto:781\n" in head
    assert value == '{\n  "carrier": "zto",\n  "描述": "已揽收"\n}\n'
    assert run("dead-letters", "show", origins[0], "--raw").stdout_bytes == RECORD
    assert "00000000  b9 e3 b6 ab " in run("dead-letters", "show", origins[1]).stdout
    assert "(the record has no value)" in run("dead-letters", "show", origins[2]).stdout
    missing = run("dead-letters", "show", "tracking-update-0-1")
    assert missing.exit_code == 1
    assert missing.stderr == "Error: there is no dead letter of 'tracking-update-0-1'\n"


def test_a_replays_file_is_read(run: Run) -> None:
    """Without any Kafka: what `replay` wrote beside its output."""
    Path("o.jsonl").write_text('{"order_id": "1"}\n{\n')
    Path("t.jsonl").write_text("")
    files = ("--orders", "o.jsonl", "--tracking", "t.jsonl")
    assert run("replay", *files, "--out", "w.jsonl").exit_code == 3
    file = ("--file", "w.dead-letters.jsonl")
    lines = run("dead-letters", "list", *file).stdout.splitlines()
    assert ["o.jsonl-0-0" in lines[0], "o.jsonl-0-1" in lines[1]] == [True, True]
    assert run("dead-letters", "list", *file, "--reason", "not_json").stdout.count("\n") == 1
    text = run("dead-letters", "show", "o.jsonl-0-0", *file).stdout
    assert text.endswith('\n\n{\n  "order_id": "1"\n}\n')
    Path("x.gz").write_bytes(b"\x1f\x8bdamaged")
    damaged = run("dead-letters", "list", "--file", "x.gz")
    assert damaged.exit_code == 1
    assert damaged.stderr.startswith("Error: the dead letters cannot be read or written: ")


def test_retry_sends_the_bytes_that_came_once(run: Run, topics: KafkaServer) -> None:
    """Key, value, and where it came from as a header; a second time there is nothing to send."""
    settings = load_settings()
    origins = publish(
        topics,
        lost(1, b'{"a":  1}'),
        lost(2, b"\xff", key=None),
        lost(1, b'{"a":  1}'),
        lost(3, None, topic=settings.orders_topic, key=b"o1"),
    )
    result = run("dead-letters", "retry", "--all", "--yes")
    assert (result.exit_code, result.stdout) == (0, "sent again: 3 records\n")
    sent = committed(topics, settings.tracking_topic)
    assert sorted((one.value(), one.key(), one.headers()) for one in sent) == [
        (b'{"a":  1}', b"zto:781", [("shipsentry-retry-of", origins[0].encode())]),
        (b"\xff", None, [("shipsentry-retry-of", origins[1].encode())]),
    ]
    (tombstone,) = committed(topics, settings.orders_topic)
    assert (tombstone.key(), tombstone.value()) == (b"o1", None)
    assert tombstone.timestamp()[1] == DETECTED.timestamp() * 1000
    assert all(one.timestamp()[1] > tombstone.timestamp()[1] for one in sent)
    again = run("dead-letters", "retry", "--all", "--yes")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "sent again before: 3\n" in again.stderr
    assert "nothing to send again" in again.stderr
    assert len(committed(topics, settings.tracking_topic)) == 2
    listed = run("dead-letters", "list")
    assert listed.stdout.count("sent again") == 3
    assert listed.stderr.startswith("3 dead letters, 3 of them sent again\n")
    assert run("dead-letters", "list", "--pending").stdout == ""


def test_retry_chooses(run: Run, topics: KafkaServer) -> None:
    """By origin or by options; without either it asks for --all; one that is not there is named."""
    origins = publish(topics, lost(1), lost(2, reason="too_large"), lost(3))
    assert run("dead-letters", "retry").exit_code == 2
    assert run("dead-letters", "retry", "--all", "--reason", "too_large").exit_code == 2
    missing = run("dead-letters", "retry", origins[0], "x-0-1", "--yes")
    assert missing.exit_code == 1
    assert missing.stderr.endswith("Error: there is no dead letter of 'x-0-1'\n")
    assert committed(topics, load_settings().tracking_topic) == []
    assert run("dead-letters", "retry", "--reason", "too_large", "--yes").exit_code == 0
    assert run("dead-letters", "retry", origins[0], "--yes").exit_code == 0
    sent = committed(topics, load_settings().tracking_topic)
    assert sorted(one.headers()[0][1].decode() for one in sent) == sorted(origins[:2])


def test_retry_asks_first(run: Run, topics: KafkaServer) -> None:
    """--dry-run sends nothing and says what it would; `n` sends nothing."""
    (origin,) = publish(topics, lost(1))
    dry = run("dead-letters", "retry", "--all", "--dry-run")
    assert dry.exit_code == 0
    assert origin in dry.stdout
    assert dry.stderr == "would be sent again: 1 record\n"
    arguments = ["dead-letters", "retry", "--all"]
    for answer, status in (("n\n", 1), ("", 1)):
        result = CliRunner().invoke(main, arguments, input=answer)
        assert result.exit_code == status
        assert "Send them again? [y/N]" in result.stderr
    assert committed(topics, load_settings().tracking_topic) == []
    assert CliRunner().invoke(main, arguments, input="y\n").exit_code == 0
    assert len(committed(topics, load_settings().tracking_topic)) == 1


def test_retry_refuses_what_it_cannot_send_whole(run: Run, topics: KafkaServer) -> None:
    """A cut value, and a record of a topic that is no input; the others are sent."""
    publish(
        topics,
        lost(1, max_value_bytes=5),
        lost(2, topic="elsewhere", reason="processing_failed"),
        lost(3),
    )
    result = run("dead-letters", "retry", "--all", "--yes")
    assert (result.exit_code, result.stdout) == (3, "sent again: 1 record\n")
    settings = load_settings()
    cut, elsewhere = result.stderr.splitlines()[:2]
    assert cut.startswith("cannot be sent again: 1, its value is not whole in the letter")
    assert elsewhere.startswith("cannot be sent again: 1, its topic is no input; allowed are ")
    assert settings.orders_topic in elsewhere
    assert len(committed(topics, settings.tracking_topic)) == 1


@pytest.fixture
def pending(topics: KafkaServer) -> Iterator[list[tuple[Letter, Held]]]:
    """A letter and its bytes, as they are read."""
    publish(topics, lost(1))
    with on_kafka(load_settings()) as read:
        found = letters(read(), Filter()).found
        yield [
            (each.letter, held)
            for each, _, held in with_bytes(read(), {each.place: each for each in found})
        ]


def test_a_crash_between_sends_nothing(
    run: Run, topics: KafkaServer, pending: list[tuple[Letter, Held]]
) -> None:
    """What was handed over and not committed is undone by the next one, which sends it."""
    settings = load_settings()
    with open_sender(settings) as crashed:
        producer = crashed._producer
        producer.begin_transaction()
        crashed._send(*pending[0])
        producer.send(settings.dead_letters_topic, b"a mark that is not to be read")
        producer.flush()
        assert run("dead-letters", "list", "--pending").stderr.startswith("1 dead letter, 0 of")
        result = run("dead-letters", "retry", "--all", "--yes")
    assert result.stdout == "sent again: 1 record\n"
    assert len(committed(topics, settings.tracking_topic)) == 1


def test_two_at_once_send_once(
    run: Run, topics: KafkaServer, pending: list[tuple[Letter, Held]]
) -> None:
    """One that was overtaken while it waited for its answer can send no more, and says so."""
    settings = load_settings()
    with open_sender(settings) as overtaken:
        assert run("dead-letters", "retry", "--all", "--yes").exit_code == 0
        with pytest.raises(SendFailed, match="Fenced"):
            overtaken.send(pending, "2026-11-21T08:00:00+00:00")
    assert len(committed(topics, settings.tracking_topic)) == 1


def test_what_kafka_refuses_is_one_line(run: Run, cluster: KafkaServer) -> None:
    """A record that is too large for its topic: named, nothing of its batch sent or marked."""
    settings = load_settings()
    cluster.create_topic(settings.tracking_topic, 2, {"max.message.bytes": 1_000})
    cluster.create_topic(settings.dead_letters_topic, 2)
    publish(cluster, lost(1), lost(2, b"x" * 2_000))
    result = run("dead-letters", "retry", "--all", "--yes")
    assert result.exit_code == 1
    name = f"{settings.tracking_topic}-2-2"
    assert result.stderr.splitlines()[-1] == (
        f"Error: {name} is too large for {settings.tracking_topic}; 0 of 2 records sent again"
    )
    assert committed(cluster, settings.tracking_topic) == []
    assert run("dead-letters", "list", "--pending").stdout.count("\n") == 2


def test_no_topic_is_one_line(run: Run, cluster: KafkaServer) -> None:
    """Its name, and the command that makes it."""
    for command in (("list",), ("show", "x-0-1"), ("retry", "--all")):
        result = run("dead-letters", *command)
        assert result.exit_code == 1
        assert "shipsentry topics create" in result.stderr
