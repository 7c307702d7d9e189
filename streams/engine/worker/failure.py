"""Why a worker ends that nobody asked to: in one line for the operator, and as an event."""

from __future__ import annotations

import logging
import traceback
from types import FrameType

from streams.telemetry.events import event
from streams.telemetry.secrets import masked

log = logging.getLogger(__name__)


class Stalled(RuntimeError):
    """There was something to do, and nothing moved."""


def describe(error: BaseException) -> str:
    """One line for the operator, without secrets."""
    text = " ".join(masked(str(error)).split()) or "no details"
    return f"{type(error).__name__}: {text}"


def say_failed(error: BaseException, frame: FrameType | None = None) -> None:
    """Log that the worker ends; `frame` is where, if not where the error was raised."""
    where = None
    if frame is not None:
        where = _place(frame, frame.f_lineno)
    elif error.__traceback__ is not None:
        where = _place(*list(traceback.walk_tb(error.__traceback__))[-1])
    log.error(
        "the worker ends: %(error)s",
        event(
            "worker_failed", error=describe(error), stuck=isinstance(error, Stalled), where=where
        ),
    )


def _place(frame: FrameType, line: int) -> str:
    file = frame.f_code.co_filename.rpartition("site-packages/")[2]
    return f"{file}:{line} {frame.f_code.co_name}"
