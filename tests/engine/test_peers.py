"""Where other workers are reached: what ticks say, for how long it counts, and who may ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web
from support.ports import free_port

from streams.engine.kafka.types import Record
from streams.engine.pages.guard import WORD_HEADER
from streams.engine.pages.serving import Route, serve
from streams.engine.worker import ticks
from streams.engine.worker.peers import LONGEST_ANSWER, Home, Peers, PeerSilent
from streams.engine.worker.watermark import Report

HERE = Home("http://a:1", "word-a")
THERE = Home("http://b:2", "word-b")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The seconds now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def peers(clock: Clock) -> Peers:
    """What a worker of an application with four partitions hears; patient for ten seconds."""
    return Peers(4, "http://own:9", 10.0, clock)


def test_a_home_counts_while_it_is_heard_of(peers: Peers, clock: Clock) -> None:
    """Up to the patience, and no longer."""
    assert peers.home_of(2) is None
    peers.hear(2, 1, THERE)
    clock.now += 10
    assert peers.home_of(2) == THERE
    clock.now += 0.001
    assert peers.home_of(2) is None


def test_a_former_owner_does_not_count(peers: Peers, clock: Clock) -> None:
    """A late tick of an older generation changes nothing, unless the newer owner fell silent."""
    peers.hear(2, 7, THERE)
    peers.hear(2, 6, HERE)
    assert peers.home_of(2) == THERE
    peers.hear(2, 7, HERE)  # the same generation: a static member that restarted
    assert peers.home_of(2) == HERE
    clock.now += 11
    peers.hear(2, 6, THERE)  # the group was made anew and counts from the beginning
    assert peers.home_of(2) == THERE


@pytest.mark.parametrize(
    ("partition", "home"),
    [
        (4, HERE),
        (-1, HERE),
        (2, Home("http://" + "x" * 300, "w")),
        (2, Home("http://a:1", "w" * 65)),
        (2, Home("", "w")),
    ],
)
def test_nonsense_is_not_kept(peers: Peers, partition: int, home: Home) -> None:
    """No partition of the application, too long, or a worker without pages."""
    peers.hear(partition, 1, home)
    assert peers.home_of(partition) is None


def test_the_word_is_each_worker_s_own(peers: Peers) -> None:
    """Only who read it off the ticks has it; letters of any alphabet are compared."""
    other = Peers(4, "http://own:9", 10.0)
    assert peers.is_peer(peers.own.word)
    assert not peers.is_peer(other.own.word)
    for wrong in ("", "wörd", peers.own.word[:-1]):
        assert not peers.is_peer(wrong)


def test_homes_travel_in_ticks() -> None:
    """Beside the reports; releases that say nothing of homes, or more than we know, are read."""
    report = Report(7, 2, 5, False)
    value = ticks.encode("w1", 7, 5, {3: report}, HERE)
    fields: list[Any] = msgspec.msgpack.decode(value)
    older = msgspec.msgpack.encode(fields[:5])
    newer = msgspec.msgpack.encode([*fields, "of a later release"])
    found, _ = ticks.decode([Record(n, 0, None, v) for n, v in enumerate((value, older, newer))])
    assert [Home(tick.address, tick.word) for tick in found] == [HERE, Home("", ""), HERE]
    assert [list(tick.reports()) for tick in found] == [[(3, report)]] * 3


def asking(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], patience: float = 5.0
) -> tuple[int, bytes]:
    """What `ask` gets from a worker that serves a handler beside its probes."""

    async def run() -> tuple[int, bytes]:
        peers = Peers(4, "", 10.0)
        port = free_port()
        runner = await serve(
            "127.0.0.1",
            port,
            alive=lambda: None,
            ready=lambda: None,
            routes=[Route("/page", handler)],
        )
        assert runner is not None
        try:
            home = Home(f"http://127.0.0.1:{port}/", "the word")
            return await peers.ask(home, "/page", {"q": "a&b/ü"}, patience)
        finally:
            await peers.close()
            await runner.cleanup()

    return asyncio.run(run())


def test_a_question_brings_the_word() -> None:
    """The route is served beside the probes; query and word arrive as they are."""

    async def page(request: web.Request) -> web.Response:
        return web.json_response([request.query["q"], request.headers[WORD_HEADER]], status=201)

    status, body = asking(page)
    assert (status, msgspec.json.decode(body)) == (201, ["a&b/ü", "the word"])


def test_silence_has_an_end() -> None:
    """A worker that does not answer in time, or far too much, is silent."""

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=bytes(LONGEST_ANSWER + 1))

    with pytest.raises(PeerSilent, match="TimeoutError"):
        asking(slow, 0.1)
    with pytest.raises(PeerSilent, match="too long"):
        asking(large)
