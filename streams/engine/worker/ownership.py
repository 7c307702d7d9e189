"""A data directory has one owner: the process that holds the lock on a file in it.

The kernel keeps the lock, so it ends with its process, however that ends. The file stays and says
who holds it, for the message of whoever comes second.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

LOCK_FILE = "worker.lock"

_LONGEST = 4096
_HELD = frozenset((errno.EWOULDBLOCK, errno.EACCES))
"""What a lock that another process holds answers; NFS says EACCES too (flock(2))."""


class DirectoryRefused(RuntimeError):
    """The directory cannot be this process's: in use, not usable, or without locks."""


@contextlib.contextmanager
def owned(directory: Path) -> Iterator[None]:
    """Own the directory, which is made if need be, inside the block.

    Raises DirectoryRefused with one line: the directory, what is the matter, what is allowed.
    """
    where = directory.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DirectoryRefused(
            f"{where} cannot be used ({error.strerror}: {error.filename}): allowed is a directory "
            "that this process may make or write in"
        ) from error
    try:
        _lock(file, where)
        _write(file, where, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        try:
            yield
        finally:
            # The file stays: were it removed, a third process could lock a new one while a second
            # still waits at the old.
            with contextlib.suppress(OSError):  # what it says then is overwritten by the next owner
                os.ftruncate(file, 0)
    finally:
        os.close(file)


def _lock(file: int, where: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise DirectoryRefused(
                f"{where} is in use by {_holder(file)}: allowed is a directory of its own for each "
                "worker"
            ) from error
        raise DirectoryRefused(
            f"{where} is on a file system that gives no lock ({error.strerror}): allowed is a "
            "directory on a disk of this machine, or on a file system with flock"
        ) from error


def _write(file: int, where: Path, text: str) -> None:
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, text.encode(), 0)
    except OSError as error:
        raise DirectoryRefused(
            f"{where} cannot be written ({error.strerror}): allowed is a directory with room left"
        ) from error


def _holder(file: int) -> str:
    """Who holds the lock, by its own words in the file."""
    try:
        said = json.loads(os.pread(file, _LONGEST, 0))
        return f"process {int(said['pid'])} on host {str(said['host'])!r}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
