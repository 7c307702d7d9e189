"""Tells streams that something has changed: one look at the database for all of them."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from streams.desk.database.database import Database, newest_cursor

log = logging.getLogger(__name__)

LOOKS_S = 0.5
"""Between two looks."""

MOST_STREAMS = 200
"""Streams at a time; a further one is refused."""


class News:
    """The newest cursor, and a way to wait for a newer one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = asyncio.Condition()
        self.cursor = 0
        self.streams = 0
        self.ended = False
        """Whether the desk ends, and streams with it."""

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                cursor = await run_in_threadpool(self._look)
            except SQLAlchemyError:
                pass  # whoever asks the database for something learns of it
            else:
                if cursor != self.cursor:
                    self.cursor = cursor
                    async with self._changed:
                        self._changed.notify_all()
            await asyncio.sleep(LOOKS_S)

    async def end(self) -> None:
        """Have all streams end."""
        self.ended = True
        async with self._changed:
            self._changed.notify_all()

    async def after(self, cursor: int, patience: float) -> bool:
        """Wait until there is something newer than a cursor, or the end; False: not for `patience`
        seconds."""
        try:
            async with asyncio.timeout(patience), self._changed:
                await self._changed.wait_for(lambda: self.ended or self.cursor > cursor)
        except TimeoutError:
            return False
        return True

    def _look(self) -> int:
        with self._database.reading() as connection:
            return newest_cursor(connection)
