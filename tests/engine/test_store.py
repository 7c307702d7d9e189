"""A partition store keeps states, due index and changelog offset in step."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rocksdict import Rdict

from streams.engine.kafka.types import Put
from streams.engine.store.errors import StoreClosed, StoreLocked, StoreUnusable
from streams.engine.store.store import LAYOUT, PartitionStore, TableStore, store_memory

MEMORY = store_memory(1024 * 1024)
EVER = 2**62


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PartitionStore]:
    """An empty store."""
    opened = PartitionStore.open(tmp_path / "parcels" / "0", MEMORY)
    yield opened
    opened.close()


def due_of(value: bytes) -> int:
    """The due time that these tests put before the colon of a state."""
    return int(value.partition(b":")[0])


def test_an_empty_store_knows_nothing(store: PartitionStore) -> None:
    """No states, no deadlines, no offset."""
    assert store.get_many([]) == []
    assert store.get_many([b"a"]) == [None]
    assert (store.changelog_offset(), store.next_due(), store.due(EVER, 10)) == (-1, None, [])


def test_everything_survives_reopening(store: PartitionStore) -> None:
    """States in the order asked, deadlines and the offset are there again."""
    store.write([Put(b"a", b"1", 7, 0), Put(b"b", b"", 5, 0)], 41)
    store.close()
    again = PartitionStore.open(store.path, MEMORY)
    assert again.get_many([b"b", b"x", b"a"]) == [b"", None, b"1"]
    assert again.due(EVER, 10) == [(5, b"b"), (7, b"a")]
    assert again.changelog_offset() == 41
    again.close()


def test_due_boundary(store: PartitionStore) -> None:
    """An entry is due at its own microsecond and not one before; the limit takes the earliest."""
    store.write([Put(b"a", b"1", 10, 0), Put(b"b", b"1", 11, 0), Put(b"c", b"1", 12, 0)])
    assert store.due(9, 10) == []
    assert store.due(10, 10) == [(10, b"a")]
    assert store.due(EVER, 2) == [(10, b"a"), (11, b"b")]
    assert store.due(EVER, 0) == []
    assert [store.count_due(upto) for upto in (9, 10, 12)] == [0, 1, 3]


def test_due_entries_come_again_until_they_are_moved(store: PartitionStore) -> None:
    """A scan takes nothing away; only a write does."""
    store.write([Put(b"a", b"1", 10, 0)])
    assert store.due(10, 10) == store.due(10, 10) == [(10, b"a")]
    store.write([Put(b"a", b"2", 20, 10)])
    assert store.due(10, 10) == []
    assert store.next_due() == 20


def test_an_earlier_due_lowers_the_scan_position(store: PartitionStore) -> None:
    """After the scan has moved on, also past everything, an earlier deadline is still found."""
    store.write([Put(b"late", b"1", 1000, 0)])
    assert store.next_due() == 1000
    store.write([Put(b"early", b"1", 3, 0)])
    assert store.due(EVER, 10) == [(3, b"early"), (1000, b"late")]
    store.write([Put(b"early", None, 0, 3), Put(b"late", None, 0, 1000)])
    assert store.due(EVER, 10) == []
    store.write([Put(b"again", b"1", 2, 0)])
    assert store.due(EVER, 10) == [(2, b"again")]


def test_an_offset_of_minus_one_leaves_the_stored_one(store: PartitionStore) -> None:
    """An unknown offset must not forget a known one."""
    store.write([Put(b"a", b"1", 0, 0)], 9)
    store.write([Put(b"a", b"2", 0, 0)], -1)
    assert store.changelog_offset() == 9
    assert store.get_many([b"a"]) == [b"2"]


def test_restore_of_one_key_many_times_leaves_one_deadline(store: PartitionStore) -> None:
    """Within a batch and over batches the last record counts, and old deadlines are gone."""
    store.restore([(b"a", b"5:x"), (b"b", b"6:x"), (b"a", b"7:x")], 2, due_of)
    store.restore([(b"a", b"3:x"), (b"b", None), (b"c", None)], 5, due_of)
    store.restored(due_of)
    assert store.get_many([b"a", b"b", b"c"]) == [b"3:x", None, None]
    assert store.due(EVER, 10) == [(3, b"a")]
    assert store.changelog_offset() == 5


def test_a_crash_keeps_what_was_written(store: PartitionStore, tmp_path: Path) -> None:
    """What a killed process leaves has every write, also those after a restore that never ended."""
    store.write([Put(b"z", b"4:x", 4, 0)], 0)
    store.restore([(b"a", b"5:x")], 1, due_of)
    store.write([Put(b"b", b"6:x", 6, 0)], 2)
    again = _after_a_crash(store, tmp_path)
    assert again.get_many([b"a", b"b"]) == [b"5:x", b"6:x"]
    assert (again.changelog_offset(), again.count_due(EVER)) == (2, 3)
    again.close()


def test_a_crash_in_a_restore_loses_state_and_offset_together(
    store: PartitionStore, tmp_path: Path
) -> None:
    """Batches that never reached the disk do not count as restored."""
    store.restore([(b"a", b"5:x")], 3, due_of)
    store.restored(due_of)
    store.restore([(b"b", b"6:x")], 7, due_of)
    again = _after_a_crash(store, tmp_path)
    assert not again.unindexed
    assert again.get_many([b"a", b"b"]) == [b"5:x", None]
    assert (again.changelog_offset(), again.due(EVER, 9)) == (3, [(5, b"a")])
    again.close()


def test_a_restore_from_nothing_goes_on_after_a_crash(
    store: PartitionStore, tmp_path: Path
) -> None:
    """What reached the disk counts; until it has ended it says so, and nothing may be written."""
    store.restore([(b"a", b"5:x"), (b"b", b"6:x")], 1, due_of)
    store._flush()  # as RocksDB does when its buffers are full
    store.restore([(b"c", b"7:x")], 2, due_of)
    again = _after_a_crash(store, tmp_path)
    assert (again.unindexed, again.changelog_offset(), again.next_due()) == (True, 1, None)
    with pytest.raises(StoreUnusable, match="in the middle of a restore"):
        again.write([Put(b"d", b"1:x", 1, 0)], 2)
    again.restore([(b"a", None), (b"b", b"3:x"), (b"c", b"7:x")], 4, due_of)
    again.restored(due_of)
    assert again.get_many([b"a", b"b", b"c"]) == [None, b"3:x", b"7:x"]
    assert again.due(EVER, 9) == [(3, b"b"), (7, b"c")]
    again.write([Put(b"c", None, 0, 7)], 5)
    again.close()
    later = PartitionStore.open(again.path, MEMORY)
    assert (later.unindexed, later.due(EVER, 9)) == (False, [(3, b"b")])
    later.close()


def test_an_index_that_was_stopped_half_way_is_made_anew(
    store: PartitionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds already may be of states that change until it is made again."""
    monkeypatch.setattr("streams.engine.store.store._INDEXED_AT_ONCE", 1)
    store.restore([(b"a", b"5:x"), (b"b", b"6:x"), (b"c", b"7:x")], 2, due_of)
    calls = iter([None, None, RuntimeError("revoked")])

    def check() -> None:
        if (error := next(calls)) is not None:
            raise error

    with pytest.raises(RuntimeError, match="revoked"):
        store.restored(due_of, check)
    store.close()
    again = PartitionStore.open(store.path, MEMORY)
    assert (again.unindexed, again.due(EVER, 9)) == (True, [(5, b"a"), (6, b"b")])
    again.restore([(b"a", b"9:x"), (b"b", None)], 4, due_of)
    again.restored(due_of)
    assert again.due(EVER, 9) == [(7, b"c"), (9, b"a")]
    again.close()


