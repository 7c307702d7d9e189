"""What a worker has learned of its carriers' feeds outlives it, in a file of its data directory."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from streams.core.feeds import Feeds
from streams.engine.app import EngineApp

KEPT_EVERY = 60.0
"""Seconds between two savings; what was learned since the last is learned again."""

log = logging.getLogger(__name__)


def keep_feeds(app: EngineApp, feeds: Feeds, path: Path) -> None:
    """Take over what `path` holds, and save there now and then what `feeds` has learned."""
    try:
        feeds.load(path.read_bytes())
    except FileNotFoundError:
        pass
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("the feeds of carriers are learned anew, %s cannot be read: %s", path, error)

    @app.timer(KEPT_EVERY, name="keep-feeds")  # type: ignore[untyped-decorator]  # Faust's
    async def keep() -> None:
        learned = feeds.dump()
        try:
            await asyncio.to_thread(_replace, path, learned)
        except OSError as error:
            # A full disk ends the worker where states are written, not for a flag's sake.
            log.warning("what was learned of feeds is not saved to %s: %s", path, error)


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)
