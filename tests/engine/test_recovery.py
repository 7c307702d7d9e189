"""Stores against their changelogs, and restarts: nothing lost, nothing from the dead."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from echo_worker import (
    committed,
    config_of,
    ends,
    expected,
    produce,
    read_all,
    start_process,
    tables,
    topics,
    wait_for_tables,
)
from kafka_server import KafkaServer
from support.changelogs import Local, delete_before, due_of, make_anew, make_changelog, write
from support.running import wait_for

from streams.engine.kafka.types import Committed
from streams.engine.store.errors import StoreUnusable
from streams.engine.store.restore import RestoreStopped, StateRefused
from streams.engine.store.store import PartitionStore, TableStore, store_memory
from streams.engine.worker import Put

COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": 100,
    "min.cleanable.dirty.ratio": 0.01,
    "max.compaction.lag.ms": 100,
    "delete.retention.ms": 0,
}
"""A topic that is compacted as soon as the cleaner comes."""


@pytest.fixture
def changelog(kafka: KafkaServer, app_id: str) -> str:
    """The changelog of table `t`."""
    return make_changelog(kafka, app_id)


def test_from_nothing(kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path) -> None:
    """The last value of each key, tombstones obeyed, the due index rebuilt."""
    write(kafka, changelog, [(b"a", b"5"), (b"b", b"7"), (b"a", b"9"), (b"b", None), (b"c", b"3")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 5
    assert local.get(b"a", b"b", b"c") == [b"9", None, b"3"]
    assert local.store.due(0, 100, 10) == [(3, b"c"), (9, b"a")]
    assert local.store[0].changelog_offset() == 4
    local.close()


def test_only_what_is_missing(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """A warm store reads what was written after it, or nothing."""
    write(kafka, changelog, [(b"a", b"1"), (b"b", b"1")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    local.close()
    write(kafka, changelog, [(b"b", b"2")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 1
    assert local.get(b"a", b"b") == [b"1", b"2"]
    local.close()
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 0
    assert local.get(b"a", b"b") == [b"1", b"2"]
    local.close()


def test_an_empty_changelog(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """Never written: at once."""
    local = Local(kafka.bootstrap, app_id, tmp_path)
    started = time.monotonic()
    assert local.restore() == 0
    assert time.monotonic() - started < 5
    local.close()


def test_everything_expired(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """The log starts at its end: no record will ever come, and none is waited for."""
    write(kafka, changelog, [(b"a", b"1"), (b"b", b"1")])
    delete_before(kafka, changelog, 2)
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 0
    assert local.get(b"a") == [None]
    local.close()


def test_a_tail_of_transaction_markers(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """The end is an offset that holds no record."""
    write(kafka, changelog, [(b"a", b"1")], **{"transactional.id": f"{app_id}-1"})
    # The broker writes the marker after it has answered the commit.
    wait_for(lambda: ends(kafka.bootstrap, changelog, 1) == [2], 30, "the transaction's marker")
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 1
    assert local.get(b"a") == [b"1"]
    local.close()
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 0
    local.close()


def test_compacted(app_id: str, tmp_path: Path) -> None:
    """Tombstones were the last records, and compaction has taken them and what they delete."""
    config = {"log.cleaner.backoff.ms": 100, "log.retention.check.interval.ms": 100}
    with KafkaServer(config=config) as kafka:
        topic = kafka.create_topic(f"{app_id}-t-changelog", 2, COMPACTED)
        write(kafka, topic, [(b"k%d" % n, b"1") for n in range(50)])
        write(kafka, topic, [(b"k%d" % n, None) for n in range(50)])
        deadline = time.monotonic() + 60
        while len({key for *_, key, _ in read_all(kafka.bootstrap, topic, 1)}) > 1:
            assert time.monotonic() < deadline, "the cleaner has not come"
            write(kafka, topic, [(b"roll", b"1")])  # only closed segments are compacted
            time.sleep(0.2)
        local = Local(kafka.bootstrap, app_id, tmp_path)
        assert 1 <= local.restore() < 50
        assert local.get(b"k1", b"k49", b"roll") == [None, None, b"1"]
        assert local.store[0].changelog_offset() == ends(kafka.bootstrap, topic, 1)[0] - 1
        local.close()


def test_ahead_of_its_changelog(
    kafka: KafkaServer,
    app_id: str,
    changelog: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The topic was made anew: the store is of another history, and goes."""
    write(kafka, changelog, [(b"a", b"1")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    local.store[0].write([Put(b"ghost", b"9", 9, 0)], 1_000)
    local.close()
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 1
    assert local.get(b"a", b"ghost") == [b"1", None]
    assert local.store.due(0, 100, 10) == [(1, b"a")]
    assert local.restorer.stats.rebuilt == ["t-0"]
    assert "is ahead of its changelog" in caplog.text
    local.close()


def test_behind_the_start_of_its_changelog(
    kafka: KafkaServer,
    app_id: str,
    changelog: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What it missed is gone, deletions too: it is rebuilt from what is there."""
    write(kafka, changelog, [(b"gone", b"1")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    local.close()
    write(kafka, changelog, [(b"gone", None), (b"x", b"1"), (b"a", b"2")])
    delete_before(kafka, changelog, 3)
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 1
    assert local.get(b"gone", b"a") == [None, b"2"]
    assert "has missed records" in caplog.text
    local.close()


def test_made_anew(kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path) -> None:
    """Empty, shorter or grown longer than it was: offsets and intact local state say no."""
    write(kafka, changelog, [(b"a", b"1"), (b"b", b"2")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    committed = local.commit()
    local.close()
    make_anew(kafka, changelog)
    for records in ([], [(b"x", b"1")], [(b"y", b"1"), (b"z", b"1")]):
        write(kafka, changelog, records)
        for folder in (tmp_path, tmp_path / "other machine"):
            with pytest.raises(StateRefused, match="is another topic than offsets"):
                Local(kafka.bootstrap, app_id, folder).restore(committed)
        # Release 0.1.0 commits offsets without a witness; then the local state is one.
        with pytest.raises(StateRefused, match="is another topic than local state"):
            Local(kafka.bootstrap, app_id, tmp_path).restore(committed._replace(metadata=""))
    store = TableStore("t", tmp_path / "tables", store_memory()).assign(0)
    assert store.get_many([b"a", b"b", b"x"]) == [b"1", b"2", None]
    store.close()
    # Begun anew: nothing is committed, or on the new topic.
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 3
    assert local.get(b"a", b"x") == [None, b"1"]
    assert "is of another changelog" in local.restorer.stats.reasons["t-0"]
    committed = local.commit()
    local.close()
    assert Local(kafka.bootstrap, app_id, tmp_path).restore(committed) == 0


def test_a_damaged_store_is_rebuilt_only_from_a_changelog_that_is_believed(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """Refused, its files stay as they are; believed, it goes, however long after."""
    write(kafka, changelog, [(b"a", b"1")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    committed, path = local.commit(), local.store.path(0)
    local.close()
    make_anew(kafka, changelog)
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restorer.condemn(StoreUnusable(path, "is damaged"))
    with pytest.raises(StateRefused, match="is another topic than offsets"):
        local.restore(committed)
    kept = PartitionStore.open(path, store_memory())
    assert kept.get_many([b"a"]) == [b"1"]
    kept.close()
    assert local.restore() == 0
    assert local.restorer.stats.reasons == {"t-0": "is damaged"}
    assert local.get(b"a") == [None]
    local.close()


def test_a_shorter_or_cut_changelog(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """The same topic lacks records: at its end, or at its beginning and no local state has them."""
    write(kafka, changelog, [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    committed = local.commit()
    local.store[0].write([], 9)
    later = local.commit()
    local.close()
    with pytest.raises(
        StateRefused, match="ends at 3, and offsets were committed when it ended at 10"
    ):
        Local(kafka.bootstrap, app_id, tmp_path / "other machine").restore(later)
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore(committed)  # the offsets know nothing of what local state is ahead by
    assert local.restorer.stats.rebuilt == ["t-0"]
    local.close()

    delete_before(kafka, changelog, 2)
    for metadata in (committed.metadata, ""):
        with pytest.raises(StateRefused, match="begins at 2"):
            Local(kafka.bootstrap, app_id, tmp_path / "other machine").restore(
                committed._replace(metadata=metadata)
            )
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore(committed) == 0, "local state covers what was deleted"
    assert local.get(b"a", b"c") == [b"1", b"3"]
    local.close()


def test_all_changelogs_empty(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """Offsets of release 0.1.0: a partition of an application may have no state, not all of it."""
    read = Committed("in", 0, 5, "")
    with pytest.raises(StateRefused, match="is empty, as all changelogs are"):
        Local(kafka.bootstrap, app_id, tmp_path).restore(read)
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore(Committed(f"{app_id}-ticks", 0, 5, "")) == 0
    witness = local.commit()
    local.close()
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore(witness) == 0, "all that was read were dead letters"
    local.close()
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(changelog, b"1", b"a", partition=1)
    assert producer.flush(30) == 0
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore(read) == 0
    local.close()


@pytest.mark.parametrize("kept_ago", [3_601.0, -3_600.0], ids=["old", "from_the_future"])
def test_not_kept_up_to_date_for_long(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path, kept_ago: float
) -> None:
    """Tombstones that it missed may be compacted away: states would come back from the dead. What a
    wrong clock dated may be of any age."""
    write(kafka, changelog, [(b"a", b"1")])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    local.restore()
    local.store[0].write([Put(b"dead", b"9", 9, 0)], 0)
    local.close()
    local = Local(kafka.bootstrap, app_id, tmp_path, local_state_max_age=3_600.0)
    assert local.restore() == 0, "young enough"
    local.close()
    kept_at = time.time() - kept_ago
    for path in (tmp_path / "tables").rglob("*"):
        os.utime(path, (kept_at, kept_at))
    local = Local(kafka.bootstrap, app_id, tmp_path, local_state_max_age=3_600.0)
    assert local.restore() == 1
    assert local.get(b"a", b"dead") == [b"1", None]
    local.close()


def test_stopped_in_the_middle(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path
) -> None:
    """A rebalance does not wait for a restore; the next one goes on."""
    write(kafka, changelog, [(b"k%d" % n, b"%d" % n) for n in range(20_000)])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    original = local.restorer._apply

    def stop_then_apply(*args: Any) -> None:
        local.restorer.stop()
        original(*args)

    local.restorer._apply = stop_then_apply  # type: ignore[method-assign]
    with pytest.raises(RestoreStopped):
        local.restore()
    local.restorer._apply = original  # type: ignore[method-assign]
    local.restore()
    assert local.get(b"k0", b"k19999") == [b"0", b"19999"]
    local.close()


def test_stopped_when_all_was_read(
    kafka: KafkaServer, app_id: str, changelog: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it works out what is due: the next one has nothing to read, and that to do."""
    monkeypatch.setattr("streams.engine.store.store._INDEXED_AT_ONCE", 2)
    write(kafka, changelog, [(b"k%d" % n, b"%d" % (n + 1)) for n in range(5)])
    local = Local(kafka.bootstrap, app_id, tmp_path)
    original = PartitionStore.restored

    def revoked(store: PartitionStore, *_: Any) -> None:
        batches = iter([lambda: None, local.restorer.stop])

        def check() -> None:
            next(batches)()
            local.restorer._check()

        original(store, due_of, check)

    monkeypatch.setattr(PartitionStore, "restored", revoked)
    with pytest.raises(RestoreStopped):
        local.restore()
    local.close()
    monkeypatch.undo()
    local = Local(kafka.bootstrap, app_id, tmp_path)
    assert local.restore() == 0
    assert local.store.due(0, 100, 10) == [(n + 1, b"k%d" % n) for n in range(5)]
    local.close()


def test_another_thread_can_stop_it(app_id: str, tmp_path: Path) -> None:
    """Also while it waits for a broker that does not answer."""
    local = Local("127.0.0.1:1", app_id, tmp_path)
    threading.Timer(0.5, local.restorer.stop).start()
    with pytest.raises(RestoreStopped):
        local.restore()
    local.close()


# -- whole workers


@pytest.fixture
def options(kafka: KafkaServer, app_id: str, tmp_path: Path) -> dict[str, Any]:
    """Options of an echo worker on the real broker, whose topics exist."""
    for topic, config in topics(app_id).items():
        kafka.create_topic(topic, 4, config)
    return {"bootstrap": kafka.bootstrap, "app_id": app_id, "data_dir": tmp_path / "data"}


@pytest.mark.parametrize("keep", [True, False], ids=["state-kept", "state-deleted"])
def test_killed_in_the_middle_of_chunks(
    options: dict[str, Any], tmp_path: Path, keep: bool
) -> None:
    """kill -9 again and again: every id is in both tables and was published."""
    bootstrap, app_id, log = options["bootstrap"], options["app_id"], tmp_path / "log"
    numbers = range(30_000)
    produce(bootstrap, app_id, numbers)
    dice = random.Random(1)
    for _ in range(4):
        process = start_process(log, kill_at=dice.randint(300, 7_000), **options)
        assert process.wait(60) == -signal.SIGKILL, log.read_text()[-3_000:]
        before = committed(bootstrap, app_id, f"{app_id}-in")
        assert all(
            mark <= end for mark, end in zip(before, ends(bootstrap, f"{app_id}-in"), strict=True)
        )
        if not keep:
            shutil.rmtree(options["data_dir"])
    process = start_process(log, **options)
    try:
        wait_for_tables(bootstrap, app_id, numbers)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    published = {int(value) for *_, value in read_all(bootstrap, f"{app_id}-out")}
    assert published == set(numbers)


def test_restarted_in_good_order(options: dict[str, Any], tmp_path: Path) -> None:
    """SIGTERM under load, ten times: nothing is done twice, nothing is lost."""
    bootstrap, app_id, log = options["bootstrap"], options["app_id"], tmp_path / "log"
    numbers = range(40_000)
    produce(bootstrap, app_id, numbers)
    dice = random.Random(2)
    for turn in range(10):
        process = start_process(log, **options)
        try:
            deadline = time.monotonic() + 30
            while b"ready" not in log.read_bytes().split(b"--- next")[-1]:
                assert time.monotonic() < deadline, log.read_text()[-3_000:]
                time.sleep(0.02)
            if turn == 9:
                wait_for_tables(bootstrap, app_id, numbers)
            time.sleep(dice.uniform(0, 0.3))  # anywhere in the load: the time itself is the test
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()[-3_000:]
        finally:
            process.kill()
            process.wait()
        with log.open("ab") as output:
            output.write(b"--- next")
    published = [int(value) for *_, value in read_all(bootstrap, f"{app_id}-out")]
    assert sorted(published) == list(numbers), "a restart in good order repeats nothing"
    assert tables(bootstrap, app_id) == expected(numbers)
    assert config_of(options).app_id == app_id
