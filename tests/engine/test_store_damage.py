"""Damaged stores: it is found, nothing wrong is read, and nothing else is taken for damage."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.memory import IN_MEMORY

from streams.engine.kafka.types import Put
from streams.engine.store.errors import StoreLocked, StoreRefused, StoreUnusable, meaning
from streams.engine.store.store import PartitionStore, store_memory
from streams.engine.store.unbroken import FLUSH_EVERY, KEPT, Numbers

MEMORY = store_memory(1024 * 1024)
EVER = 2**62
WRITES = 180
FLIPS = 200

States = dict[bytes, bytes]


def due_of(value: bytes) -> int:
    """The due time that these tests put before the colon of a state."""
    return int(value.partition(b":")[0])


def history() -> Iterator[tuple[int, list[Put], States]]:
    """Writes, one a changelog offset, with all states after each."""
    dice = random.Random(7)
    states: States = {}
    for offset in range(WRITES):
        writes = []
        before, states = states, dict(states)
        for key in sorted({b"k%02d" % dice.randrange(80) for _ in range(dice.randrange(1, 12))}):
            old = due_of(before[key]) if key in before else 0
            if key in before and dice.random() < 0.2:
                writes.append(Put(key, None, 0, old))
                del states[key]
            else:
                value = b"%d:%d:" % (dice.randrange(1, 10**6), offset) + dice.randbytes(60)
                writes.append(Put(key, value, due_of(value), old))
                states[key] = value
        yield offset, writes, states


HISTORY = list(history())


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A directory in memory, where there is one."""
    with tempfile.TemporaryDirectory(prefix="stores-", dir=IN_MEMORY) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def images(root: Path) -> list[Path]:
    """Stores as kills left them, with several logs and files, and one that was closed."""
    program = f"""
import os, sys
sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
import streams.engine.store.store
from test_store_damage import *
streams.engine.store.store.MEMTABLE_BYTES = 16 * 1024
for last in map(int, sys.argv[2:]):
    if os.fork():
        assert os.wait()[1] == 0
        continue
    store = PartitionStore.open(Path(sys.argv[1]) / str(last) / "0", MEMORY)
    for offset, writes, _ in HISTORY:
        store.write(writes, offset)
        if offset == last:
            os._exit(0)
    store.close()
    os._exit(0)
"""
    ends = [str(last) for last in (70, 130, WRITES - 1, WRITES)]
    for attempt in map(str, range(5)):  # how much is flushed when it is killed is the scheduler's
        subprocess.run([sys.executable, "-c", program, str(root / attempt), *ends], check=True)
        found = [root / attempt / last / "0" for last in ends]
        assert all(any(path.glob("*.sst")) for path in found)
        if any(sum(log.stat().st_size > 0 for log in path.glob("*.log")) > 1 for path in found):
            return found
    raise AssertionError("no kill left several logs")


def read_all(store: PartitionStore) -> tuple[States, list[bytes | None], list[tuple[int, bytes]]]:
    """All that a store says: by a scan, by key, by due time."""
    states = States()
    with contextlib.closing(store.scan()) as scan:
        while found := scan.take(50):
            states.update(found)
    return states, store.get_many([b"k%02d" % n for n in range(80)]), store.due(EVER, 10**6)


def brought_up(path: Path) -> tuple[bool, States]:
    """Whether it was rebuilt, and what a store holds once the changelog's records were added."""
    with contextlib.suppress(StoreUnusable):
        return False, _restored(path)
    shutil.rmtree(path)
    return True, _restored(path)


def _restored(path: Path) -> States:
    store = PartitionStore.open(path, MEMORY)
    try:
        for offset, writes, _ in HISTORY[store.changelog_offset() + 1 :]:
            store.restore([(put.key, put.value) for put in writes], offset, due_of)
        store.restored(due_of)
        states, by_key, due = read_all(store)
    finally:
        store.close()
    assert by_key == [states.get(b"k%02d" % n) for n in range(80)]
    assert due == sorted((due_of(value), key) for key, value in states.items())
    return states


