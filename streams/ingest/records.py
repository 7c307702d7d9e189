"""A message of a feed as a record for Kafka."""

from __future__ import annotations

from streams.engine.kafka.topics import Topics
from streams.ingest.feeds import NamedFeed
from streams.ingest.masking import masked_text
from streams.ingest.publisher import Outgoing
from streams.inputs.sources.payload import Canonical, json_text
from streams.inputs.sources.scope import FIELDS, owner_of, scoped


def record_of(message: Canonical, feed: NamedFeed, topics: Topics) -> Outgoing:
    """The record: its ids scoped and its words masked, where the feed says so."""
    if feed.scope is not None:
        own = getattr(feed.feed, FIELDS[feed.scope])
        message = scoped(message, owner_of(message.value or {}, feed.scope, own))
    value, timestamp = message.value, message.timestamp
    if feed.mask_phones and value is not None and isinstance(value.get("description"), str):
        value = {**value, "description": masked_text(value["description"])}
    return Outgoing(
        topics.orders if message.topic == "order-paid" else topics.tracking,
        message.key.encode("utf-8", "replace"),
        None if value is None else json_text(value).encode(),
        0 if timestamp is None else round(timestamp.timestamp() * 1000),
    )
