"""The supervisor: starts its processes, keeps them running, and ends them all."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence

from streams.processes.child import FATAL, Child
from streams.processes.front import Front
from streams.telemetry.events import event

log = logging.getLogger(__name__)


async def supervise(
    children: Sequence[Child], front: Front, host: str, port: int, patience: float
) -> int:
    """Run `children` until SIGTERM, SIGINT, or one for which starting again is no use.

    All end at once then, and are killed after `patience` seconds. Returns the exit status: 0 where
    every process ended with 0, 2 where one said that a setting is wrong, else 1. Raises
    CannotServe.
    """
    server = await front.serve(host, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked_to_stop, stop, signal.Signals(number))
    stopping = asyncio.ensure_future(stop.wait())
    keeping = [asyncio.ensure_future(child.keep()) for child in children]
    try:
        done, _ = await asyncio.wait({stopping, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        for each in keeping:
            if each in done:
                each.result()
    finally:
        for each in (stopping, *keeping):
            each.cancel()
        await asyncio.gather(stopping, *keeping, return_exceptions=True)
        statuses = await asyncio.gather(*(child.end(patience) for child in children))
        if server is not None:
            await server.cleanup()
        for child in children:
            child.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    if not stop.is_set():
        return FATAL
    # One that was still starting has nothing to finish, and ends by the signal.
    return 0 if {*statuses} <= {0, -signal.SIGTERM} else 1


def _asked_to_stop(stop: asyncio.Event, number: signal.Signals) -> None:
    if not stop.is_set():
        log.info(
            "%(reason)s: all processes stop when what they have begun is done",
            event("supervisor_stopping", reason=number.name, signal=int(number)),
        )
    stop.set()
