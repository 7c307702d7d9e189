"""Ids that are unique within a shop or a platform only, made unique by what they are unique in."""

from __future__ import annotations

import msgspec
from xxhash import xxh3_64_intdigest

from streams.decode import Bad
from streams.facts.facts import OrderVersion, TrackingFact
from streams.inputs.sources.scope import FIELDS, Scope

SCOPES: tuple[Scope, ...] = ("shop", "platform")

_MASK = (1 << 63) - 1


def scoped_order(version: OrderVersion, scope: Scope) -> OrderVersion | Bad:
    """The version with `shop/` or `platform/` before its id.

    The key of a tombstone stays as it is: it says the whole id already.
    """
    if not version.known:
        return version
    owner = getattr(version, FIELDS[scope])
    if not owner:
        return _ownerless(scope, "")
    return msgspec.structs.replace(version, order_id=f"{owner}/{version.order_id}")


def scoped_fact(fact: TrackingFact, scope: Scope) -> TrackingFact | Bad:
    """The fact with `shop/` or `platform/` before the ids of its orders, if it names any."""
    if not fact.order_ids:
        return fact
    owner = getattr(fact, FIELDS[scope])
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
    field = FIELDS[scope]
    return Bad("missing_field", field, f"{field} is required by --scope {scope}{where}")
