"""Every state has an end: what is deleted leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from rocksdict import Rdict

from streams.engine.kafka.types import Put
from streams.engine.store.store import PartitionStore, _options, store_memory

EVER = 2**62


def test_deletes_remove_state_and_due_entry(tmp_path: Path) -> None:
    """After the deletion there is no state, no deadline, and no key but the store's own."""
    store = PartitionStore.open(tmp_path / "0", store_memory(1024 * 1024))
    keys = [b"zto:%d" % number for number in range(500)]
    store.write([Put(key, b"state", 100 + place, 0) for place, key in enumerate(keys)], 499)
    assert store.count_due(EVER) == 500
    fired = store.due(EVER, 1000)
    store.write([Put(key, None, 0, due) for due, key in fired], 999)
    assert store.get_many(keys) == [None] * 500
    assert (store.due(EVER, 10), store.next_due(), store.count_due(EVER)) == ([], None, 0)
    store.close()
    assert _keys(tmp_path / "0") == {
        "states": [],
        "due": [],
        "meta": [b"changelog-offset", b"layout", b"write-\0\1", b"write-\0\2"],
    }


def test_a_deletion_ignores_a_due_time(tmp_path: Path) -> None:
    """A deleted state has no deadline even if its write names one."""
    store = PartitionStore.open(tmp_path / "0", store_memory(1024 * 1024))
    store.write([Put(b"a", b"state", 5, 0)])
    store.write([Put(b"a", None, 5, 5)])
    assert store.next_due() is None
    store.close()


def test_restored_tombstones_remove_state_and_due_entry(tmp_path: Path) -> None:
    """A tombstone in the changelog ends a state that an earlier batch restored."""
    store = PartitionStore.open(tmp_path / "0", store_memory(1024 * 1024))
    store.restore([(b"a", b"5"), (b"b", b"6")], 1, int)
    store.restore([(b"a", None)], 2, int)
    store.restored(int)
    assert store.get_many([b"a", b"b"]) == [None, b"6"]
    assert store.due(EVER, 10) == [(6, b"b")]
    store.close()


def _keys(path: Path) -> dict[str, list[bytes]]:
    """The live keys of each family, read with nothing of ours in between."""
    options = _options(store_memory(1024 * 1024))
    families = dict.fromkeys(("states", "due", "meta"), options)
    database = Rdict(str(path), options, families)
    found = {name: list(database.get_column_family(name).keys()) for name in families}
    database.close()
    return found
