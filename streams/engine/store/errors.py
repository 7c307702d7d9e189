"""Why local state cannot be used: in use elsewhere, refused by the system, or damaged.

rocksdict raises a plain Exception with the text of RocksDB's status: its code first, and an error
of the system as `strerror` says it, at the end of a field. Both are looked at as such; words within
a text mean nothing: "block checksum mismatch" is not about a lock. Decision 0100.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from rocksdict import DbClosedError

_LOCKED = (errno.EAGAIN, errno.ENOLCK)
"""Of the file LOCK: another process has it; this process has it."""

_ADVICE = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room, or raise the quota",
    errno.EFBIG: "raise the limit of a file's size",
    errno.EACCES: "let the worker's user read and write there",
    errno.EPERM: "let the worker's user read and write there",
    errno.EROFS: "mount it so that it can be written to",
    errno.EMFILE: "raise the limit of open files",
    errno.ENFILE: "raise the system's limit of open files",
    errno.ENOMEM: "give the worker more memory",
}
"""What to do about errors of the system that say nothing about the store's files."""

_SYSTEM = {os.strerror(number): number for number in _ADVICE}
_REFUSED = re.compile(rf": ({'|'.join(map(re.escape, _SYSTEM))})(?=[:\s]|$)")
_GONE = re.compile(
    rf": ({'|'.join(re.escape(os.strerror(number)) for number in (errno.ENOENT, errno.EIO))})"
    r"(?=[:\s]|$)"
)


class StoreError(RuntimeError):
    """Local state cannot be used. `path` is the store's, `DATA/tables/TABLE/PARTITION`."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"local state of {path.parent.name}-{path.name} ({path}) {problem}")
        self.path = path
        self.problem = problem


class StoreLocked(StoreError):
    """Another process has the store open: each worker needs a data directory of its own."""


class StoreRefused(StoreError):
    """The system refuses (disk full, no permission, …): nothing is damaged or to be deleted."""


class StoreUnusable(StoreError):
    """The store is damaged or of another layout: delete it and restore from the changelog."""


class StoreClosed(StoreError):
    """The store was closed, most often because its partition was revoked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is closed")


def meaning(error: Exception, path: Path) -> StoreError:
    """What an exception of rocksdict means for the store at `path`."""
    text = " ".join(str(error).split())
    if isinstance(error, DbClosedError):
        return StoreClosed(path)
    if text.startswith("IO error: ") and any(
        text.endswith(f"{path}/LOCK: {os.strerror(number)}") for number in _LOCKED
    ):
        return StoreLocked(
            path,
            f"is in use by another process ({text}): give each worker a data directory of its own",
        )
    # An error of the system may lie within a verdict: "Corruption: IO error: …: Too many open
    # files" is said of files that cannot be opened, whatever is in them.
    if "IO error: " in text:
        refused = _REFUSED.search(text)
        if refused is not None:
            advice = _ADVICE[_SYSTEM[refused[1]]]
            return StoreRefused(path, f"cannot be used ({text}): {advice}; nothing is damaged")
        if text.startswith("IO error: ") and not _GONE.search(text):
            return StoreRefused(path, f"cannot be used ({text})")
    return StoreUnusable(path, f"is damaged ({text})")
