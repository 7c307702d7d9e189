"""`/warnings` goes through states for who waits for the list, and no further."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from echo_worker import until
from support.serving import abandon, serving, unanswered

from streams.app import assemble
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.engine.pages.access import Access
from streams.engine.pages.serving import Route
from streams.engine.store.sweep import States, Sweeps
from streams.engine.worker.app import EngineApp
from streams.profiles.loader import load
from streams.web import warnings
from streams.web.query import Selected
from streams.web.warnings import AT_ONCE


class Endless:
    """A store of one partition that never ends; it hands out a batch for each that it is given."""

    def __init__(self) -> None:
        self.swept = 0
        self._given = threading.Semaphore(0)

    def partitions(self) -> list[int]:
        """One."""
        return [0]

    def __getitem__(self, _partition: int) -> Endless:
        """The same."""
        return self

    def scan(self) -> Endless:
        """The same."""
        return self

    def take(self, _limit: int) -> States:
        """A batch, when there is one."""
        assert self._given.acquire(timeout=60)
        self.swept += 1
        return [(b"key", b"state")]

    def close(self) -> None:
        """Nothing is held."""

    def give(self, batches: int) -> None:
        """So many may be taken."""
        self._given.release(batches)


@contextmanager
def worker(tmp_path: Path, states: Endless) -> Iterator[EngineApp]:
    """One that is not started, with these states in each table."""
    config = EngineConfig(app_id="a", bootstrap="127.0.0.1:1", data_dir=tmp_path, partitions=1)
    app = assemble(config, Topics(app_id="a"), load(), warnings_page=True)
    app.engine.assigned = True
    app.engine._owned = frozenset({0})
    app.engine.sweeps = Sweeps(dict.fromkeys(config.tables, states), app.engine.fail)  # type: ignore[arg-type]

    def visit(_table: str, batches: Iterator[States]) -> Selected:
        for _ in batches:
            pass
        return Selected([], 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warnings, "select", lambda *_: visit)
        yield app


def routes(app: EngineApp) -> list[Route]:
    """The page alone."""
    return [route for route in app.routes if route.path == "/warnings"]


def running(app: EngineApp) -> dict[Any, Any]:
    """The sweeps that have not ended."""
    return app.engine.sweeps._running


def test_nothing_is_swept_for_who_has_hung_up(tmp_path: Path) -> None:
    """400 ask and hang up: the batches in hand are the last."""
    states = Endless()

    async def run(app: EngineApp) -> None:
        async with serving(routes=routes(app)) as pages:
            before = sum(unanswered("warnings", reason) for reason in ("hung_up", "busy"))
            waiting = asyncio.create_task(pages.get("/warnings"))
            await until(lambda: running(app))
            states.give(3)
            await until(lambda: states.swept == 3)
            await abandon(pages.port, "/warnings", 400)
            waiting.cancel()
            await until(
                lambda: (
                    sum(unanswered("warnings", reason) for reason in ("hung_up", "busy"))
                    == before + 401
                )
            )
            begun = len(running(app))
            assert begun <= AT_ONCE
            states.give(1000)
            await until(lambda: not running(app))
            assert states.swept <= 3 + begun

    with worker(tmp_path, states) as app:
        asyncio.run(run(app))


def test_a_sweep_ends_at_the_deadline(tmp_path: Path) -> None:
    """503, and the batch in hand is the last."""
    states = Endless()

    async def run(app: EngineApp) -> None:
        async with serving(Access(deadline=0.2), routes(app)) as pages:
            states.give(3)
            answer = await pages.get("/warnings?format=json")
            assert (answer.status, "SHIPSENTRY_HTTP_DEADLINE_S" in answer.text) == (503, True)
            states.give(1000)
            await until(lambda: not running(app))
            assert states.swept <= 4

    with worker(tmp_path, states) as app:
        asyncio.run(run(app))
