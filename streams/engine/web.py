"""/metrics, /healthz and /readyz of a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

log = logging.getLogger(__name__)

Probe = Callable[[], str | None]
"""None when all is well, else what is not."""


async def serve(host: str, port: int, *, alive: Probe, ready: Probe) -> web.AppRunner | None:
    """Serve until `cleanup()` of the result; port 0 serves nothing. Raises OSError: port taken.

    `/metrics` is the default registry. The probes answer 200 "ok", else 503 and the reason.
    """
    if port == 0:
        return None

    async def metrics(_request: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest)
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
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    log.info("serving http://%s:%d/metrics, /healthz and /readyz", host, port)
    return runner
