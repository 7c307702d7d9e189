"""Workers as an operator runs them: processes under a supervisor that starts again what ended."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.ports import free_port

RESTART_AFTER_S = 1.0
"""How long the supervisor waits before it starts a worker again."""


@dataclass(frozen=True)
class End:
    """A worker that ended although nobody told it to."""

    worker: str
    at: float
    status: int
    said: str


@dataclass
class Worker:
    """One worker: its settings, its process, and the offset of its clock.

    `program` is the command of the release that it runs, `arguments` what it is told to be.
    """

    name: str
    program: Path
    settings: Mapping[str, str]
    folder: Path
    skew: Path | None = None
    port: int = field(default_factory=free_port)
    arguments: tuple[str, ...] = ("worker",)
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = False
    due: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def data(self) -> Path:
        """Its local state."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What it logs, over all its restarts."""
        return self.folder / "worker.log"

    @property
    def pid(self) -> int:
        """The id of its process."""
        if self.process is None:
            raise RuntimeError(f"worker {self.name} is not running")
        return self.process.pid

    def start(self) -> None:
        """Start it, under supervision from now on."""
        with self.lock:
            self.wanted = True
            if self.process is None:
                self._launch()

    def _launch(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SHIPSENTRY_")}
        environment |= self.settings
        environment["SHIPSENTRY_DATA_DIR"] = str(self.data)
        environment["SHIPSENTRY_HTTP_PORT"] = str(self.port)
        if self.skew is not None:
            self.set_clock(0.0)
            environment |= {"LD_PRELOAD": str(self.skew), "FAULTS_CLOCK": str(self._clock)}
        # The kernel ends it with whoever started it.
        setpriv = shutil.which("setpriv")
        before = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*before, str(self.program), *self.arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def _clock(self) -> Path:
        return self.folder / "clock"

    def set_clock(self, seconds: float) -> None:
        """Move its wall clock so far from the machine's."""
        if not self._clock.exists():
            self._clock.write_bytes(bytes(8))
        with self._clock.open("r+b") as file:
            file.write(struct.pack("d", seconds))

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        with self.lock, contextlib.suppress(ProcessLookupError):
            if self.process is not None:
                self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and no restart until `start`."""
        with self.lock:
            self.wanted = False
            if self.process is not None:
                self.process.kill()
                self.process.wait()
                self.process = None

    def stop(self, seconds: float = 60.0) -> int | None:
        """SIGTERM, then its exit status; None where it had to be killed."""
        with self.lock:
            self.wanted = False
            if self.process is None:
                return 0
            self.process.terminate()
            try:
                status = self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                return None
            self.process = None
            return status

    def is_ready(self) -> bool:
        """Whether its `/readyz` says so."""
        return self._ask()[0] == 200

    def answer(self) -> str:
        """What its `/readyz` says; nothing where it does not answer."""
        return self._ask()[1]

    def _ask(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def last_words(self) -> str:
        """Why it ended, as it says since its last start; else the last line of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        begun = max(
            (n for n, line in enumerate(lines) if " starts as a worker " in line), default=0
        )
        told = [line for line in lines[begun:] if "the worker ends: " in line]
        last = (told or lines or ["(nothing)"])[-1]
        return re.sub(r"^[\d:.T+-]{20,} ", "", last)[:200]


class Supervisor:
    """Starts again each worker that ended by itself; a context manager that ends them all."""

    def __init__(self) -> None:
        self.workers: dict[str, Worker] = {}
        self.ends: list[End] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for worker in self.workers.values():
            worker.signal(signal.SIGCONT)
            worker.kill()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            for worker in list(self.workers.values()):
                self._look_at(worker)

    def _look_at(self, worker: Worker) -> None:
        with worker.lock:
            if worker.process is not None and worker.process.poll() is not None:
                status = worker.process.returncode
                self.ends.append(End(worker.name, time.time(), status, worker.last_words()))
                worker.process = None
                worker.due = time.monotonic() + RESTART_AFTER_S
            if worker.wanted and worker.process is None and time.monotonic() >= worker.due:
                worker.start()
