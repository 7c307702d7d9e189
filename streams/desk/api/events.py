"""`/api/v1/events`: what has changed, as it changes, for as long as somebody listens."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Row
from starlette.concurrency import run_in_threadpool

from streams.desk.access.who import Role, Who
from streams.desk.api.desk import Desk, desk_of, who_of
from streams.desk.api.forms import work_of
from streams.desk.api.guard import let_in, needs
from streams.desk.api.news import MOST_STREAMS
from streams.desk.api.problems import RESPONSES, Problem
from streams.desk.database import lists
from streams.desk.database.database import newest_cursor

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

ALIVE_S = 15.0
"""A comment is sent after so many seconds of silence, and who listens is looked at again."""

_AT_ONCE = 200


_STREAM = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}


@router.get("/events", response_class=StreamingResponse, responses={200: _STREAM})
@needs(Role.viewer)
async def events(
    request: Request,
    last_event_id: Annotated[str | None, Header(pattern="^[0-9]{1,18}$")] = None,
) -> StreamingResponse:
    """New and changed warnings as server-sent events; each event's id is its cursor.

    Without `Last-Event-ID` it begins with what changes from now on.
    """
    desk = desk_of(request)
    if desk.news.streams >= MOST_STREAMS:
        raise Problem(503, "too many listen already", headers={"Retry-After": "10"})
    if last_event_id is None:
        begin = await run_in_threadpool(_newest, desk)
    else:
        begin = int(last_event_id)
    return StreamingResponse(
        _stream(request, desk, who_of(request), begin),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _stream(request: Request, desk: Desk, who: Who, cursor: int) -> AsyncIterator[bytes]:
    desk.news.streams += 1
    try:
        yield b"retry: 2000\n\n"
        known = time.monotonic()
        while not desk.news.ended:
            if time.monotonic() - known >= ALIVE_S:
                # However much there is to tell meanwhile.
                if await run_in_threadpool(let_in, request) != who:
                    return  # signed out, expired, or other rights: the client asks anew
                known = time.monotonic()
            newest = desk.news.cursor  # before the look: what comes after it is waited for
            rows = await run_in_threadpool(_since, desk, cursor, who)
            for row in rows:
                cursor = row.cursor
                yield _event(row)
            if len(rows) == _AT_ONCE:
                continue
            if not await desk.news.after(max(cursor, newest), ALIVE_S):
                yield b": still here\n\n"
    finally:
        desk.news.streams -= 1


def _newest(desk: Desk) -> int:
    with desk.database.reading() as connection:
        return newest_cursor(connection)


def _since(desk: Desk, cursor: int, who: Who) -> list[Row[Any]]:
    with desk.database.reading() as connection:
        return list(lists.since(connection, cursor, who.shops, _AT_ONCE))


def _event(row: Row[Any]) -> bytes:
    work = work_of(row).model_dump_json()
    # Our own JSON has no line break outside of a text; a producer's might.
    value = json.dumps(json.loads(row.value), ensure_ascii=False)
    data = f'{{"cursor":{row.cursor},"warning":{value},"work":{work}}}'
    return f"id: {row.cursor}\nevent: warning\ndata: {data}\n\n".encode()
