"""A data directory has one owner, and the second to come hears who that is."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.engine.worker.ownership import LOCK_FILE, DirectoryRefused, owned

HOLDER = """
import pathlib, sys
from streams.engine.worker.ownership import owned
with owned(pathlib.Path(sys.argv[1])):
    print("owned", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the directory until it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "owned\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def refusal(directory: Path) -> str:
    """Why the directory cannot be owned, in one line."""
    with pytest.raises(DirectoryRefused) as caught, owned(directory):
        raise AssertionError("it is owned")
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_the_second_process_hears_who_is_first(tmp_path: Path) -> None:
    """Directory, process, host, and what is allowed."""
    with holder(tmp_path / "data") as first:
        assert refusal(tmp_path / "data") == (
            f"{tmp_path}/data is in use by process {first.pid} on host {socket.gethostname()!r}: "
            "allowed is a directory of its own for each worker"
        )


def test_other_ways_to_the_same_directory_lead_to_the_same_lock(tmp_path: Path) -> None:
    """A relative path, a link."""
    (tmp_path / "link").symlink_to(tmp_path / "data")
    with holder(tmp_path / "data"):
        assert "is in use by process" in refusal(tmp_path / "link")
        assert "is in use by process" in refusal(Path(os.path.relpath(tmp_path / "data")))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_kernel_frees_it_with_its_process(tmp_path: Path, number: int) -> None:
    """However the owner ends; what it had written does not keep the next one out."""
    with holder(tmp_path) as first:
        first.send_signal(number)
        first.wait(20)
        said = json.loads((tmp_path / LOCK_FILE).read_text())
        assert said["pid"] == first.pid
        with owned(tmp_path):
            said = json.loads((tmp_path / LOCK_FILE).read_text())
            assert said == {"pid": os.getpid(), "host": socket.gethostname()}


def test_it_is_released_at_the_end(tmp_path: Path) -> None:
    """In good order and after an error; the file stays and names nobody."""
    with pytest.raises(ZeroDivisionError), owned(tmp_path):
        raise ZeroDivisionError
    with owned(tmp_path):
        pass
    assert (tmp_path / LOCK_FILE).read_bytes() == b""
    with holder(tmp_path):
        pass


@pytest.mark.parametrize("said", [b"", b"{}", b"nonsense", b'{"pid": "x", "host": 1}', b"\xff"])
def test_an_owner_that_says_nothing_usable_owns_it_all_the_same(
    tmp_path: Path, said: bytes
) -> None:
    """The lock counts, not what is written."""
    with owned(tmp_path):
        (tmp_path / LOCK_FILE).write_bytes(said)
        assert "is in use by another process:" in refusal(tmp_path)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    """Nor is what lies below one: directory, reason, the path it failed at."""
    (tmp_path / "file").touch()
    allowed = "allowed is a directory that this process may make or write in"
    for place, reason in (("file", "File exists"), ("file/below", "Not a directory")):
        path = tmp_path / place
        assert refusal(path) == f"{path} cannot be used ({reason}: {path}): {allowed}"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc on this system")
def test_a_directory_that_takes_no_files() -> None:
    """The kernel's own, where nobody may make anything, root neither."""
    assert re.match(
        r"/proc/self cannot be used \(.+: /proc/self/worker.lock\)", refusal(Path("/proc/self"))
    )


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO])
def test_a_file_system_without_locks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """As some network file systems answer; it is not taken for somebody else's lock."""

    def refuse(_file: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert refusal(tmp_path) == (
        f"{tmp_path} is on a file system that gives no lock ({os.strerror(number)}): allowed is a "
        "directory on a disk of this machine, or on a file system with flock"
    )
