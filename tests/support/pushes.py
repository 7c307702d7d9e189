"""Genuine payloads of every source, and the messages that `sources try` makes of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from streams.ingest.feeds import NamedFeed
from streams.inputs.sources.configuration import FeedOptions
from streams.inputs.sources.payload import Payload
from streams.inputs.sources.registry import SOURCES
from streams.inputs.sources.source import by_token

DATA = Path(__file__).parents[1] / "inputs" / "sources" / "data"
TOKEN = {"token": "a-token"}
ARRIVED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Push(NamedTuple):
    """A payload with the feed that it is for, and what it becomes."""

    feed: NamedFeed
    body: bytes
    options: FeedOptions
    expected: list[Any]

    @property
    def address(self) -> str:
        return f"/in/{self.feed.source.name}/{self.feed.name}"


def pushes() -> Iterator[Push]:
    """Those of the sources' fixtures that bear a proof."""
    for config in sorted(DATA.glob("*/config.json")):
        source = SOURCES[config.parent.name]
        for number, (name, said) in enumerate(json.loads(config.read_text("utf-8")).items()):
            options = FeedOptions.model_validate(said)
            if source.genuine is by_token and not options.secret:
                options = options.model_copy(update={"secret": "a-token", "query": TOKEN})
            body = (config.parent / name).read_bytes()
            headers = {key.lower(): value for key, value in options.headers.items()}
            payload = Payload(body, ARRIVED_AT, headers, options.query)
            if options.secret and source.genuine(payload, options.feed()):
                lines = (config.parent / f"{name}.expected.jsonl").read_text("utf-8").splitlines()
                feed = NamedFeed(source, f"f{number}", options.feed())
                yield Push(feed, body, options, [json.loads(line) for line in lines])


PUSHES = list(pushes())


def messages(push: Push) -> list[tuple[str, str, Any]]:
    """Topic, key and value of all that a push becomes."""
    return [(one["topic"], one["key"], one["value"]) for one in push.expected if "topic" in one]
