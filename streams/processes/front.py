"""The pages of all processes on one port: probes and metrics of all, questions by any of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import aiohttp
import msgspec
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from yarl import URL

from streams.engine.pages.access import HEALTH, METRICS, Access
from streams.engine.pages.guard import RETRY_AFTER_S, WORD_HEADER, Guard, Handler
from streams.engine.pages.serving import listen
from streams.processes.child import Child
from streams.processes.exposition import merged
from streams.telemetry.metrics import PROCESS_RESTARTS, PROCESS_UP

SUPERVISOR = "supervisor"
"""What metrics call the supervisor's own process."""

_PROBED_S = 3.0
"""How long a process has for a probe: less than whoever probes the supervisor waits."""

_SCRAPED_S = 4.0
"""How long it has for its metrics: less than Prometheus waits."""

_GRACE_S = 2.0
"""Seconds behind the deadline of a page, which the process itself keeps."""

_STARTS_S = 60.0
"""A process that has not answered yet counts as starting for so long."""

ALIVE, READY = "/healthz", "/readyz"

_NONE: Mapping[str, str] = MappingProxyType({})

_PASSED_ON = ("Content-Type", "Retry-After")


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Silent(Exception):
    """A process gave no answer in time."""


class Front(Collector):
    """Serves what `children` serve, to whom `access` lets in; `paths` are those of their pages,
    besides probes and metrics."""

    def __init__(self, children: Sequence[Child], access: Access, paths: Sequence[str]) -> None:
        self._children = tuple(children)
        self._access = access
        self._paths = paths
        self._first = 0
        self._up: set[Child] = set()
        self._own = CollectorRegistry()
        self._own.register(self)
        self._session: aiohttp.ClientSession | None = None

    async def serve(self, host: str, port: int) -> web.AppRunner | None:
        """Serve until `cleanup()` of the result; port 0 serves nothing. Raises CannotServe."""
        if port == 0:
            return None
        guard = Guard(self._access, lambda _: False)
        application = web.Application()
        add = application.router.add_get
        add("/metrics", guard.protect(METRICS, self._metrics))
        closable: set[str] = set()
        for path in (ALIVE, READY):
            add(path, guard.protect(HEALTH, self._probing(path)))
        for path in self._paths:
            page = path.split("/")[1]
            add(path, guard.protect(page, self._by_any))
            for child in self._children:
                add(f"{child.slot.path}{path}", guard.protect(page, self._by_one(child)))
            closable.add(page)
        application.cleanup_ctx.append(self._asking)
        return await listen(application, guard, host, port, self._access, closable=closable)

    def collect(self) -> Iterator[Metric]:
        """What only the supervisor knows."""
        up = GaugeMetricFamily(PROCESS_UP.name, PROCESS_UP.help, labels=PROCESS_UP.labels)
        restarts = CounterMetricFamily(
            PROCESS_RESTARTS.name, PROCESS_RESTARTS.help, labels=PROCESS_RESTARTS.labels
        )
        for child in self._children:
            up.add_metric((child.slot.name,), float(child in self._up))
            restarts.add_metric((child.slot.name,), child.restarts)
        return iter((up, restarts))

    async def _asking(self, _application: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as self._session:
            yield

    def _probing(self, path: str) -> Handler:
        async def answer(_request: web.Request) -> web.Response:
            problems = await asyncio.gather(*(self._problem(each, path) for each in self._children))
            lines = [
                f"process {child.slot.name}: {problem}"
                for child, problem in zip(self._children, problems, strict=True)
                if problem
            ]
            text = "\n".join(lines) or "ok"
            return web.Response(text=f"{text}\n", status=503 if lines else 200)

        return answer

    async def _problem(self, child: Child, path: str) -> str:
        """What a process says against itself, or its silence; "" when all is well."""
        try:
            answer = await self._ask(child, path, _PROBED_S)
        except _Silent as error:
            if child.pid is not None and (child.answered or child.age > _STARTS_S):
                return str(error)
            # To start it is the supervisor's work, which goes on: that is no reason to end all.
            return "" if path == ALIVE else "it is being started"
        return "" if answer.status == 200 else answer.body.decode().strip()

    async def _metrics(self, _request: web.Request) -> web.Response:
        answers = await asyncio.gather(*map(self._metrics_of, self._children))
        found = {
            child: text
            for child, text in zip(self._children, answers, strict=True)
            if text is not None
        }
        self._up = set(found)
        pages = [(child.slot.name, text) for child, text in found.items()]
        pages.append((SUPERVISOR, generate_latest().decode()))
        pages.append(("", generate_latest(self._own).decode()))
        return web.Response(
            body=merged(pages).encode(), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def _metrics_of(self, child: Child) -> str | None:
        """What a process says at `/metrics`; None where it says nothing."""
        try:
            answer = await self._ask(child, "/metrics", _SCRAPED_S)
        except _Silent:
            return None
        return answer.body.decode() if answer.status == 200 else None

    def _by_one(self, child: Child) -> Handler:
        """What other workers ask a process for: each has heard of it by its own place."""

        async def answer(request: web.Request) -> web.Response:
            rest = request.rel_url.raw_path_qs.removeprefix(child.slot.path)
            return await self._passed_on(request, [child], rest)

        return answer

    async def _by_any(self, request: web.Request) -> web.Response:
        self._first = (self._first + 1) % len(self._children)
        turn = [*self._children[self._first :], *self._children[: self._first]]
        return await self._passed_on(request, turn, request.rel_url.raw_path_qs)

    async def _passed_on(
        self, request: web.Request, children: Sequence[Child], path: str
    ) -> web.Response:
        """The answer of the first process that gives one."""
        word = request.headers.get(WORD_HEADER)
        headers = {} if word is None else {WORD_HEADER: word}
        for child in children:
            try:
                answer = await self._ask(child, path, self._access.deadline + _GRACE_S, headers)
            except _Silent:
                continue
            kept = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
            return web.Response(status=answer.status, body=answer.body, headers=kept)
        return web.Response(
            status=503,
            body=msgspec.json.encode({"error": "no process answers: ask again"}),
            content_type="application/json",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )

    async def _ask(
        self, child: Child, path: str, patience: float, headers: Mapping[str, str] = _NONE
    ) -> _Answer:
        """A process's answer. Raises _Silent."""
        if child.pid is None or self._session is None:
            raise _Silent("it does not run")
        try:
            async with (
                asyncio.timeout(patience),
                self._session.get(
                    URL(child.address + path, encoded=True),
                    headers={**headers, "Authorization": f"Bearer {child.slot.token}"},
                    allow_redirects=False,
                ) as answer,
            ):
                found = _Answer(answer.status, answer.headers, await answer.read())
        except (TimeoutError, aiohttp.ClientError) as error:
            raise _Silent("it does not answer") from error
        child.answered = True
        return found
