"""Ends a worker whose event loop does not answer any more, which the loop itself cannot do.

The loop beats while it turns. A thread counts how long it has not, in time that the process has
lived through: it adds up its own short sleeps, so a process that was frozen, or a machine that was
suspended, has missed nothing. Then it says where the loop is stuck and ends the process at once,
for its supervisor to start it again: what is not committed is read again (docs/decisions/0015).
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Self

from streams.engine.worker.failure import Stalled, describe, say_failed
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_STDERR = 2
_LAST_WORDS = 3.0
"""Seconds that may be taken to say why: whoever reads standard error may have stopped."""

ENDING = 15.0
"""Seconds that a process may take to end once its loop has done its work."""

_CORES = 4
"""More cores than native threads (RocksDB, librdkafka) keep busy for long."""


class LoopWatch:
    """Watches the loop of a process that is a worker and nothing else; a context manager."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._step = min(1.0, timeout / 20)
        self._beats = 0
        self._status: int | None = None
        self._beat_next: asyncio.TimerHandle | None = None
        self._watched = threading.get_ident()
        self._doing: Callable[[], str] = lambda: "starting"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop-watch", daemon=True)
        self._native = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._watch_native_code()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._native.close()

    def follow(self, loop: asyncio.AbstractEventLoop, doing: Callable[[], str]) -> None:
        """Let the loop beat from now on; called on its thread. `doing`: what it is at, in words."""
        self._watched = threading.get_ident()
        self._doing = doing
        self._beat(loop)

    def leave(self, status: int) -> None:
        """The loop has done its work: now the process has ENDING to end, with `status`.

        A client whose broker is gone may never let go; nothing is lost by ending without it.
        """
        self._status = status
        self._timeout = min(self._timeout, ENDING)
        if self._beat_next is not None:
            self._beat_next.cancel()
        self._beats += 1

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beats += 1
        self._beat_next = loop.call_later(self._step, self._beat, loop)

    def _run(self) -> None:
        quiet = Quiet(self._step)
        before = time.monotonic()
        while not self._stop.wait(self._step):
            self._wind()
            now = time.monotonic()
            if quiet.look(self._beats, now - before) > self._timeout:
                self._give_up(quiet.seconds)
            before = now

    def _give_up(self, quiet: float) -> None:
        # Said by another thread: writing can block, and logging waits for a lock that the blocked
        # loop may hold.
        try:
            words = threading.Thread(target=self._say, args=(quiet,), daemon=True)
            words.start()
            words.join(_LAST_WORDS)
        finally:
            os._exit(1 if self._status is None else self._status)

    def _say(self, quiet: float) -> None:
        if self._status is not None:
            log.warning(
                "the worker has ended, and its process had not after %(seconds)d s: it is ended",
                event("process_lingered", seconds=round(quiet), status=self._status),
            )
            return
        error = Stalled(f"the event loop did not answer for {quiet:.0f} s while {self._doing()}")
        frame = sys._current_frames().get(self._watched)
        with contextlib.suppress(OSError):  # nobody listens; the log may go elsewhere
            _write(f"worker failed: {describe(error)}\n".encode())
            _write(_stacks())
        say_failed(error, frame)

    def _watch_native_code(self) -> None:
        """Native code that does not let go of the interpreter stops this thread too.

        Where it computes, the process's CPU time goes on: a timer that this thread winds up again
        and again then runs off, and a signal handler that needs no interpreter shows the stacks
        and lets the signal end the process.
        """
        with contextlib.suppress(OSError):
            # Opened anew, as no write of a signal handler may block. A socket cannot be.
            flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
            stderr = os.open(f"/proc/self/fd/{_STDERR}", flags)
            self._native.callback(os.close, stderr)
            faulthandler.register(signal.SIGPROF, stderr, all_threads=True, chain=True)
            self._native.callback(faulthandler.unregister, signal.SIGPROF)
        self._native.callback(signal.setitimer, signal.ITIMER_PROF, 0)
        self._wind()

    def _wind(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self._timeout * _CORES)


class Quiet:
    """How long there was no beat, in seconds that were lived through."""

    def __init__(self, step: float) -> None:
        self.seconds = 0.0
        self._step = step
        self._beats = -1

    def look(self, beats: int, slept: float) -> float:
        """After a sleep of a step, which took `slept`: the seconds since `beats` last changed."""
        if beats != self._beats:
            self._beats = beats
            self.seconds = 0.0
        else:
            # A sleep that took much longer was no sleep: the process was frozen, or starved.
            self.seconds += min(slept, 2 * self._step)
        return self.seconds


def _stacks() -> bytes:
    """Where every thread is."""
    # Not to standard error at once: it is written without letting go of the interpreter, and where
    # nobody reads, nobody could end the process any more.
    with open(os.memfd_create("stacks"), "w+b") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        return file.read()


def _write(text: bytes) -> None:
    while text:
        text = text[os.write(_STDERR, text) :]