def test_a_store_in_the_middle_of_a_restore_is_another_layout_to_older_releases(
    store: PartitionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would miss what is due: refused, they rebuild it."""
    store.restore([(b"a", b"5:x")], 0, due_of)
    store.close()
    monkeypatch.setattr("streams.engine.store.store.UNINDEXED", LAYOUT)  # one that knows "1" alone
    with pytest.raises(StoreUnusable, match="layout"):
        PartitionStore.open(store.path, MEMORY)


def _after_a_crash(store: PartitionStore, tmp_path: Path) -> PartitionStore:
    """The store that a process would find if the one that has it open were killed now.

    A copy during which a file came or went is none: RocksDB works on in the background.
    """
    copy = tmp_path / "crashed"
    while True:
        files = set(store.path.iterdir())
        with contextlib.suppress(shutil.Error):
            shutil.copytree(store.path, copy)
            if set(store.path.iterdir()) == files:
                return PartitionStore.open(copy, MEMORY)
        shutil.rmtree(copy)


def test_one_process_at_a_time(store: PartitionStore) -> None:
    """A second opening is refused as locked, not as damaged: its state must not be deleted."""
    with pytest.raises(StoreLocked, match="in use"):
        PartitionStore.open(store.path, MEMORY)


def test_a_damaged_store_is_refused_and_can_be_rebuilt(store: PartitionStore) -> None:
    """Garbage in RocksDB's own files raises StoreUnusable; destroy makes room for a new one."""
    store.write([Put(b"a", b"1", 0, 0)], 1)
    store.close()
    (store.path / "CURRENT").write_bytes(b"garbage")
    with pytest.raises(StoreUnusable):
        PartitionStore.open(store.path, MEMORY)
    PartitionStore.destroy(store.path)
    again = PartitionStore.open(store.path, MEMORY)
    assert again.changelog_offset() == -1
    again.close()


def test_another_layout_is_refused(store: PartitionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of another version's layout is not misread."""
    store.close()
    monkeypatch.setattr("streams.engine.store.store.LAYOUT", b"2")
    with pytest.raises(StoreUnusable, match="layout"):
        PartitionStore.open(store.path, MEMORY)


def test_a_closed_store_refuses(store: PartitionStore) -> None:
    """Reads, writes and scans of a closed store raise; closing twice does not."""
    store.close()
    store.close()
    for call in (
        lambda: store.get_many([b"a"]),
        lambda: store.write([], 1),
        lambda: store.due(1, 1),
        lambda: store.restore([], 1, due_of),
    ):
        with pytest.raises(StoreClosed):
            call()


def test_scans_beside_a_writing_thread_miss_nothing(store: PartitionStore) -> None:
    """However scan and write interleave, what is due is found in the end."""
    total = 3000

    def write() -> None:
        for number in range(total):
            store.write([Put(b"%d" % number, b"v", total - number, 0)])

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        store.due(total * 2, 5)
        store.next_due()
    writer.join()
    assert store.due(EVER, total * 2) == [
        (due, b"%d" % (total - due)) for due in range(1, total + 1)
    ]


CHANGE = st.tuples(
    st.sampled_from([b"a", b"b", b"c", b"d"]), st.none() | st.integers(0, 6), st.booleans()
)


@given(st.lists(st.lists(CHANGE, max_size=6), max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_index_and_states_equal_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[bytes, int | None, bool]]],
) -> None:
    """Any sequence of writes and restores gives what a dict would, with a scan after each."""
    store = PartitionStore.open(tmp_path_factory.mktemp("store") / "0", MEMORY)
    model: dict[bytes, bytes] = {}
    for number, batch in enumerate(batches):
        rows = [(key, None if due is None else b"%d:%d" % (due, number)) for key, due, _ in batch]
        if any(restoring for *_, restoring in batch):
            store.restore(rows, number, due_of)
            if store.unindexed:
                store.restored(due_of)
        else:
            old = {key: due_of(value) for key, value in model.items()}
            store.write(
                [
                    Put(key, value, due_of(value) if value else 0, old.get(key, 0))
                    for key, value in dict(rows).items()
                ],
                number,
            )
        model.update({key: value for key, value in rows if value is not None})
        for key, value in dict(rows).items():
            if value is None:
                model.pop(key, None)
        due = sorted((due_of(value), key) for key, value in model.items() if due_of(value))
        assert store.due(EVER, 100) == due
        assert store.next_due() == (due[0][0] if due else None)
    assert store.get_many([b"a", b"b", b"c", b"d"]) == [
        model.get(k) for k in (b"a", b"b", b"c", b"d")
    ]
    assert store.changelog_offset() == len(batches) - 1
    store.close()


def test_pending_writes_are_read_first(tmp_path: Path) -> None:
    """The overlay wins over the store, deletions too, until its own write is settled."""
    table = TableStore("orders", tmp_path, MEMORY)
    store = table.assign(2)
    store.write([Put(b"a", b"old", 5, 0), Put(b"b", b"old", 6, 0), Put(b"c", b"old", 7, 0)])
    first, second = Put(b"a", b"new", 50, 5), Put(b"b", None, 0, 6)
    table.add_pending(2, [first, second])
    assert table.get_many(2, [b"c", b"b", b"a", b"x"]) == [b"old", None, b"new", None]
    assert table.due(2, 10, 10) == [(7, b"c")]
    newer = Put(b"a", b"newer", 60, 50)
    table.add_pending(2, [newer])
    table.settle(2, [first, second])
    assert table.get_many(2, [b"a", b"b"]) == [b"newer", b"old"]
    assert table.pending(2) == 1
    table.forget(2)
    assert table.get_many(2, [b"a"]) == [b"old"]
    table.close()


def test_assignment_opens_and_revocation_closes(tmp_path: Path) -> None:
    """assign is repeatable; after revoke the partition and its pending writes are gone."""
    table = TableStore("orders", tmp_path, MEMORY)
    store = table.assign(1)
    assert table.assign(1) is store
    assert table.partitions() == [1]
    table.add_pending(1, [Put(b"a", b"1", 0, 0)])
    table.revoke(1)
    assert store.closed
    assert 1 not in table
    with pytest.raises(KeyError):
        table.get_many(1, [b"a"])
    assert table.assign(1).get_many([b"a"]) == [None]
    assert table.get_many(1, [b"a"]) == [None]
    table.close()


def test_the_family_names_are_on_disk(store: PartitionStore) -> None:
    """Tools that open the store elsewhere find these column families."""
    store.close()
    assert {"states", "due", "meta"} <= set(Rdict.list_cf(str(store.path)))


def test_write_buffers_are_shared(tmp_path: Path) -> None:
    """However many stores there are, what is not on disk yet keeps within one limit."""
    memory = store_memory(4 * 1024 * 1024)
    stores = [PartitionStore.open(tmp_path / str(n), memory) for n in range(8)]
    most = 0
    for turn in range(120):
        for store in stores:
            writes = [Put(b"%d/%d" % (turn, n), bytes(500), turn + 1, 0) for n in range(200)]
            store.write(writes, turn)
            most = max(most, memory.buffers.get_usage())
    # Of 8 MiB; what is just being flushed counts, and 96 MB were written.
    assert 4 * 1024 * 1024 < most < 24 * 1024 * 1024
    for store in stores:
        assert store.get_many([b"0/0", b"119/199"]) == [bytes(500)] * 2
        store.close()
