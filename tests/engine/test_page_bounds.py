"""What a page may cost: so many at a time, so long, and nothing for whoever hung up."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web
from echo_worker import until
from support.ports import free_port
from support.serving import Pages, abandon, pages_at, serving, unanswered

from streams.engine.pages.access import Access
from streams.engine.pages.bounds import WAIT_EACH
from streams.engine.pages.guard import WORD_HEADER
from streams.engine.pages.serving import Route, serve


class Slow:
    """A handler that ends when the test says so; knows how many began, and how many were cut."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.began = self.cut = 0

    async def answer(self, _request: web.Request) -> web.Response:
        """The page."""
        self.began += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cut += 1
            raise
        return web.Response(text="done")


def ask(
    question: Callable[[Pages, Slow], Awaitable[None]], *, at_once: int = 1, deadline: float = 30.0
) -> None:
    """Ask a page that is slow; the word of this application's workers is `own`."""

    async def run() -> None:
        slow = Slow()
        async with serving(
            Access(deadline=deadline),
            [Route("/check", slow.answer, at_once)],
            is_peer=lambda word: word == "own",
        ) as pages:
            await question(pages, slow)

    asyncio.run(run())


def test_an_answer_has_a_deadline() -> None:
    """503, what to do, and the work ends."""

    async def question(pages: Pages, slow: Slow) -> None:
        before = unanswered("check", "deadline")
        answer = await pages.get("/check")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert json.loads(answer.text)["error"].startswith("no answer within 0.2 s (SHIPSENTRY_")
        assert (slow.began, slow.cut) == (1, 1)
        assert unanswered("check", "deadline") == before + 1
        slow.may_end.set()
        assert (await pages.get("/check")).text == "done"

    ask(question, deadline=0.2)


def test_a_line_has_an_end() -> None:
    """So many are worked on, some wait, the rest is told at once; probes and metrics answer."""
    places = 2 * (1 + WAIT_EACH)

    async def question(pages: Pages, slow: Slow) -> None:
        before = unanswered("check", "busy")
        inside = [asyncio.create_task(pages.get("/check")) for _ in range(places)]
        await until(lambda: slow.began == 2)
        outside = await asyncio.gather(*(pages.get("/check") for _ in range(20)))
        assert {(answer.status, answer.headers["Retry-After"]) for answer in outside} == {
            (503, "1")
        }
        assert unanswered("check", "busy") == before + 20
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await pages.get(path)).status == 200
        assert slow.began == 2
        slow.may_end.set()
        assert {answer.text for answer in await asyncio.gather(*inside)} == {"done"}
        assert slow.began == places

    ask(question, at_once=2)


def test_workers_have_a_line_of_their_own() -> None:
    """Or two that ask each other would wait for each other; a guessed word stands in the other."""

    async def question(pages: Pages, slow: Slow) -> None:
        inside = [asyncio.create_task(pages.get("/check")) for _ in range(1 + WAIT_EACH)]
        await until(lambda: slow.began == 1)
        worker = asyncio.create_task(pages.get("/check", **{WORD_HEADER: "own"}))
        await until(lambda: slow.began == 2)
        assert (await pages.get("/check", **{WORD_HEADER: "guessed"})).status == 503
        slow.may_end.set()
        assert (await worker).text == "done"
        await asyncio.gather(*inside)

    ask(question)


def test_work_ends_when_the_client_hangs_up() -> None:
    """What is worked on is cut, what waits never begins."""

    async def question(pages: Pages, slow: Slow) -> None:
        before = unanswered("check", "hung_up")
        inside = [asyncio.create_task(pages.get("/check")) for _ in range(1 + WAIT_EACH)]
        await until(lambda: slow.began == 1)
        for each in inside:
            each.cancel()
        await until(lambda: unanswered("check", "hung_up") == before + 1 + WAIT_EACH)
        assert (slow.began, slow.cut) == (1, 1)
        slow.may_end.set()
        assert (await pages.get("/check")).text == "done"

    ask(question)


def test_nothing_is_worked_out_for_who_has_hung_up() -> None:
    """Also where the event loop has only the question yet: 400 of them cost no answer."""
    answered = 0

    async def at_once(_request: web.Request) -> web.Response:
        nonlocal answered
        answered += 1
        return web.Response()

    async def run() -> None:
        async with serving(routes=[Route("/check", at_once, 16)]) as pages:
            before = unanswered("check", "hung_up")
            await abandon(pages.port, "/check", 400)
            await until(lambda: unanswered("check", "hung_up") + answered == before + 400)
            assert answered == 0
            assert (await pages.get("/check")).status == 200

    asyncio.run(run())


def test_metrics_are_worked_out_once_for_all_who_ask() -> None:
    """However many ask, and hang up; the probes answer meanwhile."""
    looked, may_end = [0], threading.Event()

    def measure(_ready: bool) -> Callable[[], None]:
        looked[0] += 1
        return may_end.wait  # type: ignore[return-value]

    async def run() -> None:
        port = free_port()
        runner = await serve(
            "127.0.0.1", port, alive=lambda: None, ready=lambda: None, measure=measure
        )
        assert runner is not None
        try:
            async with pages_at(port) as pages:
                asking = [asyncio.create_task(pages.get("/metrics")) for _ in range(50)]
                await until(lambda: looked[0] > 0)
                for each in asking[:25]:
                    each.cancel()
                assert (await pages.get("/readyz")).status == 200
                may_end.set()
                answers = await asyncio.gather(*asking[25:])
                assert {answer.status for answer in answers} == {200}
                assert looked == [1]
                assert (await pages.get("/metrics")).status == 200
                assert looked == [2]
        finally:
            may_end.set()
            await runner.cleanup()

    asyncio.run(run())