def test_a_restore_from_nothing_that_was_killed_is_taken_up(root: Path) -> None:
    """Between any two batches, and while the due index is made; also more than once."""
    program = f"""
import os, sys
sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
import streams.engine.store.store
from test_store_damage import *
streams.engine.store.store.MEMTABLE_BYTES = 16 * 1024
streams.engine.store.store._INDEXED_AT_ONCE = 5
for end in map(int, sys.argv[2:]):
    if os.fork():
        assert os.wait()[1] == 0
        continue
    store = PartitionStore.open(Path(sys.argv[1]) / str(end % 4), MEMORY)
    for offset, writes, _ in HISTORY[store.changelog_offset() + 1 :]:
        store.restore([(put.key, put.value) for put in writes], offset, due_of)
        if offset == end:
            os._exit(0)
    steps = iter(range(end - WRITES))
    store.restored(due_of, lambda: next(steps, None) is None and os._exit(0))
    os._exit(1)
"""
    ends = [70, 101, 134, WRITES - 1, WRITES, WRITES + 5, WRITES + 6, WRITES + 7]
    folder = root / "killed"
    subprocess.run([sys.executable, "-c", program, folder, *map(str, ends)], check=True)
    for path in folder.iterdir():
        store = PartitionStore.open(path, MEMORY)
        assert store.unindexed
        store.close()
        assert _restored(path) == HISTORY[-1][2]
    assert len(list(folder.iterdir())) == 4


