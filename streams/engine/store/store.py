"""Local state: one RocksDB per table and partition, with a due index always in step with it.

Three column families: `states` (key → state), `due` (big-endian due time + key → nothing) and
`meta` (of which changelog it is a copy, and up to which offset). States, due moves and offset go in
one WriteBatch, so a crash leaves all of them or none. The write-ahead log is kept but not fsynced:
it survives the process, and what a power cut takes is restored from the changelog, which is the
truth.

One thread uses a partition store, save `write`, which may run in another one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import Any, NamedTuple

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    Snapshot,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from streams.engine.kafka.types import Put
from streams.engine.store.errors import StoreClosed, StoreUnusable, meaning
from streams.engine.store.unbroken import PREFIX, Numbers

DEFAULT_CACHE_BYTES = 64 * 1024 * 1024
MEMTABLE_BYTES = 16 * 1024 * 1024
ARENA_BYTES = 64 * 1024
"""What a memtable takes at once: a store has three, and most of its families hold little."""

MAX_OPEN_FILES = 256
LAYOUT = b"1"
"""Written into each store; one of another layout is refused and has to be rebuilt."""

UNINDEXED = b"1, no due index yet"
"""The layout of a store that is restored from nothing, until `restored`. Decision 0166."""

_INDEXED_AT_ONCE = 20_000
"""States whose due times are written in one batch: the interpreter stands still for as long."""

_TIME = Struct(">Q")
_OFFSET = Struct(">q")
_TIME_BYTES = 8
_FIRST = b"\0"
_BEYOND = b"\xff" * 9
_OFFSET_KEY = b"changelog-offset"
_CHANGELOG_KEY = b"changelog-id"
_LAYOUT_KEY = b"layout"
_pack_time = _TIME.pack


class Scan:
    """All states of a partition as they are when it is made, whatever is written meanwhile.

    The store cannot be closed for good before the scan is: it would keep its files locked.
    """

    def __init__(self, snapshot: Snapshot, path: Path) -> None:
        """Use `PartitionStore.scan`."""
        self.path = path
        self._snapshot: Snapshot | None = snapshot
        self._states: Iterator[tuple[bytes, bytes]] = iter(snapshot.items())  # type: ignore[arg-type]
        self._last = _FIRST

    def take(self, limit: int) -> list[tuple[bytes, bytes]]:
        """The next `limit` (key, state) in order of keys; none: that was all. Any one thread.

        Raises StoreUnusable where a damaged part is reached.
        """
        if self._snapshot is None:
            return []
        try:
            found = list(islice(self._states, limit))
            if found:
                self._last = found[-1][0]
            else:
                _check_end(self._snapshot, self._last)
        except Exception as error:
            raise meaning(error, self.path) from error
        return found

    def close(self) -> None:
        """Let go of the store. Harmless when repeated."""
        self._snapshot, self._states = None, iter(())


class StoreMemory(NamedTuple):
    """What all stores of a process share: blocks that were read, and what is not on disk yet."""

    cache: Cache
    buffers: WriteBufferManager


def store_memory(cache_bytes: int = DEFAULT_CACHE_BYTES) -> StoreMemory:
    """A cache of so many bytes of uncompressed blocks, and twice as much for writing.

    A store that finds the buffers of all of them full writes its own to disk.
    """
    return StoreMemory(
        Cache(cache_bytes), WriteBufferManager(2 * cache_bytes, False)
    )  # stops no writer


class PartitionStore:
    """The states of one table in one partition, and when each is due.

    Keys and values are bytes; times are microseconds since the epoch, 0 meaning none.
    """

    def __init__(
        self,
        database: Rdict,
        path: Path,
        offset: int,
        changelog_id: str | None,
        numbers: Numbers,
        unindexed: bool,
    ) -> None:
        """Use `open`."""
        self.path = path
        self.unindexed = unindexed
        """States are restored from nothing, and `restored` has still to index when they are due."""
        self._database: Rdict | None = database
        self._states = database.get_column_family("states")
        self._due = database.get_column_family("due")
        self._meta = database.get_column_family("meta")
        self._families = tuple(
            database.get_column_family_handle(name) for name in ("states", "due", "meta")
        )
        self._offset = offset
        self._changelog_id = changelog_id
        self._numbers = numbers
        # No live entry of the due index lies before this key. A scan from the start of the index
        # would walk over the tombstones of everything that was ever due: 8 ms against 0.05 ms.
        self._position = _FIRST
        self._lowered = 0
        self._position_lock = Lock()
        self._write_lock = Lock()
        self._unlogged = False

    @classmethod
    def open(cls, path: Path, memory: StoreMemory, *, read_only: bool = False) -> PartitionStore:
        """Open the store at `path` (a directory), creating it when it is not there.

        `read_only` changes nothing on the disk; it does not see whether another process writes.
        Raises StoreLocked, StoreRefused or StoreUnusable.
        """
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        access = AccessType.read_only(False) if read_only else AccessType.read_write()
        options = _options(memory)
        # Of one that is there RocksDB would take a family whose name is lost for a new, empty one.
        options.create_missing_column_families(not (path / "CURRENT").exists())
        families = {
            "states": _options(memory, bloom=True),
            "due": _options(memory),
            "meta": _options(memory),
        }
        try:
            database = Rdict(str(path), options, families, access)
        except Exception as error:
            raise meaning(error, path) from error
        meta = database.get_column_family("meta")
        try:
            layout = meta.get(_LAYOUT_KEY)
            if layout is None:
                if not read_only:
                    meta.put(_LAYOUT_KEY, LAYOUT)
            elif layout not in (LAYOUT, UNINDEXED):
                raise StoreUnusable(path, f"has layout {layout!r}, this version needs {LAYOUT!r}")
            stored = meta.get(_OFFSET_KEY)
            offset = -1 if stored is None else int(_OFFSET.unpack(stored)[0])
            noted = meta.get(_CHANGELOG_KEY)
            changelog_id = None if noted is None else noted.decode()
            numbers = Numbers(_with_prefix(meta, PREFIX))
            if numbers.missing:
                raise StoreUnusable(path, f"lacks {numbers.missing} of its last writes")
        except Exception as error:
            # Closing flushes, which fails as well where what it would have to read is damaged.
            for part in (meta, database):
                with contextlib.suppress(Exception):
                    part.close()
            raise error if isinstance(error, StoreUnusable) else meaning(error, path) from error
        return cls(database, path, offset, changelog_id, numbers, layout == UNINDEXED)

    @staticmethod
    def destroy(path: Path) -> None:
        """Delete the store at `path`, which must not be open."""
        Rdict.destroy(str(path))

    def close(self) -> None:
        """Close the store, after a write that is under way. Harmless when repeated."""
        with self._write_lock:
            database, self._database = self._database, None
            if database is None:
                return
            # In the order of `_flush`, for closing a part flushes it. What does not reach the disk
            # any more is lost together with its changelog offset.
            with contextlib.suppress(Exception):
                self._flush()
            self._families = ()
            for part in (self._states, self._due, self._meta, database):
                with contextlib.suppress(Exception):
                    part.close()

    @property
    def closed(self) -> bool:
        return self._database is None

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The state of each key, in order; None where there is none."""
        if self._database is None:
            raise StoreClosed(self.path)
        try:
            found: list[bytes | None] = self._states.get(keys)  # type: ignore[arg-type,assignment]
        except Exception as error:
            raise meaning(error, self.path) from error
        return found

    def write(self, writes: Sequence[Put], changelog_offset: int = -1) -> None:
        """Store states, due moves and the changelog offset, all or nothing.

        Each key at most once. An offset of -1 leaves the stored one alone. May run in a thread.
        """
        with self._write_lock:
            database = self._database
            if database is None:
                raise StoreClosed(self.path)
            if self.unindexed:
                raise StoreUnusable(self.path, "was left in the middle of a restore")
            try:
                if self._unlogged:
                    self._flush()
                if self._apply(database, writes, changelog_offset, None):
                    self._flush()
            except Exception as error:
                raise meaning(error, self.path) from error

    def changelog_offset(self) -> int:
        """The offset of the last changelog record that this store contains, -1 when empty."""
        return self._offset

    def changelog_id(self) -> str | None:
        """The id of the topic that `changelog_offset` is of; None where none was noted."""
        return self._changelog_id

    def note_changelog(self, topic_id: str) -> None:
        """Note of which topic this is a copy."""
        with self._write_lock:
            if self._database is None:
                raise StoreClosed(self.path)
            if topic_id == self._changelog_id:
                return
            try:
                self._meta.put(_CHANGELOG_KEY, topic_id.encode())
            except Exception as error:
                raise meaning(error, self.path) from error
            self._changelog_id = topic_id

    def restore(
        self,
        records: Iterable[tuple[bytes, bytes | None]],
        changelog_offset: int,
        due_of: Callable[[bytes], int],
    ) -> None:
        """Take over changelog records (key, state or None) read up to `changelog_offset`.

        In changelog order; a key may come many times. `due_of(state)` gives its due time (0 none).
        Call `restored` after the last batch: what is due is not known before, nor may anything be
        written. Goes round the write-ahead log: a crash before loses batches with their offsets,
        never one without the other.
        """
        newest = dict(records)
        with self._write_lock:
            if self._database is None:
                raise StoreClosed(self.path)
            try:
                if self._offset < 0 and not self.unindexed:
                    self._meta.put(_LAYOUT_KEY, UNINDEXED)
                    self.unindexed = True
                writes: Iterable[tuple[bytes, bytes | None, int, int]]
                if self.unindexed:
                    writes = ((key, value, 0, 0) for key, value in newest.items())
                else:
                    writes = self._moved(newest, due_of)
                self._unlogged = True
                self._apply(self._database, writes, changelog_offset, _UNLOGGED)
            except Exception as error:
                raise meaning(error, self.path) from error

    def _moved(
        self, newest: Mapping[bytes, bytes | None], due_of: Callable[[bytes], int]
    ) -> list[Put]:
        keys = list(newest)
        found: list[bytes | None] = self._states.get(keys)  # type: ignore[arg-type,assignment]
        return [
            Put(
                key,
                value,
                0 if value is None else due_of(value),
                0 if old is None else due_of(old),
            )
            for (key, value), old in zip(newest.items(), found, strict=True)
            if value is not None or old is not None
        ]

    def restored(
        self, due_of: Callable[[bytes], int], check: Callable[[], None] = lambda: None
    ) -> None:
        """End a restore: it is on disk afterwards, and what is due is known.

        `check` is called now and then; what it raises leaves the rest to the next call, also one
        of another process.
        """
        with self._write_lock:
            if self._database is None or not (self._unlogged or self.unindexed):
                return
            if self.unindexed:
                self._index(due_of, check)
            try:
                self._flush()
                if self.unindexed:
                    self._meta.put(_LAYOUT_KEY, LAYOUT)
                    self.unindexed = False
            except Exception as error:
                raise meaning(error, self.path) from error

    def _index(self, due_of: Callable[[bytes], int], check: Callable[[], None]) -> None:
        """Make the due index from the states, whatever of it there is."""
        self._unlogged = True
        if self.next_due() is not None:  # stopped half way; a range that is deleted slows reads
            try:
                self._due.delete_range(_FIRST, _BEYOND, _UNLOGGED)
            except Exception as error:
                raise meaning(error, self.path) from error
        with contextlib.closing(self.scan()) as scan:
            while states := scan.take(_INDEXED_AT_ONCE):
                check()
                self._enter(
                    _pack_time(due) + key for key, value in states if (due := due_of(value))
                )
        with self._position_lock:
            self._lowered += 1
            self._position = _FIRST

    def _enter(self, entries: Iterable[bytes]) -> None:
        # Handles of families are kept in no frame that `check` can leave: while its traceback is
        # about, the store could not be opened again.
        if self._database is None:
            raise StoreClosed(self.path)
        batch = WriteBatch(raw_mode=True)
        batch.set_default_column_family(self._families[1])
        for entry in sorted(entries):  # a third faster for RocksDB
            batch.put(entry, b"")
        try:
            self._database.write(batch, _UNLOGGED)
        except Exception as error:
            raise meaning(error, self.path) from error

    def due(
        self, upto_us: int, limit: int, pending: Mapping[bytes, Put] | None = None
    ) -> list[tuple[int, bytes]]:
        """Up to `limit` (due time, key) that are due at or before `upto_us`, earliest first.

        They are returned again until a write moves them. Keys to which `pending` gives another due
        time are left out.
        """
        found: list[tuple[int, bytes]] = []
        if limit <= 0:
            return found
        first: bytes | None = None
        lowered = self._lowered
        for entry in self._entries():
            if first is None:
                first = entry
            (due,) = _TIME.unpack_from(entry)
            if due > upto_us:
                break
            key = entry[_TIME_BYTES:]
            if pending:
                write = pending.get(key)
                if write is not None and write.due != due:
                    continue
            found.append((due, key))
            if len(found) >= limit:
                break
        self._advance(_BEYOND if first is None else first, lowered)
        return found

    def next_due(self) -> int | None:
        """The earliest due time in the index, or None when nothing is due ever."""
        lowered = self._lowered
        for entry in self._entries():
            self._advance(entry, lowered)
            return int(_TIME.unpack_from(entry)[0])
        self._advance(_BEYOND, lowered)
        return None

    def count_due(self, upto_us: int) -> int:
        """How many keys are due at or before `upto_us`; costs 0.5 µs for each."""
        bound = _pack_time(upto_us + 1)
        count = 0
        for entry in self._entries():
            if entry >= bound:
                break
            count += 1
        return count

    def scan(self) -> Scan:
        """Go through all states as they are now; close it before the store."""
        if self._database is None:
            raise StoreClosed(self.path)
        try:
            return Scan(self._states.snapshot(), self.path)
        except Exception as error:
            raise meaning(error, self.path) from error

    def size(self) -> int:
        """Bytes of the store on disk and in its write buffers, by RocksDB's own books."""
        if self._database is None:
            raise StoreClosed(self.path)
        return sum(
            family.property_int_value(name) or 0
            for family in (self._states, self._due)
            for name in ("rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables")
        )

    def approximate_keys(self) -> int:
        """RocksDB's estimate of the number of states: no scan, repeated writes count twice."""
        if self._database is None:
            raise StoreClosed(self.path)
        return self._states.property_int_value("rocksdb.estimate-num-keys") or 0

    def has_due(self, entries: Sequence[tuple[int, bytes]]) -> list[bool]:
        """Whether the index holds each (due time, key)."""
        if self._database is None:
            raise StoreClosed(self.path)
        keys = [_pack_time(due) + key for due, key in entries]
        try:
            found: list[bytes | None] = self._due.get(keys)  # type: ignore[arg-type,assignment]
        except Exception as error:
            raise meaning(error, self.path) from error
        return [entry is not None for entry in found]

    def _entries(self) -> Iterator[bytes]:
        if self._database is None:
            raise StoreClosed(self.path)
        last = self._position
        try:
            entries: Iterator[bytes] = iter(self._due.keys(from_key=last))  # type: ignore[arg-type]
            for entry in entries:
                last = entry
                yield entry
            _check_end(self._due, last)
        except Exception as error:
            raise meaning(error, self.path) from error

    def _advance(self, position: bytes, lowered: int) -> None:
        with self._position_lock:
            # A write in another thread may have put an earlier entry behind this scan's back.
            if self._lowered == lowered:
                self._position = position

    def _flush(self) -> None:
        # One family at a time: a crash in between repeats restored records, and that must find the
        # old state as long as old due entries may be there, and the old offset as long as either.
        for family in (self._due, self._states, self._meta):
            family.flush()
        self._unlogged = False

    def _apply(
        self,
        database: Rdict,
        writes: Iterable[tuple[bytes, bytes | None, int, int]],
        changelog_offset: int,
        options: WriteOptions | None,
    ) -> bool:
        """Write all of it; says whether it is time to flush."""
        states, due_index, meta = self._families
        batch = WriteBatch(raw_mode=True)
        put, delete, pack = batch.put, batch.delete, _pack_time
        earliest = 0
        for key, value, due, old_due in writes:
            if value is None:
                delete(key, states)
                due = 0
            else:
                put(key, value, states)
            if due != old_due:
                if old_due:
                    delete(pack(old_due) + key, due_index)
                if due:
                    put(pack(due) + key, b"", due_index)
                    if due < earliest or not earliest:
                        earliest = due
        if changelog_offset >= 0:
            put(_OFFSET_KEY, _OFFSET.pack(changelog_offset), meta)
        put(*self._numbers.entry(), meta)
        database.write(batch, options)
        is_time = self._numbers.written()
        if changelog_offset >= 0:
            self._offset = changelog_offset
        if earliest:
            with self._position_lock:
                self._lowered += 1
                self._position = min(self._position, pack(earliest))
        return is_time


