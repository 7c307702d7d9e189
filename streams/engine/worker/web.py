"""/metrics, /healthz and /readyz of a worker, and what its application serves beside them."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.telemetry.events import event

log = logging.getLogger(__name__)

_GOODBYE = 2.0
"""Seconds that questions in hand may take when the worker ends."""

Probe = Callable[[], str | None]
"""None when all is well, else what is not."""


Measure = Callable[[bool], Callable[[], None]]
"""Looks at a worker, which is ready or not; the result works out what `/metrics` shows of it. The
first on the event loop, the second in a thread."""


class CannotServe(RuntimeError):
    """The address cannot be listened on; `parameter` of `serve` is what to change, host or port."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class Route(NamedTuple):
    """A page that answers GET; its handler runs on the event loop and must not keep it."""

    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(
    host: str,
    port: int,
    *,
    alive: Probe,
    ready: Probe,
    routes: Sequence[Route] = (),
    measure: Measure | None = None,
) -> web.AppRunner | None:
    """Serve until `cleanup()` of the result; port 0 serves nothing. Raises CannotServe.

    `/metrics` is the default registry, after `measure(ready)`. The probes answer 200 "ok", else 503
    and the reason.
    """
    if port == 0:
        return None

    async def metrics(_request: web.Request) -> web.Response:
        work_out = None if measure is None else measure(ready() is None)

        def render() -> bytes:
            if work_out is not None:
                work_out()
            return generate_latest()

        body = await asyncio.to_thread(render)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def probing(probe: Probe) -> Callable[[web.Request], object]:
        async def answer(_request: web.Request) -> web.Response:
            problem = probe()
            return web.Response(text=f"{problem or 'ok'}\n", status=503 if problem else 200)

        return answer

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    application.router.add_get("/healthz", probing(alive))  # type: ignore[arg-type]
    application.router.add_get("/readyz", probing(ready))  # type: ignore[arg-type]
    for route in routes:
        application.router.add_get(route.path, route.handler)
    # No access log: queries name orders and parcels.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_GOODBYE)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, UnicodeError) as error:  # UnicodeError: no name that can be looked up
        await runner.cleanup()
        raise _refused(host, port, error) from error
    log.info(
        "serving http://%(host)s:%(port)d/metrics, /healthz and /readyz",
        event("serving", host=host, port=port),
    )
    return runner


def _refused(host: str, port: int, error: OSError | UnicodeError) -> CannotServe:
    """What is the matter with an address, in one line."""
    number, reason = None, getattr(error, "strerror", None) or str(error)
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
        number = error.errno
        reason = os.strerror(number)  # asyncio's own text says the address once more
    if number == errno.EADDRINUSE:
        parameter, allowed = "port", "a port where nobody listens yet, or 0: no pages"
    elif number == errno.EACCES:
        parameter, allowed = "port", "a port that this process may use, 1024 or above say"
    else:
        parameter, allowed = "host", "an address or name of this machine, or 0.0.0.0: all of them"
    return CannotServe(
        parameter,
        f"cannot listen on {host}, port {port} ({reason}): allowed is {allowed}",
    )
