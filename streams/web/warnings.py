"""`GET /warnings`: the warnings that stand, the most urgent first, of all workers together.

Off unless the operator turns it on: who reaches it reads order and tracking numbers. A worker asks
the others for theirs; what cannot be asked now is said, not left out in silence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec
from aiohttp import web
from multidict import MultiDict

from streams.decode.names import Names
from streams.engine.pages.guard import WORD_HEADER
from streams.engine.pages.serving import Route
from streams.engine.store.sweep import SweepStopped
from streams.engine.worker.app import EngineApp
from streams.engine.worker.peers import Home, PeerSilent
from streams.gauges.shops import Shops
from streams.profiles.model import Profiles
from streams.state.codec import TABLES
from streams.web.page import page
from streams.web.query import Query, Refused, Selected, plain, read, row, select, urgency

WARNINGS = "/warnings"

AT_ONCE = 2
"""Lists that are made at a time: one is waiting for other workers while the next is swept for."""

MARGIN = 0.1
"""Share of the deadline that is kept for what comes after other workers' answers."""

PAUSE = 0.004
"""Seconds that a sweep rests after each stretch: it takes half of one core."""


class Answer(msgspec.Struct):
    """A worker's part of the list: rows with what they are sorted by, how many there are in all,
    and the partitions that it speaks for."""

    rows: list[tuple[tuple[int, int, str], dict[str, Any]]]
    total: int
    partitions: list[int]


class _Busy(Exception):
    """This worker cannot answer now; says why."""


class _Gathered(NamedTuple):
    rows: list[dict[str, Any]]
    total: int
    missing: list[str]


_answers = msgspec.json.Decoder(Answer)
_json = msgspec.json.Encoder()


def add_warnings_page(
    app: EngineApp, shops: Shops, rules: Collection[str], names: Names, profiles: Profiles
) -> None:
    """The page, on the worker's web server; `shops` says what metrics call them, `rules` are all
    that may warn, `names` are those of carriers and platforms."""
    desk = _Desk(app, shops, rules, names, profiles)
    app.routes.append(Route(WARNINGS, desk.answer, AT_ONCE))


class _Desk:
    def __init__(
        self,
        app: EngineApp,
        shops: Shops,
        rules: Collection[str],
        names: Names,
        profiles: Profiles,
    ) -> None:
        self._app = app
        self._engine = app.engine
        self._shops = shops
        self._rules = rules
        self._names = names
        self._profiles = profiles
        self._one = asyncio.Lock()

    async def answer(self, request: web.Request) -> web.Response:
        """JSON with `format=json`, else a page; a worker that asks gets this one's part."""
        given = plain({name: request.query.getall(name) for name in set(request.query)})
        asks = request.headers.get(WORD_HEADER)
        if asks is not None and not self._engine.peers.is_peer(asks):
            return _refusal(403, "this answer is for the application's workers")
        try:
            if asks is not None:
                # The worker that was asked has looked at the rules' names, by its own packs.
                return web.Response(
                    body=_json.encode(await self._own(read(given, None, self._names)))
                )
            query = read(given, self._rules, self._names)
            gathered = await self._gather(query)
        except Refused as refused:
            return _refusal(400, str(refused))
        except _Busy as busy:
            return _refusal(503, str(busy))
        if query.format == "json":
            body = {
                "total": gathered.total,
                "missing": gathered.missing,
                "warnings": gathered.rows,
            }
            return web.Response(body=_json.encode(body), content_type="application/json")
        # In a thread: 500 rows take 40 ms, and the probes wait for the event loop.
        text = await asyncio.to_thread(
            page,
            gathered.rows,
            gathered.total,
            gathered.missing,
            given,
            query.language,
            self._engine.now_us(),
        )
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    async def _own(self, query: Query) -> Answer:
        """What this worker's states hold; one question at a time, and never on old states."""
        engine = self._engine
        async with self._one:
            if not engine.assigned:
                raise _Busy("this worker is restoring, or its partitions have just moved")
            partitions = sorted(engine.owned)
            try:
                parts: list[Selected] = await engine.sweeps.over(
                    TABLES, select(query, engine.now_us(), self._shops.labels()), PAUSE
                )
            except SweepStopped as stopped:
                raise _Busy("this worker's partitions have just moved") from stopped
        return await asyncio.to_thread(_answer, parts, query.limit, partitions, self._profiles)

    async def _gather(self, query: Query) -> _Gathered:
        until = time.monotonic() + self._app.access.deadline * (1 - MARGIN)
        own = await self._own(query)
        patience = max(0.0, until - time.monotonic())
        peers = self._engine.peers
        partitions = self._engine.config.partitions
        others = [n for n in range(partitions) if n not in own.partitions]
        homes = {home for number in others if (home := peers.home_of(number)) is not None}
        asked = await asyncio.gather(*(self._ask(home, query, patience) for home in sorted(homes)))
        answers = [own, *(answer for answer in asked if answer is not None)]
        known = {number for answer in answers for number in answer.partitions}
        every = (each for answer in answers for each in answer.rows)
        rows = sorted(every, key=lambda each: each[0])
        missing = [
            f"partition {number}: its worker is not known, or does not answer"
            for number in range(partitions)
            if number not in known
        ]
        return _Gathered(
            [each for _, each in rows[: query.limit]],
            sum(answer.total for answer in answers),
            missing,
        )

    async def _ask(self, home: Home, query: Query, patience: float) -> Answer | None:
        asked = MultiDict(
            (name, value) for name, values in query.filters.items() for value in sorted(values)
        )
        asked["limit"] = str(query.limit)
        if query.within_hours is not None:
            asked["within_hours"] = repr(query.within_hours)
        try:
            status, body = await self._engine.peers.ask(home, WARNINGS, asked, patience)
            return _answers.decode(body) if status == 200 else None
        except (PeerSilent, msgspec.MsgspecError):
            return None


def _answer(parts: list[Selected], limit: int, partitions: list[int], profiles: Profiles) -> Answer:
    entries = sorted((entry for part in parts for entry in part.first), key=urgency)
    return Answer(
        [
            (urgency(entry), row(entry, profiles.named(entry.finding.profile)))
            for entry in entries[:limit]
        ],
        sum(part.total for part in parts),
        partitions,
    )


def _refusal(status: int, why: str) -> web.Response:
    headers = {"Retry-After": "1"} if status == 503 else None
    return web.Response(
        status=status,
        body=_json.encode({"error": why}),
        content_type="application/json",
        headers=headers,
    )
