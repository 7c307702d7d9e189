"""Wishes: orders that are to be asked for, on a compacted topic until they are.

A wish has a key of its own for each request that makes it, so that its end ends no later one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from streams.ingest.feeds import Key
from streams.ingest.publisher import Outgoing
from streams.inputs.sources.payload import Wanted


class Wish(NamedTuple):
    """An order of a feed that is to be asked for; see `Wanted`."""

    source: str
    feed: str
    order_id: str
    shop_id: str
    at: datetime | None

    def value(self) -> bytes:
        """What stands on the topic."""
        at = None if self.at is None else self.at.isoformat()
        return json.dumps({**self._asdict(), "at": at}).encode()


def wishes(topic: str, feed: Key, body: bytes, wanted: Iterable[Wanted]) -> list[Outgoing]:
    """The records of what a request wants; the same request makes the same ones again."""
    source, name = feed
    digest = blake2b(body, digest_size=8).hexdigest()
    made: dict[str, Outgoing] = {}
    for each in wanted:
        key = f"{source}/{name} {each.order_id} {digest}"
        wish = Wish(source, name, each.order_id, each.shop_id, each.at)
        made[key] = Outgoing(topic, key.encode("utf-8", "replace"), wish.value())
    return [*made.values()]


def wish_of(value: bytes) -> Wish | None:
    """The wish in a record; None where others wrote it."""
    try:
        said = json.loads(value)
        texts = {name: said[name] for name in ("source", "feed", "order_id", "shop_id")}
        at = None if said["at"] is None else datetime.fromisoformat(said["at"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not all(isinstance(each, str) for each in texts.values()) or (at and not at.tzinfo):
        return None
    return Wish(**texts, at=at)
