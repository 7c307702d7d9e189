"""Whose orders are: ids that several shops use, and ids made unique by their shop or platform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from streams.decode.names import BUILT_IN
from streams.inputs.sources.payload import Canonical, Outcome

Scope = Literal["shop", "platform"]

_FIELDS: dict[Scope, str] = {"shop": "shop_id", "platform": "platform"}


def owners(messages: Iterable[Canonical]) -> dict[str, set[str]]:
    """Ids of orders that are there with several shops or platforms → these, `platform shop`."""
    found: dict[str, set[str]] = {}
    for message in messages:
        if message.topic == "order-paid" and message.value is not None:
            owner = f"{_owner(message.value, 'platform')} {_owner(message.value, 'shop')}"
            found.setdefault(message.key, set()).add(owner)
    return {order_id: who for order_id, who in found.items() if len(who) > 1}


def scoped(outcome: Outcome, scope: Scope) -> None:
    """Put the shop or platform before the ids of orders, `s-1/1001`, in orders and `order_ids`.

    What names orders and no owner is refused.
    """
    kept: list[Canonical] = []
    for message in outcome.messages:
        value = message.value
        if value is not None and message.topic == "tracking-update" and "order_ids" not in value:
            kept.append(message)
            continue
        owner = "" if value is None else _owner(value, scope)
        if value is None or not owner:
            why = f"{message.key} names no {scope}, which --scope {scope} needs"
            outcome.refuse("missing_field", why)
        elif message.topic == "order-paid":
            order_id = f"{owner}/{value['order_id']}"
            kept.append(message._replace(key=order_id, value={**value, "order_id": order_id}))
        else:
            ids = [f"{owner}/{order_id}" for order_id in value["order_ids"]]
            kept.append(message._replace(value={**value, "order_ids": ids}))
    outcome.messages = kept


def _owner(value: dict[str, str], scope: Scope) -> str:
    said = value.get(_FIELDS[scope], "")
    return BUILT_IN.platform_of(said) if scope == "platform" else said
