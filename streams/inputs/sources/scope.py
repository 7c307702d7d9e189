"""Ids of orders that are unique within a shop or a platform only, made unique (decision 0080)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from schemas.cleaning import clean, clean_id
from streams.decode.names import BUILT_IN
from streams.inputs.sources.payload import Canonical

Scope = Literal["shop", "platform"]
"""Within what an order's id is unique."""

FIELDS: dict[Scope, str] = {"shop": "shop_id", "platform": "platform"}
"""What names it."""


def owner_of(value: Mapping[str, Any], scope: Scope, otherwise: str = "") -> str:
    """The shop or the platform that a message names, else `otherwise`; "" where nobody does.

    Both are cleaned, and a platform is called, as workers do it, however the message says them.
    """
    said = str(value.get(FIELDS[scope]) or otherwise)
    return BUILT_IN.platform_of(clean(said)) if scope == "platform" else clean_id(said)


def scoped(message: Canonical, owner: str) -> Canonical:
    """The message with `owner/` before its orders' ids; as it is where it names no order."""
    value = message.value
    if message.topic == "tracking-update":
        if value is None or not value.get("order_ids"):
            return message
        ids = [f"{owner}/{order_id}" for order_id in value["order_ids"]]
        return message._replace(value={**value, "order_ids": ids})
    changed = None if value is None else {**value, "order_id": f"{owner}/{value['order_id']}"}
    return message._replace(key=f"{owner}/{message.key}", value=changed)
