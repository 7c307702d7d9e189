"""Whose orders are: ids that several shops use, and ids made unique by their shop or platform."""

from __future__ import annotations

from collections.abc import Iterable

from streams.inputs.sources.payload import Canonical, Outcome
from streams.inputs.sources.scope import Scope, owner_of, scoped


def owners(messages: Iterable[Canonical]) -> dict[str, set[str]]:
    """Ids of orders that are there with several shops or platforms → these, `platform shop`."""
    found: dict[str, set[str]] = {}
    for message in messages:
        if message.topic == "order-paid" and message.value is not None:
            owner = f"{owner_of(message.value, 'platform')} {owner_of(message.value, 'shop')}"
            found.setdefault(message.key, set()).add(owner)
    return {order_id: who for order_id, who in found.items() if len(who) > 1}


def all_scoped(outcome: Outcome, scope: Scope) -> None:
    """Put the shop or platform before the ids of orders, `s-1/1001`, in orders and `order_ids`.

    What names orders and no owner is refused.
    """
    kept: list[Canonical] = []
    for message in outcome.messages:
        value = message.value
        names_orders = value is None or message.topic == "order-paid" or "order_ids" in value
        owner = "" if value is None else owner_of(value, scope)
        if owner or not names_orders:
            kept.append(scoped(message, owner))
        else:
            why = f"{message.key} names no {scope}, which --scope {scope} needs"
            outcome.refuse("missing_field", why)
    outcome.messages = kept
