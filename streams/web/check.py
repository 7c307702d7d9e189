"""`GET /check`: tells before a number is uploaded. Any worker can be asked; nothing is changed.

The parcel's owner answers. It asks the order's owner for the order where that is another worker;
who owns neither passes the question on. Where the owners are not known or not ready, the answer is
503 with the reason, and asking again is all there is to do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from schemas.cleaning import clean_id, is_damaged
from schemas.fields import DAMAGED, MAX_ID_LENGTH
from streams.decode.keys import parcel_key
from streams.decode.names import Names, with_own
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.pages.guard import WORD_HEADER
from streams.engine.pages.serving import Route
from streams.engine.worker.app import EngineApp
from streams.engine.worker.peers import PeerSilent
from streams.judge.precheck import OrderWord, RuleFailed, ask_order
from streams.outputs.check_answer import answer
from streams.profiles.model import Profiles
from streams.state.codec import load_order, load_parcel
from streams.web.query import clipped

CHECK = "/check"
CHECK_ORDER = "/check/order"
"""Served to other workers only."""

PATIENCE = 2.0
"""Seconds that another worker has for its part of the answer."""

AT_ONCE = 16
"""Answers that are worked on at a time: nearly all of it is waiting for another worker."""

_PARAMETERS = ("carrier", "tracking_number", "order_id")
_ALLOWED = f"a text of 1 to {MAX_ID_LENGTH} characters that is not blank"

_WORDS = msgspec.msgpack.Decoder(OrderWord)
_json = msgspec.json.Encoder()
_pack = msgspec.msgpack.Encoder()


class _Refused(Exception):
    """The question cannot be answered: HTTP status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Question(NamedTuple):
    parcel: str
    order_id: str
    query: dict[str, str]


def add_precheck(app: EngineApp, profiles: Profiles) -> None:
    """The pages of the check, on the worker's web server."""
    desk = _Desk(app, profiles)
    app.routes.append(Route(CHECK, desk.check, AT_ONCE))
    app.routes.append(Route(CHECK_ORDER, desk.order, AT_ONCE))


class _Desk:
    def __init__(self, app: EngineApp, profiles: Profiles) -> None:
        self._engine = app.engine
        self._partitions = app.engine.config.partitions
        self._profiles = profiles
        self._names = with_own(*profiles.own_names)

    async def check(self, request: web.Request) -> web.Response:
        """The answer, from here or from the parcel's owner."""
        try:
            question = _read(request, self._names)
            partition = partition_of(question.parcel.encode(), self._partitions)
            if self._engine.assigned and partition in self._engine.owned:
                return _as_json(200, await self._answer(question, partition))
            if WORD_HEADER in request.headers:
                self._admit(request)
                raise _Refused(503, "the number's partition has just moved to another worker")
            status, body = await self._ask(partition, CHECK, question, "the number's")
            return web.Response(status=status, body=body, content_type="application/json")
        except _Refused as refused:
            return _as_json(refused.status, {"error": str(refused)})

    async def order(self, request: web.Request) -> web.Response:
        """An order's part of the answer, for another worker."""
        try:
            self._admit(request)
            question = _read(request, self._names)
            partition = partition_of(question.order_id.encode(), self._partitions)
            return web.Response(body=_pack.encode(self._order(question, partition)))
        except _Refused as refused:
            return _as_json(refused.status, {"error": str(refused)})

    def _admit(self, request: web.Request) -> None:
        if not self._engine.peers.is_peer(request.headers.get(WORD_HEADER, "")):
            raise _Refused(403, "this page is for the application's workers")

    async def _answer(self, question: _Question, partition: int) -> dict[str, Any]:
        home = partition_of(question.order_id.encode(), self._partitions)
        if home in self._engine.owned:
            word = self._order(question, home)
        else:
            _, body = await self._ask(home, CHECK_ORDER, question, "the order's")
            try:
                word = _WORDS.decode(body)
            except msgspec.DecodeError as error:
                raise _Refused(503, "the order's worker is of another release") from error
        value = self._state("parcels", partition, question.parcel)
        parcel = None if value is None else load_parcel(value)
        now = self._engine.now_us()
        return answer(question.parcel, parcel, question.order_id, word, self._profiles, now)

    def _order(self, question: _Question, partition: int) -> OrderWord:
        value = self._state("orders", partition, question.order_id)
        state = None if value is None else load_order(value)
        try:
            return ask_order(state, question.parcel, self._engine.now_us(), self._profiles)
        except RuleFailed as error:
            raise _Refused(503, str(error)) from error

    def _state(self, table: str, partition: int, key: str) -> bytes | None:
        """A stored state with everything in it that was read so far."""
        engine = self._engine
        if not engine.assigned or partition not in engine.owned:
            raise _Refused(503, "this worker is restoring, or its partitions have just moved")
        if not engine.watermark.last_watermark_us(partition):
            raise _Refused(503, "the worker still reads what arrived before it started")
        value = engine.stored_form(table, partition, key.encode())
        if partition not in engine.owned:
            raise _Refused(503, "this worker's local state is damaged, and being restored")
        return value

    async def _ask(
        self, partition: int, path: str, question: _Question, whose: str
    ) -> tuple[int, bytes]:
        peers = self._engine.peers
        home = peers.home_of(partition)
        if home is None:
            raise _Refused(503, f"{whose} worker is not known (yet), or serves no web pages")
        try:
            status, body = await peers.ask(home, path, question.query, PATIENCE)
        except PeerSilent as error:
            raise _Refused(503, f"{whose} worker does not answer: {error}") from error
        if status == 200 or (path == CHECK and status in (400, 503)):
            return status, body
        if status in (401, 403):
            # Somebody else answers there: 127.0.0.1 means another machine on each of them. Or it
            # has other tokens, or authorities, than this one.
            raise _Refused(
                503,
                f"{home.address} is not {whose} worker (just restarted?), or does not let this one "
                "in: see advertised_http and http_token_file",
            )
        raise _Refused(503, f"{whose} worker cannot answer now (status {status})")


def _read(request: web.Request, names: Names) -> _Question:
    for name in request.query:
        if name not in _PARAMETERS:
            raise _Refused(
                400,
                f"{clipped(name)}: there is no such parameter; there are {', '.join(_PARAMETERS)}",
            )
    query = {}
    for name in _PARAMETERS:
        values = request.query.getall(name, [])
        if len(values) > 1:
            raise _Refused(400, f"{name} is given {len(values)} times: once is allowed")
        if not values:
            raise _Refused(400, f"{name} is missing: {_ALLOWED} is allowed")
        query[name] = value = values[0]
        if not clean_id(value) or len(value) > MAX_ID_LENGTH:
            raise _Refused(400, f"{name}={clipped(value)!r}: {_ALLOWED} is allowed")
    order_id = clean_id(query["order_id"])
    if is_damaged(order_id):
        raise _Refused(400, f"order_id={clipped(order_id)!r} {DAMAGED}")
    key = parcel_key(query["carrier"], query["tracking_number"], names)
    if key.startswith(":") or key.endswith(":"):
        name = "carrier" if key.startswith(":") else "tracking_number"
        allowed = "a text without a colon" if name == "carrier" else "a text that is not blank"
        raise _Refused(400, f"{name}={clipped(query[name])!r}: {allowed} is allowed")
    return _Question(key, order_id, query)


def _as_json(status: int, value: dict[str, Any]) -> web.Response:
    headers = {"Retry-After": "1"} if status == 503 else None
    return web.Response(
        status=status, body=_json.encode(value), content_type="application/json", headers=headers
    )
