"""Ids that are unique within a shop or a platform only, made unique by what they are unique in."""

from __future__ import annotations

from typing import Literal

import msgspec
from xxhash import xxh3_64_intdigest

from streams.decode import Bad
from streams.facts.facts import OrderVersion, TrackingFact

Scope = Literal["shop", "platform"]
"""Within what an order's id is unique."""

SCOPES: tuple[Scope, ...] = ("shop", "platform")

_FIELDS: dict[Scope, str] = {"shop": "shop_id", "platform": "platform"}
_MASK = (1 << 63) - 1


def scoped_order(version: OrderVersion, scope: Scope) -> OrderVersion | Bad:
    """The version with `shop/` or `platform/` before its id.

    The key of a tombstone stays as it is: it says the whole id already.
    """
    if not version.known:
        return version
    owner = getattr(version, _FIELDS[scope])
    if not owner:
        return _ownerless(scope, "")
    return msgspec.structs.replace(version, order_id=f"{owner}/{version.order_id}")


def scoped_fact(fact: TrackingFact, scope: Scope) -> TrackingFact | Bad:
    """The fact with `shop/` or `platform/` before the ids of its orders, if it names any."""
    if not fact.order_ids:
        return fact
    owner = getattr(fact, _FIELDS[scope])
    if not owner:
        return _ownerless(scope, " where orders are named")
    # Facts that name another shop's orders are other facts: the digest tells them apart.
    return msgspec.structs.replace(
        fact,
        order_ids=tuple(f"{owner}/{order_id}" for order_id in fact.order_ids),
        digest=xxh3_64_intdigest(owner.encode(), fact.digest) & _MASK,
        tie=f"{fact.tie}{owner}",
    )


def _ownerless(scope: Scope, where: str) -> Bad:
    field = _FIELDS[scope]
    return Bad("missing_field", field, f"{field} is required by --scope {scope}{where}")
