"""What a worker has learned of its carriers' feeds outlives it, in a file of its data directory."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from streams.engine.worker.app import EngineApp
from streams.facts.times import SECOND
from streams.judge.feeds import Feeds
from streams.telemetry.events import event

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
        log.warning(
            "the feeds of carriers are learned anew, %(path)s cannot be read: %(error)s",
            event("feeds_unreadable", path=path, error=error),
        )
    silences = Silences()

    @app.timer(KEPT_EVERY, name="keep-feeds")  # type: ignore[untyped-decorator]  # Faust's
    async def keep() -> None:
        silences.look(feeds)
        learned = feeds.dump()
        try:
            await asyncio.to_thread(_replace, path, learned)
        except OSError as error:
            # A full disk ends the worker where states are written, not for a flag's sake.
            log.warning(
                "what was learned of feeds is not saved to %(path)s: %(error)s",
                event("feeds_unsaved", path=path, error=error),
            )


class Silences:
    """Says which feeds fell silent, and which are heard again, since it looked last."""

    def __init__(self) -> None:
        self._silent: dict[str, int] = {}
        """When each silent carrier was heard last."""

    def look(self, feeds: Feeds) -> None:
        """Compare; while reading is behind nothing is silent, and nothing is said."""
        if feeds.since is None:
            return
        for report in feeds.report(feeds.asked):
            carrier, heard = report.carrier, feeds.feeds[report.carrier].heard
            before = self._silent.get(carrier)
            if before is not None and heard > before:
                del self._silent[carrier]
                log.info(
                    "carrier %(carrier)s is heard again, after %(seconds)d s",
                    event("feed_heard", carrier=carrier, seconds=(heard - before) // SECOND),
                )
            if report.silent and carrier not in self._silent:
                self._silent[carrier] = heard
                log.warning(
                    "nothing was heard of carrier %(carrier)s for %(seconds)d s",
                    event("feed_silent", carrier=carrier, seconds=(feeds.asked - heard) // SECOND),
                )
        self._silent = {name: at for name, at in self._silent.items() if name in feeds.feeds}


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)
