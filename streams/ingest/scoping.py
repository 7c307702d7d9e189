"""Ids of orders that are unique within a shop or platform only, made unique (decision 0080)."""

from __future__ import annotations

from typing import Any

from streams.ingest.feeds import NamedFeed
from streams.inputs.sources.payload import Canonical


def scoped(message: Canonical, feed: NamedFeed) -> Canonical:
    """The message with `shop/` or `platform/` before its orders' ids, where the feed says so.

    The message's own shop or platform goes before the feed's.
    """
    if feed.scope is None:
        return message
    value = message.value
    owner = _owner(value or {}, feed)
    if message.topic == "tracking-update":
        if value is None or not value.get("order_ids"):
            return message
        ids = [f"{owner}/{each}" for each in value["order_ids"]]
        return message._replace(value={**value, "order_ids": ids})
    key = f"{owner}/{message.key}"
    changed = None if value is None else {**value, "order_id": f"{owner}/{value['order_id']}"}
    return message._replace(key=key, value=changed)


def _owner(value: dict[str, Any], feed: NamedFeed) -> str:
    if feed.scope == "shop":
        return str(value.get("shop_id") or feed.feed.shop_id)
    return str(value.get("platform") or feed.feed.platform)
