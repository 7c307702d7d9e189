"""A real PostgreSQL on loopback, as Debian packages it, for tests and benchmarks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from support.ports import free_port

START_PATIENCE = 60.0
USER = "shipsentry"


class PostgresServer:
    """One cluster in a temporary folder, on a free port; a context manager.

    It refuses to run as root, so root hands it to the package's own user. `fast` gives up what
    only a machine's crash would miss: kill -9 of a process loses nothing all the same.
    """

    def __init__(self, *, fast: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self._fast = fast
        self._settings = dict(settings or {})
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        programs = _programs()
        folder = self._folder = Path(tempfile.mkdtemp(prefix="shipsentry-postgres-"))
        as_user = []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data = folder / "data"
        made = subprocess.run(
            [*as_user, programs / "initdb", f"--pgdata={data}", f"--username={USER}",
             "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        self.port = free_port()
        given = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            **({"fsync": "off", "synchronous_commit": "off"} if self._fast else {}),
            **self._settings,
        }
        command = [*as_user, str(programs / "postgres"), "-D", str(data)]
        command += [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        if as_user:
            command[1:1] = ["--pdeathsig", "KILL"]  # ends with the test, whatever ends that
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        deadline = time.monotonic() + START_PATIENCE
        while not self._ready():
            assert self._process.poll() is None, f"PostgreSQL ended:\n{self.tail()}"
            assert time.monotonic() < deadline, f"PostgreSQL does not answer:\n{self.tail()}"
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(2)  # SIGINT: it cuts its clients off
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process that all its others are children of."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it says."""
        assert self._folder is not None
        return self._folder / "server.log"

    def tail(self) -> str:
        """The end of what it said."""
        return self.log.read_text(errors="replace")[-3_000:]

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"desk_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def _ready(self) -> bool:
        try:
            psycopg.connect(self._address("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _programs() -> Path:
    """Where the newest server's programs are: Debian keeps them out of the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4])
    )
    if found:
        return found[-1].parent
    there = shutil.which("postgres")
    assert there, "PostgreSQL is not installed: scripts/setup --operators does it"
    return Path(there).parent
