"""What a process is told by its supervisor, and how it notices that there is none any more.

Both come by its standard input: one line at the start, and its end when the supervisor has ended,
however that ended.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

import msgspec

from streams.telemetry.events import event

log = logging.getLogger(__name__)


class Slot(msgspec.Struct, frozen=True):
    """A process's place among its like; the same after it was started again."""

    number: int
    """From 0."""
    listener: int
    """File descriptor of the socket on which its pages are served to the supervisor."""
    token: str
    """What lets the supervisor in there."""

    @property
    def name(self) -> str:
        """What its directory, and its name in the group, end in."""
        return f"{self.number}"

    @property
    def path(self) -> str:
        """Where its pages are below the supervisor's."""
        return f"/process/{self.number}"

    def line(self) -> bytes:
        """As its process is told it."""
        return msgspec.json.encode(self) + b"\n"


def read_slot(descriptor: int) -> Slot:
    """What the supervisor says at the start. Raises ValueError where it says nothing."""
    # Without a buffer: all that it says is read here, and its end is to be noticed below.
    with open(descriptor, "rb", buffering=0, closefd=False) as stream:
        return msgspec.json.decode(stream.readline(), type=Slot)


def follow(descriptor: int, patience: float) -> None:
    """End this process as SIGTERM does once nothing more can be read; after `patience` seconds at
    once."""
    threading.Thread(
        target=_follow, args=(descriptor, patience), name="lifeline", daemon=True
    ).start()


def _follow(descriptor: int, patience: float) -> None:
    # Not by `sys.stdin`: an interpreter that ends wants the lock of a reader that waits here.
    while os.read(descriptor, 1):
        pass
    log.error("the supervisor is gone: this process ends", event("supervisor_gone"))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience)
    os._exit(1)