class TableStore:
    """All partitions of one table that this worker owns, and their pending writes.

    A pending write was submitted but is not stored yet; readers see it first. Partition stores lie
    at `directory/name/partition`.
    """

    def __init__(self, name: str, directory: Path, memory: StoreMemory) -> None:
        self.name = name
        self._directory = directory / name
        self._memory = memory
        self._stores: dict[int, PartitionStore] = {}
        self._pending: dict[int, dict[bytes, Put]] = {}

    def path(self, partition: int) -> Path:
        """Where a partition's store lies."""
        return self._directory / str(partition)

    def assign(self, partition: int) -> PartitionStore:
        """Open the store of a partition, or return the open one."""
        store = self._stores.get(partition)
        if store is None:
            store = PartitionStore.open(self.path(partition), self._memory)
            self._stores[partition] = store
            self._pending[partition] = {}
        return store

    def revoke(self, partition: int) -> None:
        """Close a partition's store and forget its pending writes."""
        self._pending.pop(partition, None)
        store = self._stores.pop(partition, None)
        if store is not None:
            store.close()

    def close(self) -> None:
        """Revoke every partition."""
        for partition in list(self._stores):
            self.revoke(partition)

    def partitions(self) -> list[int]:
        """The partitions assigned now."""
        return sorted(self._stores)

    def __getitem__(self, partition: int) -> PartitionStore:
        """The store of an assigned partition; KeyError for another."""
        return self._stores[partition]

    def __contains__(self, partition: int) -> bool:
        return partition in self._stores

    def get_many(self, partition: int, keys: list[bytes]) -> list[Any]:
        """The newest state of each key, pending ones first, as they were put; None where there is
        none."""
        store = self._stores[partition]
        pending = self._pending[partition]
        if not pending:
            return store.get_many(keys)
        missing = [key for key in keys if key not in pending]
        if len(missing) == len(keys):
            return store.get_many(keys)
        stored: Iterator[Any] = iter(store.get_many(missing) if missing else ())
        return [pending[key].value if key in pending else next(stored) for key in keys]

    def due(self, partition: int, upto_us: int, limit: int) -> list[tuple[int, bytes]]:
        """As PartitionStore.due, without the keys whose pending write says otherwise."""
        return self._stores[partition].due(upto_us, limit, self._pending[partition])

    def add_pending(self, partition: int, writes: Iterable[Put]) -> None:
        """Make writes visible to readers before they are stored."""
        self._pending[partition].update((write.key, write) for write in writes)

    def settle(self, partition: int, stored: Iterable[Put]) -> None:
        """Forget pending writes that are stored now, save those that a newer one replaced."""
        pending = self._pending.get(partition)
        if not pending:
            return
        for write in stored:
            if pending.get(write.key) is write:
                del pending[write.key]

    def forget(self, partition: int) -> None:
        """Forget all pending writes of a partition: readers see what is stored."""
        pending = self._pending.get(partition)
        if pending is not None:
            pending.clear()

    def pending(self, partition: int) -> int:
        """How many keys of a partition have a pending write."""
        return len(self._pending.get(partition, ()))

    def waiting(self, partition: int) -> Collection[bytes]:
        """The keys of an assigned partition that have a pending write."""
        return self._pending[partition].keys()


