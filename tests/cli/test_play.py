"""`shipsentry play` on a real Kafka: what it puts there, when it does not, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import Result
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from kafka_server import KafkaServer
from support.ports import free_port
from support.running import Deployment, offsets_of, wait_for

from streams.cli import entry
from streams.demo.history import Entry, Outcome, differences, load, replayed
from streams.demo.levels import with_levels
from streams.demo.live import PlayError, earlier, play, wall
from streams.demo.shift import days_until, shifted
from streams.profiles.loader import load as load_profiles
from streams.settings import Settings, load_settings

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]


class Record(NamedTuple):
    """What Kafka holds: topic, key, value, timestamp (ms)."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int


def on_kafka(settings: Settings) -> list[Record]:
    """Everything on all input topics now."""
    consumer = Consumer(
        {"bootstrap.servers": settings.bootstrap_servers, "group.id": f"{settings.app_id}-reader"}
    )
    try:
        found: list[Record] = []
        places = [
            TopicPartition(topic, number, OFFSET_BEGINNING)
            for topic in (settings.orders_topic, settings.tracking_topic, settings.stock_topic)
            for number in range(settings.partitions)
        ]
        total = sum(offsets_of(consumer, place.topic, place.partition)[1] for place in places)
        consumer.assign(places)
        deadline = time.monotonic() + 60
        while len(found) < total:
            assert time.monotonic() < deadline, f"{len(found)} of {total} records"
            for message in consumer.consume(1000, 0.2):
                assert message.error() is None
                topic = message.topic()
                found.append(Record(topic, message.key(), message.value(), message.timestamp()[1]))
        return found
    finally:
        consumer.close()


def expected(settings: Settings, entries: list[Entry]) -> Counter[Record]:
    """The same entries as Kafka should hold them."""
    names = {
        "order-paid": settings.orders_topic,
        "tracking-update": settings.tracking_topic,
        "stock-level": settings.stock_topic,
    }
    return Counter(
        Record(names[one.topic], one.key, one.value, one.arrival // 1000) for one in entries
    )


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """The moment at which the test begins (s); the command's clock stands still there."""
    moment = time.time()
    monkeypatch.setattr("streams.demo.live.wall", lambda: moment)
    return moment


def test_the_backlog_is_what_lies_before_now(run: Run, cluster: KafkaServer, now: float) -> None:
    """Each record that arrives by now, poison too, with its arrival as timestamp; then it ends."""
    settings = load_settings()
    assert run("topics", "create").exit_code == 0
    result = run("play", "--backlog")
    assert (result.exit_code, result.stderr) == (0, "")
    present = round(now * 1_000_000)
    entries = [
        one for one in shifted(with_levels(load()), days_until(present)) if one.arrival <= present
    ]
    assert 5_000 < len(entries) < 6_700
    assert Counter(on_kafka(settings)) == expected(settings, entries)
    assert f"{len(entries):,} lie before now" in result.stdout
    assert len(result.stdout.splitlines()) == 2


def test_it_does_not_play_beside_records(run: Run, cluster: KafkaServer) -> None:
    """One order is enough: nothing is produced, the reason is said, and that is no failure."""
    settings = load_settings()
    assert run("topics", "create").exit_code == 0
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    producer.produce(settings.orders_topic, b"an order")
    assert producer.flush(30) == 0
    result = run("play", "--backlog")
    assert result.exit_code == 0
    assert result.stdout == (
        f"{settings.orders_topic} at {cluster.bootstrap} has records already: "
        "nothing is played (--again plays all the same)\n"
    )
    assert [record.value for record in on_kafka(settings)] == [b"an order"]
    assert run("play", "--backlog", "--again").exit_code == 0
    assert len(on_kafka(settings)) > 5_000


def test_again_keeps_the_times_of_the_play_before(
    run: Run, cluster: KafkaServer, now: float
) -> None:
    """A day later it brings the same records once more, and those whose time has come meanwhile."""
    settings = load_settings()
    assert run("topics", "create").exit_code == 0
    play(settings, lambda _: None, backlog=True, clock=lambda: now - 86_400)
    before = Counter(on_kafka(settings))
    assert run("play", "--backlog", "--again").exit_code == 0
    after = Counter(on_kafka(settings))
    assert before <= after - before
    assert (after - before - before).total() > 0
    days = days_until(round((now - 86_400) * 1_000_000))
    assert after - before <= expected(settings, shifted(with_levels(load()), days))


def test_missing_topics_are_one_line(run: Run, cluster: KafkaServer) -> None:
    """Nothing is made by playing: all names, what makes them, exit status 1."""
    result = run("play", "--backlog")
    settings = load_settings()
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: no topic {settings.orders_topic} and {settings.stock_topic} and "
        f"{settings.tracking_topic} at {cluster.bootstrap} (`shipsentry topics create` makes it)\n"
    )