def test_whatever_is_damaged_no_wrong_state_is_read(images: list[Path], root: Path) -> None:
    """Bits flipped, blocks zeroed, files cut and deleted: it is found, or it does not matter."""
    rebuilt = 0
    for seed in range(FLIPS):
        dice = random.Random(seed)
        path = root / "t" / "0"
        shutil.copytree(dice.choice(images), path)
        files = [file for file in sorted(path.iterdir()) if file.stat().st_size]
        file = dice.choice([file for file in files if not file.name.startswith("LOG")])
        content = bytearray(file.read_bytes())
        place = dice.randrange(len(content))
        how = dice.choice(["flip", "flip", "flip", "zero", "cut", "delete"])
        if how == "flip":
            content[place] ^= 1 << dice.randrange(8)
        elif how == "zero":
            content[place : place + 512] = bytes(len(content[place : place + 512]))
        elif how == "cut":
            del content[place:]
        file.write_bytes(content)
        if how == "delete":
            file.unlink()
        # How the images lie is the scheduler's: who has to find out why needs all of it.
        lying = {each.name: each.stat().st_size for each in sorted(path.iterdir())}
        manifest = content.hex() if file.name.startswith("MANIFEST") else ""
        was_rebuilt, states = brought_up(path)
        assert states == HISTORY[-1][2], (
            f"seed {seed}: {how} {file.name} at {place} of {lying} {manifest}"
        )
        rebuilt += was_rebuilt
        shutil.rmtree(path)
    assert rebuilt > FLIPS / 4


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_family_that_the_list_of_files_has_lost_is_not_taken_for_empty(
    root: Path, which: int
) -> None:
    """Whichever it is; the logs would still say up to where it was whole."""
    path = root / f"lost-{which}" / "0"
    program = f"""
import os, sys
sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
from test_store_damage import *
store = PartitionStore.open(Path(sys.argv[1]), MEMORY)
for offset, writes, _ in HISTORY[:20]:
    store.write(writes, offset)
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    (manifest,) = path.glob("MANIFEST-*")
    content = manifest.read_bytes()
    # They are made in any order; what follows the cut is lost as well.
    places = sorted(content.index(name) for name in (b"states", b"due", b"meta"))
    manifest.write_bytes(content[: places[which]])
    assert brought_up(path) == (True, HISTORY[-1][2])


@pytest.mark.parametrize("last", [8, 12])
def test_wherever_the_list_of_files_ends_a_closed_store_is_whole_or_rebuilt(
    root: Path, last: int
) -> None:
    """What a close wrote last is lost, byte by byte: no family is newer than it may be."""
    closed = root / f"closed-{last}" / "0"
    for part in (HISTORY[:last], HISTORY[last : last + 1]):
        store = PartitionStore.open(closed, MEMORY)
        for offset, writes, _ in part:
            store.write(writes, offset)
        store.close()
    (name,) = (file.name for file in closed.glob("MANIFEST-*"))
    whole = (closed / name).read_bytes()
    path = root / "t" / "0"
    kept = 0
    for lost in range(10, 500, 10):
        shutil.copytree(closed, path)
        (path / name).write_bytes(whole[:-lost])
        was_rebuilt, states = brought_up(path)
        assert states == HISTORY[-1][2], f"without the last {lost} B of {name}"
        kept += not was_rebuilt
        shutil.rmtree(path)
    assert kept > 40


def damaged(path: Path) -> PartitionStore:
    """An open store of which one data block is damaged: opening it did not show."""
    store = PartitionStore.open(path, MEMORY)
    dice = random.Random(1)
    store.write([Put(b"%05d" % n, dice.randbytes(100), n + 1, 0) for n in range(2_000)], 0)
    store.close()
    file = max(path.glob("*.sst"), key=lambda file: file.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return PartitionStore.open(path, MEMORY)


def test_a_damaged_block_is_no_lock(tmp_path: Path) -> None:
    """ "Block checksum mismatch" is damage, whichever read meets it."""
    store = damaged(tmp_path / "parcels" / "3")
    with pytest.raises(StoreUnusable, match=r"parcels-3 .* is damaged .*block checksum mismatch"):
        store.get_many([b"%05d" % n for n in range(2_000)])
    scan = store.scan()
    with pytest.raises(StoreUnusable, match="checksum"):
        list(iter(lambda: scan.take(100), []))
    scan.close()
    store.close()


def test_a_damaged_due_index_does_not_end_early(tmp_path: Path) -> None:
    """A scan that meets damage says so each time: no deadline is passed over."""
    path = tmp_path / "parcels" / "3"
    store = PartitionStore.open(path, MEMORY)
    store.write([Put(b"%05d" % n, b"", n + 1, 0) for n in range(3_000)], 0)
    store.close()
    for file in path.glob("*.sst"):
        content = bytearray(file.read_bytes())
        if len(content) > 4096:
            content[3000] ^= 1
            file.write_bytes(content)
    store = PartitionStore.open(path, MEMORY)
    for _ in range(2):
        with pytest.raises(StoreUnusable):
            store.due(EVER, 10**6)
        with pytest.raises(StoreUnusable):
            store.count_due(EVER)
    store.close()


def test_what_a_compaction_meets_is_told_by_the_next_write(tmp_path: Path) -> None:
    """RocksDB writes no more; that is damage, too, and the store can be closed and rebuilt."""
    path = tmp_path / "parcels" / "3"
    store = damaged(path)
    store.write([Put(b"%05d" % n, b"", n + 1, n + 1) for n in range(2_000)], 1)
    store._flush()
    store._states.compact_range(None, None)
    with pytest.raises(StoreUnusable):
        store.write([Put(b"a", b"1", 0, 0)], 2)
    store.close()
    shutil.rmtree(path)
    again = PartitionStore.open(path, MEMORY)
    assert again.get_many([b"a"]) == [None]
    again.close()


@pytest.mark.parametrize(
    ("limit", "advice"),
    [
        ("RLIMIT_FSIZE, 300_000", "File too large.*raise the limit of a file's size"),
        ("RLIMIT_NOFILE, 7", "Too many open files.*raise the limit of open files"),
    ],
)
def test_what_the_system_refuses_is_no_damage(tmp_path: Path, limit: str, advice: str) -> None:
    """The line says what to do; the store is whole once that is done."""
    path = tmp_path / "parcels" / "3"
    store = PartitionStore.open(path, MEMORY)
    store.write([Put(b"kept", b"1", 0, 0)], 1)
    store.close()
    program = f"""