def _check_end(source: Rdict | Snapshot, last: bytes) -> None:
    """Raise where an iteration whose `last` key this was has not come to the end.

    rocksdict's own iterators end at a damaged block as at the end, without a word.
    """
    iterator = source.iter()
    iterator.seek(last)
    if iterator.valid():
        iterator.next()
    iterator.status()


def _with_prefix(family: Rdict, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    key = prefix
    for key, value in family.items(from_key=prefix):  # type: ignore[assignment]
        if not key.startswith(prefix):
            return
        yield key, value
    _check_end(family, key)


def _unlogged() -> WriteOptions:
    options = WriteOptions()
    setattr(options, "disable_wal", True)  # noqa: B010 - a property at run time, a method in the stub
    return options


_UNLOGGED = _unlogged()


def _options(memory: StoreMemory, bloom: bool = False) -> Options:
    """RocksDB's options for one column family; its own defaults would take gigabytes per store."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(MEMTABLE_BYTES)
    options.set_max_write_buffer_number(3)
    options.set_arena_block_size(ARENA_BYTES)
    options.set_write_buffer_manager(memory.buffers)
    options.set_max_total_wal_size(4 * MEMTABLE_BYTES)
    options.set_max_open_files(MAX_OPEN_FILES)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.set_level_compaction_dynamic_level_bytes(True)
    options.set_compression_type(DBCompressionType.lz4())
    # A restore writes without the log: the three families must reach the disk together.
    options.set_atomic_flush(True)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(memory.cache)
    blocks.set_format_version(5)
    # Index and filter blocks (some 3 bytes a key) stay in memory: pushed out of a cache smaller
    # than the data they halve the speed of random reads.
    blocks.set_cache_index_and_filter_blocks(False)
    if bloom:
        blocks.set_bloom_filter(10, False)
    options.set_block_based_table_factory(blocks)
    # The due index is a queue: compact where deletions pile up.
    options.add_compact_on_deletion_collector_factory(4096, 2048, 0.5)
    return options
