"""Cost of local state per key: read, write with due index, scan, restore. `--help` has the sizes.

Prints wall and CPU microseconds per key (CPU includes RocksDB's background threads). Nothing is
asserted: compare runs on one quiet machine.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from struct import unpack_from

from streams.engine.kafka.types import Put
from streams.engine.store.store import PartitionStore, store_memory

START_US = 1_700_000_000_000_000
SPREAD_US = 48 * 3600 * 1_000_000
VALUE_BYTES = 150


def make_value(due: int) -> bytes:
    """A state whose first eight bytes are its due time; half of it compresses."""
    return due.to_bytes(8, "big") + os.urandom(67) + bytes(VALUE_BYTES - 75)


def due_of(value: bytes) -> int:
    """The due time of such a state."""
    return int(unpack_from(">Q", value)[0])


def report(name: str, count: int, work: Callable[[], object]) -> None:
    """Run `work` on `count` keys and print a line."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{name:<34} {wall / count * 1e6:8.2f} µs wall {cpu / count * 1e6:8.2f} µs CPU"
        f" {count / wall:12,.0f} keys/s"
    )


def run(directory: Path, keys: int, each: int, batch: int, rounds: int, cache_mib: int) -> None:
    """Restore `keys` states of `each` records, then read and write `rounds` batches at random."""
    store = PartitionStore.open(directory / "0", store_memory(cache_mib * 1024 * 1024))
    names = [b"zto:%014d" % (number * 7919 % 10**12) for number in range(keys)]
    random.shuffle(names)
    records = [
        (name, make_value(START_US + random.randrange(SPREAD_US)))
        for _ in range(each)
        for name in random.sample(names, keys)
    ]

    def restore() -> None:
        for start in range(0, len(records), 5000):
            store.restore(records[start : start + 5000], start, due_of)
        store.restored(due_of)

    report(f"restore {keys:,}, {each} records each", len(records), restore)
    samples = [random.sample(names, min(batch, keys)) for _ in range(rounds)]
    touched = sum(map(len, samples))

    def read() -> None:
        for sample in samples:
            store.get_many(sample)

    def update() -> None:
        for sample in samples:
            writes = []
            for key, value in zip(sample, store.get_many(sample), strict=True):
                old = due_of(value or bytes(8))
                writes.append(Put(key, make_value(old + 1), old + 1, old))
            store.write(writes, 1)

    report(f"read, batches of {batch:,}", touched, read)
    report("read + write + due move", touched, update)
    report("the same again", touched, update)
    report("peek, nothing due", 1000, lambda: [store.due(1, 10) for _ in range(1000)])
    report("scan due entries", keys, lambda: store.due(START_US * 2, keys))
    fired = store.due(START_US * 2, keys // 10)
    writes = [Put(key, None, 0, due) for due, key in fired]
    report("delete a tenth", len(writes), lambda: store.write(writes, 2))
    report("first peek after that", 1, store.next_due)
    report("second peek", 1, store.next_due)
    store.close()
    size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(f"{size / 2**20:.0f} MiB on disk, {pages * 4096 / 2**20:.0f} MiB resident in all")


def main() -> None:
    """Parse the sizes and run in a temporary directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000, help="states in the store")
    parser.add_argument("--each", type=int, default=1, help="records of a state in the changelog")
    parser.add_argument("--batch", type=int, default=2_000, help="keys per read and write")
    parser.add_argument("--rounds", type=int, default=50, help="batches measured")
    parser.add_argument("--cache", type=int, default=64, help="block cache in MiB")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    directory = Path(tempfile.mkdtemp(prefix="store-benchmark-"))
    try:
        run(directory, options.keys, options.each, options.batch, options.rounds, options.cache)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
