"""`shipsentry worker`: what keeps it from starting is one line that names the setting."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from support.ports import free_port
from support.running import WORKER, wait_for

from streams.engine.worker.ownership import LOCK_FILE, owned

Run = Callable[..., Result]

NOWHERE = "127.0.0.1:1"


def test_the_second_worker_on_a_data_directory_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1 and one line with setting, directory and owner, before anything connects."""
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVERS", NOWHERE)
    with owned(tmp_path / "shipsentry-data"):
        result = run("worker")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: SHIPSENTRY_DATA_DIR=shipsentry-data: {tmp_path}/shipsentry-data is in use by "
        f"process {os.getpid()} on host {socket.gethostname()!r}: allowed is a directory of its "
        "own for each worker\n"
    )


def test_the_setting_is_named_where_it_was_made(run: Run, tmp_path: Path) -> None:
    """In the file, as every other error names it."""
    (tmp_path / "file").touch()
    Path("shipsentry.toml").write_text('data_dir = "file"\n')
    result = run("worker")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"Error: shipsentry.toml: data_dir=file: {tmp_path}/file cannot be used (File exists: "
    )
    assert result.stderr.count("\n") == 1


def test_a_worker_that_is_killed_leaves_its_directory_to_the_next(tmp_path: Path) -> None:
    """`kill -9` while it waits for its broker: it owns the directory from its start on."""
    data = tmp_path / "data"
    environment = {
        **os.environ,
        "SHIPSENTRY_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
        "SHIPSENTRY_DATA_DIR": str(data),
    }
    log = tmp_path / "log"

    def start() -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen([sys.executable, *WORKER], env=environment, stderr=output)

    def waits() -> bool:
        return "answers yet" in log.read_text()

    first = start()
    try:
        wait_for(waits, 30, "the first worker")
        assert str(first.pid) in (data / LOCK_FILE).read_text()
        second = start()
        assert second.wait(30) == 1
        assert f"in use by process {first.pid} on host" in log.read_text()
    finally:
        first.kill()
        first.wait()
    third = start()
    try:
        wait_for(waits, 30, "the third worker")
        third.send_signal(signal.SIGINT)
        third.wait(30)
    finally:
        third.kill()
        third.wait()
    assert (data / LOCK_FILE).read_bytes() == b""


def test_more_processes_than_partitions_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would have nothing to do."""
    monkeypatch.setenv("SHIPSENTRY_PARTITIONS", "3")
    result = run("worker", "--processes", "4")
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "Error: --processes 4: allowed are at most as many as there are partitions "
        "(SHIPSENTRY_PARTITIONS=3)\n"
    )


@pytest.fixture
def with_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a broker had answered that the topics are ready."""
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVERS", NOWHERE)
    monkeypatch.setattr("streams.cli.worker.check_topics", lambda _settings: [])


def error_of(run: Run) -> str:
    """What the worker ends with: status 1, and one line behind the log's."""
    result = run("worker")
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if " info " not in line]
    assert len(errors) == 1, errors
    return errors[0]


@pytest.mark.usefixtures("with_topics")
def test_a_taken_port_is_one_line_with_its_setting(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting, value, address, what is allowed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("SHIPSENTRY_HTTP_PORT", str(port))
        assert error_of(run) == (
            f"Error: SHIPSENTRY_HTTP_PORT={port}: cannot listen on 127.0.0.1, port {port} (Address "
            "already in use): allowed is a port where nobody listens yet, or 0: no pages"
        )


@pytest.mark.usefixtures("with_topics")
def test_a_host_that_is_not_found_is_one_line_with_its_setting(run: Run) -> None:
    """Named where it was set, in the file too."""
    port = free_port()
    Path("shipsentry.toml").write_text(f'http_host = "nowhere.invalid"\nhttp_port = {port}\n')
    assert error_of(run).startswith(
        "Error: shipsentry.toml: http_host=nowhere.invalid: cannot listen on nowhere.invalid, port "
        f"{port} ("
    )


def test_brokers_with_an_impossible_name_are_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up refuses such a name with an error of its own kind."""
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVERS", "kafka..test:9092")
    monkeypatch.setenv("SHIPSENTRY_BROKER_WAIT_S", "0")
    assert error_of(run).startswith(
        "Error: SHIPSENTRY_BOOTSTRAP_SERVERS=kafka..test:9092: no broker answers there ("
    )
