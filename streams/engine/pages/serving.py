"""/metrics, /healthz and /readyz of a process, and what its application serves beside them."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.engine.pages.access import HEALTH, METRICS, Access
from streams.engine.pages.guard import Guard, Handler, all_loopback
from streams.telemetry.events import event

log = logging.getLogger(__name__)

_quiet = logging.getLogger(f"{__name__}.requests")
"""Where aiohttp says what went wrong with a request."""
_quiet.addFilter(lambda record: not _senders_fault(record))

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
    """A page that answers GET; its handler runs on the event loop and must not keep it, and is
    cancelled when whoever asked hangs up, or waits for too long."""

    path: str
    handler: Handler
    at_once: int = 1
    """How many answers are worked on at a time."""

    @property
    def page(self) -> str:
        """What settings and metrics call it: the first part of its path."""
        return self.path.split("/")[1]


class _Metrics:
    """`/metrics`: worked out in a thread of its own, once for all who ask meanwhile."""

    def __init__(self, measure: Measure | None, ready: Probe) -> None:
        self._measure = measure
        self._ready = ready
        self._thread = ThreadPoolExecutor(1, "metrics")
        self._rendering: asyncio.Future[bytes] | None = None

    async def answer(self, _request: web.Request) -> web.Response:
        """The default registry, after what is measured when it is asked for."""
        if self._rendering is None or self._rendering.done():
            work_out = None if self._measure is None else self._measure(self._ready() is None)
            loop = asyncio.get_running_loop()
            self._rendering = loop.run_in_executor(self._thread, _render, work_out)
        body = await asyncio.shield(self._rendering)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def close(self, _application: web.Application) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False)


def _render(work_out: Callable[[], None] | None) -> bytes:
    if work_out is not None:
        work_out()
    return generate_latest()


async def serve(
    host: str,
    port: int,
    *,
    alive: Probe,
    ready: Probe,
    routes: Sequence[Route] = (),
    measure: Measure | None = None,
    access: Access = Access(),  # noqa: B008  immutable
    is_peer: Callable[[str], bool] = lambda _: False,
    application: web.Application | None = None,
    goodbye: float = _GOODBYE,
    for_nobody: bool = False,
    listener: socket.socket | None = None,
) -> web.AppRunner | None:
    """Serve until `cleanup()` of the result; port 0 serves nothing. Raises CannotServe.

    `/metrics` is the default registry, after `measure(ready)`. The probes answer 200 "ok", else 503
    and the reason. `access` says who is let in; `is_peer` knows another worker by its word.
    `application` has what is served beside the pages and guards itself. `goodbye` is how many
    seconds questions in hand may take at the end. `for_nobody`: a handler goes on when whoever
    asked hangs up. `listener` listens already, in place of host and port.
    """
    if port == 0 and listener is None:
        return None
    guard = Guard(access, is_peer)
    exposed = _Metrics(measure, ready)

    def probing(probe: Probe) -> Handler:
        async def answer(_request: web.Request) -> web.Response:
            problem = probe()
            return web.Response(text=f"{problem or 'ok'}\n", status=503 if problem else 200)

        return answer

    application = web.Application() if application is None else application
    application.on_cleanup.append(exposed.close)
    add = application.router.add_get
    add("/metrics", guard.protect(METRICS, exposed.answer))
    add("/healthz", guard.protect(HEALTH, probing(alive)))
    add("/readyz", guard.protect(HEALTH, probing(ready)))
    for route in routes:
        add(route.path, guard.protect(route.page, route.handler, route.at_once))
    return await listen(
        application,
        guard,
        host,
        port,
        access,
        closable=[route.page for route in routes],
        goodbye=goodbye,
        for_nobody=for_nobody,
        listener=listener,
    )


async def listen(
    application: web.Application,
    guard: Guard,
    host: str,
    port: int,
    access: Access,
    *,
    closable: Iterable[str] = (),
    goodbye: float = _GOODBYE,
    for_nobody: bool = False,
    listener: socket.socket | None = None,
) -> web.AppRunner:
    """Serve an application whose pages `guard` protects, as `serve` does; of the `closable` pages
    those are said that answer nobody. Raises CannotServe."""
    # No access log: queries name orders and parcels.
    runner = web.AppRunner(
        application,
        access_log=None,
        logger=_quiet,
        shutdown_timeout=goodbye,
        handler_cancellation=not for_nobody,
    )
    await runner.setup()
    if listener is not None:
        await web.SockSite(runner, listener).start()
        guard.on_loopback = all_loopback(runner.addresses)
        return runner
    try:
        await web.TCPSite(runner, host, port, ssl_context=access.server_tls).start()
    except (OSError, UnicodeError) as error:  # UnicodeError: no name that can be looked up
        await runner.cleanup()
        raise _refused(host, port, error) from error
    guard.on_loopback = all_loopback(runner.addresses)
    log.info(
        "serving %(scheme)s://%(host)s:%(port)d/metrics, /healthz and /readyz",
        event("serving", scheme=access.scheme, host=host, port=port),
    )
    closed = sorted({page for page in closable if guard.closed(page)})
    if closed:
        log.warning(
            "closed: %(pages)s, because %(host)s is reached from other machines and neither a "
            "token nor a certificate is asked for",
            event("pages_closed", pages=", ".join(closed), host=host),
        )
    return runner


def _senders_fault(record: logging.LogRecord) -> bool:
    """Whether a request was no HTTP. It was answered 400; the words for it repeat what was sent,
    headers with tokens too."""
    return record.exc_info is not None and isinstance(record.exc_info[1], HttpProcessingError)


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