import os, resource, signal, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from streams.engine.kafka.types import Put
from streams.engine.store.errors import StoreRefused
from streams.engine.store.store import PartitionStore, store_memory
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.{limit.split(",")[0]}, ({limit.split(",")[1]},) * 2)
try:
    store = PartitionStore.open(Path(sys.argv[1]), store_memory(1024 * 1024))
    for number in range(1_000):
        store.write([Put(b"%d" % number, os.urandom(1_000), 0, 0)], 2 + number)
except StoreRefused as refused:
    print(refused, flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"local state of parcels-3 ({path}) cannot be used (")
    assert re.search(advice, done.stdout), done.stdout
    store = PartitionStore.open(path, MEMORY)
    assert store.get_many([b"kept"]) == [b"1"]
    store.close()


PLACE = Path("/data/tables/orders/0")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"IO error: While lock file: {PLACE}/LOCK: {os.strerror(errno.EAGAIN)}", StoreLocked),
        (
            "IO error: lock hold by current process, acquire time 1 acquiring thread 2: "
            f"{PLACE}/LOCK: {os.strerror(errno.ENOLCK)}",
            StoreLocked,
        ),
        (
            f"IO error: While open a file for lock: {PLACE}/LOCK: {os.strerror(errno.EACCES)}",
            StoreRefused,
        ),
        (
            f"IO error: {os.strerror(errno.ENOSPC)}: While appending to file: {PLACE}/9.log: "
            f"{os.strerror(errno.ENOSPC)}",
            StoreRefused,
        ),
        (
            f"Corruption: IO error: While open a file for random read: {PLACE}/9.sst: "
            f"{os.strerror(errno.EACCES)}  The file {PLACE}/MANIFEST-5 may be corrupted.",
            StoreRefused,
        ),
        (
            f"IO error: While pread offset 0 len 9: {PLACE}/9.sst: {os.strerror(errno.EIO)}",
            StoreUnusable,
        ),
        (f"IO error: while stat: {PLACE}/9.sst: {os.strerror(errno.ETIMEDOUT)}", StoreRefused),
        (f"Corruption: block checksum mismatch in {PLACE}/LOCK", StoreUnusable),
        ("Invalid argument: Column families not opened: x", StoreUnusable),
    ],
)
def test_errors_by_their_code(text: str, kind: type) -> None:
    """Code and errno count, not words that a text happens to have."""
    found = meaning(Exception(text), PLACE)
    assert type(found) is kind
    assert str(found).startswith(f"local state of orders-0 ({PLACE}) ")


def test_writes_are_counted_around_the_ring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that is missing is one of the kept; those before are in checked files."""
    assert FLUSH_EVERY < KEPT
    monkeypatch.setattr("streams.engine.store.unbroken.KEPT", 8)
    monkeypatch.setattr("streams.engine.store.unbroken.FLUSH_EVERY", 4)
    kept: dict[bytes, bytes] = {}
    numbers = Numbers({}.items())
    flushes = []
    for number in range(1, 21):
        kept.update([numbers.entry()])
        if numbers.written():
            flushes.append(number)
    assert flushes == [4, 8, 12, 16, 20]
    assert (Numbers(kept.items()).last, Numbers(kept.items()).missing) == (20, 0)
    del kept[sorted(kept)[2]]
    assert Numbers(kept.items()).missing == 1


def test_a_store_of_an_older_release_has_no_numbers_and_is_read(tmp_path: Path) -> None:
    """Numbers begin with the first write of this one."""
    path = tmp_path / "parcels" / "3"
    store = PartitionStore.open(path, MEMORY)
    store.write([Put(b"a", b"1", 0, 0)], 4)
    for key in list(store._meta.keys()):
        if key.startswith(b"write-"):
            store._meta.delete(key)
    store.close()
    store = PartitionStore.open(path, MEMORY)
    assert (store.get_many([b"a"]), store.changelog_offset()) == ([b"1"], 4)
    store.write([Put(b"a", b"2", 0, 0)], 5)
    store.close()
    PartitionStore.open(path, MEMORY).close()
