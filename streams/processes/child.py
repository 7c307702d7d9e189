"""One slot: its process is started, and started again whenever it ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
import socket
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.processes.slot import Slot
from streams.telemetry.events import event

log = logging.getLogger(__name__)

FATAL = 2
"""Exit status of wrong settings, or of a name that another worker has: starting again is no use."""


class Pauses(NamedTuple):
    """Seconds before a process is started again: twice as many each time, until it was steady."""

    first: float = 1.0
    longest: float = 60.0
    steady: float = 60.0

    def before(self, failures: int) -> float:
        """Before the start after so many ends on end, 1 for the first."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 30))


class Child:
    """A slot and its process. The address of its pages stays, whichever process serves them."""

    def __init__(
        self,
        number: int,
        command: Sequence[str],
        pauses: Pauses = Pauses(),  # noqa: B008  immutable
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`command` is told its slot by its standard input; `clock` gives seconds."""
        self._command = command
        self._pauses = pauses
        self._clock = clock
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.slot = Slot(number, self._listener.fileno(), secrets.token_hex(16))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.restarts = 0
        self.answered = False
        """Whether the process that runs has answered on its pages."""
        self._process: asyncio.subprocess.Process | None = None
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        """Of the process that runs; None between two."""
        return None if self._process is None else self._process.pid

    @property
    def age(self) -> float:
        """Seconds since the process was started."""
        return self._clock() - self._started_at

    async def keep(self) -> int:
        """Keep a process running, until one ends with FATAL: that is returned."""
        failures = 0
        while True:
            process = await self._start()
            status = await process.wait()
            self._process = None
            failures = 1 if self.age >= self._pauses.steady else failures + 1
            pause = self._pauses.before(failures)
            log.error(
                "process %(process)s has ended (%(status)s)",
                event(
                    "process_ended",
                    process=self.slot.number,
                    status=_said(status),
                    again_in_seconds=None if status == FATAL else pause,
                ),
            )
            if status == FATAL:
                return status
            await asyncio.sleep(pause)
            self.restarts += 1

    async def end(self, patience: float) -> int:
        """End the process as SIGTERM does, after `patience` seconds at once; its exit status."""
        process = self._process
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            return await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            log.error(
                "process %(process)s had not ended after %(seconds)d s: it is killed",
                event("process_killed", process=self.slot.number, seconds=round(patience)),
            )
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return await process.wait()
        finally:
            self._process = None

    def close(self) -> None:
        """Let go of the address."""
        self._listener.close()

    async def _start(self) -> asyncio.subprocess.Process:
        self.answered = False
        self._started_at = self._clock()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            pass_fds=(self.slot.listener,),
            # A terminal's Ctrl-C is the supervisor's alone, which passes it on.
            process_group=0,
        )
        self._process = process
        if process.stdin is not None:
            process.stdin.write(self.slot.line())
        log.info(
            "process %(process)s is started",
            event("process_started", process=self.slot.number, pid=process.pid),
        )
        return process


def _said(status: int) -> str:
    """An exit status, or the signal that ended a process."""
    return f"status {status}" if status >= 0 else signal.Signals(-status).name