def test_no_broker_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits as long as other commands do and says where nobody answers."""
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVERS", address)
    monkeypatch.setattr("streams.engine.kafka.topic_admin.COMMAND_WAIT_S", 0.0)
    result = run("play")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: SHIPSENTRY_BOOTSTRAP_SERVERS={address}: no broker answers there (Connection "
        "refused)\n"
    )


def test_the_rest_comes_at_its_time(run: Run, cluster: KafkaServer) -> None:
    """With a clock on which days pass in seconds the whole week is played, to its end."""
    settings = load_settings()
    assert run("topics", "create").exit_code == 0
    # All of it lies behind us: brokers refuse what is yet to come.
    then = time.time() - 8 * 86_400
    began: list[float] = []

    def clock() -> float:
        """Stands at `then` when first asked; afterwards a day passes in a second."""
        began.append(time.monotonic())
        return then + (began[-1] - began[0]) * 86_400

    entries = shifted(with_levels(load()), days_until(round(then * 1_000_000)))
    said: list[str] = []
    play(settings, said.append, clock=clock)
    assert Counter(on_kafka(settings)) == expected(settings, entries)
    assert said[-1] == "The week is over."


@contextmanager
def playing(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`shipsentry play` in a process of its own, with the settings of this one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "play", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it(
    run: Run, cluster: KafkaServer, number: signal.Signals, status: int
) -> None:
    """While it waits for the next record: no traceback, nothing lost, the demo's exit status."""
    assert run("topics", "create").exit_code == 0
    with playing() as process:
        assert process.stdout is not None
        said = ""
        while "follow, each at its time" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(number)
        rest = process.communicate(timeout=30)[0]
    assert (rest, process.returncode) == ("Stopped; what was played stays.\n", status)
    assert len(on_kafka(load_settings())) > 5_000


def test_only_a_play_leaves_such_times() -> None:
    """Whole days from the history's first order, or it was not us."""
    history = load()
    first = next(one.arrival for one in history if one.topic == "order-paid") // 1_000
    assert earlier(history, None) is None
    assert earlier(history, first) == 0
    assert earlier(history, first - 3 * 86_400_000) == -3
    assert earlier(history, first + 1) is None


def test_a_broker_that_takes_nothing_ends_it(
    run: Run, cluster: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused record is named, not passed over."""
    settings = load_settings()
    assert run("topics", "create").exit_code == 0
    far = time.time() + 30 * 86_400  # the broker takes no timestamps of the future
    with pytest.raises(
        PlayError, match="a record was not taken: Broker: Broker failed to validate"
    ):
        play(settings, lambda _: None, backlog=True, clock=lambda: far)


@pytest.mark.parametrize("pid", [1, 4711])
def test_the_first_process_of_a_container_hears_sigterm(
    monkeypatch: pytest.MonkeyPatch, pid: int
) -> None:
    """The kernel gives process 1 no default for SIGTERM, so the command brings a handler."""
    seen: list[object] = []
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("streams.cli.entry.os.getpid", lambda: pid)
    monkeypatch.setattr(
        "streams.cli.group.main", lambda: seen.append(signal.getsignal(signal.SIGTERM))
    )
    try:
        entry.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [entry._end if pid == 1 else before]
    with pytest.raises(SystemExit) as ended:
        entry._end(signal.SIGTERM, None)
    assert ended.value.code == 143


def test_a_worker_comes_to_what_replay_says_of_now(kafka: KafkaServer, tmp_path: Path) -> None:
    """By its own wall clock, on the played backlog: the demo's self-check in the present."""
    deployment = Deployment(kafka.bootstrap, tmp_path)
    moment = wall()
    play(deployment.settings, lambda _: None, backlog=True, clock=lambda: moment)
    present = round(moment * 1_000_000)
    entries = shifted(load(), days_until(present))
    played = [one for one in entries if one.arrival <= present]
    profiles = load_profiles()
    problems = ["nothing was asked"]

    def equal() -> bool:
        expected = replayed(played, profiles, round(wall() * 1_000_000))
        found = Outcome(warnings=deployment.newest())
        letters = deployment.read(deployment.topics.dead_letters)
        found.dead_letters.update(json.loads(value)["reason"] for _, value in letters if value)
        problems[:] = differences(found, expected)
        return not problems

    worker = deployment.worker().start()
    try:
        wait_for(equal, 90, lambda: f"no difference:\n{problems[:5]}\n{worker.tail()}")
        assert len(deployment.standing()) > 100
        assert worker.stop() == 0
    finally:
        worker.kill()
