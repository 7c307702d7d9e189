"""The local stores of a worker that does not run: all that they hold, and whether it fits together.

They are opened for reading alone: nothing of them is changed, not even what RocksDB would bring in
order when it opens them. Whoever calls holds the data directory's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from streams.engine.store.errors import StoreError
from streams.engine.store.store import PartitionStore, store_memory
from streams.state.codec import due_of
from streams.stored.lines import Stored, problem_of

SHOWN = 3
"""Faults of a kind that are named; the others are counted."""

_BATCH = 1_000
_EVER = 2**62

Log = tuple[int, int]
"""The first offset of a changelog's partition, and its end."""


@dataclass(slots=True)
class Report:
    """What was found in one store; `faults` are sentences about it."""

    table: str
    partition: int
    states: int = 0
    due: int = 0
    mark: int = -1
    faults: list[str] = field(default_factory=list)


def stores(data_dir: Path, tables: Iterable[str]) -> Iterator[tuple[str, int, Path]]:
    """Table, partition and path of each store below a data directory, in order."""
    for table in tables:
        found = [path for path in (data_dir / "tables" / table).glob("*") if path.name.isdigit()]
        for path in sorted(found, key=lambda path: int(path.name)):
            yield table, int(path.name), path


def states(table: str, partition: int, path: Path) -> Iterator[Stored]:
    """All states of a store, in order of their keys. Raises StoreError."""
    with closing(PartitionStore.open(path, store_memory(), read_only=True)) as store:
        for key, value in _all(store):
            yield Stored(table, partition, key, value)


def check(table: str, partition: int, path: Path, log: Log | None) -> Report:
    """Read everything of a store; `log` is its changelog's range, None: it is not asked for."""
    report = Report(table, partition)
    try:
        with closing(PartitionStore.open(path, store_memory(), read_only=True)) as store:
            _check_states(store, report)
            report.mark = store.changelog_offset()
    except StoreError as error:
        report.faults.append(f"it {error.problem}")
        return report
    if log is not None:
        first, end = log
        if report.mark >= end:
            report.faults.append(
                f"it is ahead of its changelog: it holds offset {report.mark}, which ends at {end}"
            )
        elif 0 <= report.mark < first - 1:
            report.faults.append(
                f"it has missed records that its changelog no longer has: it holds offset "
                f"{report.mark}, which begins at {first}"
            )
    return report


def _check_states(store: PartitionStore, report: Report) -> None:
    bad: list[str] = []
    unlisted: list[str] = []
    for batch in _batches(store):
        dues = []
        for key, value in batch:
            problem = problem_of(report.table, value)
            if problem is not None:
                bad.append(f"state {key!r} cannot be read: {problem}")
            elif due_of(value):
                dues.append((due_of(value), key))
        listed = store.has_due(dues)
        unlisted += [
            f"state {key!r} is due at {due}, and not in the index of due times"
            for (due, key), is_there in zip(dues, listed, strict=True)
            if not is_there
        ]
        report.states += len(batch)
        report.due += len(dues)
    for faults in (bad, unlisted):
        report.faults += faults[:SHOWN]
        if len(faults) > SHOWN:
            report.faults.append(f"and {len(faults) - SHOWN} more of this kind")
    entries = store.count_due(_EVER)
    surplus = entries - (report.due - len(unlisted))
    if surplus and not bad:
        report.faults.append(f"its index of due times has {surplus} entries of no state")


def _all(store: PartitionStore) -> Iterator[tuple[bytes, bytes]]:
    for batch in _batches(store):
        yield from batch


def _batches(store: PartitionStore) -> Iterator[list[tuple[bytes, bytes]]]:
    with closing(store.scan()) as scan:
        while found := scan.take(_BATCH):
            yield found
