"""What was learned of feeds is kept in a file, and never stands in a worker's way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from streams.agents.feeds import KEPT_EVERY, keep_feeds
from streams.engine.worker.app import EngineApp
from streams.facts.times import DAY, HOUR, MINUTE
from streams.judge.feeds import Feeds

START = 20_780 * DAY


class Timers:
    """An app that only remembers its timer."""

    timer_function: Callable[[], Awaitable[None]]

    def timer(self, interval: float, name: str) -> Callable[[Any], Any]:
        """As Faust's."""
        assert interval == KEPT_EVERY
        return lambda function: setattr(self, "timer_function", function)


def kept(feeds: Feeds, path: Path) -> Callable[[], None]:
    """`keep_feeds` on an app whose timer the test fires."""
    app = Timers()
    keep_feeds(cast(EngineApp, app), feeds, path)

    async def fire() -> None:
        await app.timer_function()

    return lambda: asyncio.run(fire())


def taught() -> Feeds:
    """A feed with a record a minute for two days."""
    feeds = Feeds(since=0)
    for now in range(START, START + 2 * DAY + 1, MINUTE):
        feeds.hear({"zto": 1}, now)
    return feeds


def test_a_later_worker_knows_what_an_earlier_one_learned(tmp_path: Path) -> None:
    """It calls a feed silent on its first day, which nobody could who learned anew."""
    path = tmp_path / "not there yet" / "feeds.msgpack"
    first = taught()
    kept(first, path)()
    assert [entry.name for entry in path.parent.iterdir()] == ["feeds.msgpack"]
    second = Feeds()
    kept(second, path)
    for now in range(START + 2 * DAY + HOUR, START + 2 * DAY + 2 * HOUR, MINUTE):
        second.listen(now, now)
    assert second.silent("zto", START + 2 * DAY + 2 * HOUR)
    anew = Feeds(since=START + 2 * DAY + HOUR)
    assert not anew.silent("zto", START + 2 * DAY + 2 * HOUR)


def test_nothing_kept_is_nothing_wrong(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first start of a worker says nothing about it."""
    kept(Feeds(), tmp_path / "feeds.msgpack")
    assert caplog.records == []


@pytest.mark.parametrize("content", [b"", b"\x93\x01", b"\x81\xa3zto\x90", b"not this"])
def test_a_broken_file_is_learned_anew(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, the worker starts, and the next saving replaces the file."""
    path = tmp_path / "feeds.msgpack"
    path.write_bytes(content)
    feeds = Feeds()
    save = kept(feeds, path)
    assert "learned anew" in caplog.text
    assert feeds.feeds == {}
    save()
    Feeds().load(path.read_bytes())


def test_a_place_that_cannot_be_written_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The flag is outside of the law: no worker ends for it."""
    caplog.set_level(logging.WARNING)
    (tmp_path / "file").write_bytes(b"")
    kept(taught(), tmp_path / "file" / "feeds.msgpack")()
    assert "not saved" in caplog.text
