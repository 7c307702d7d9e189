"""What versions of an order amount to: the order as known, its base time, closing and recipient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from streams.facts.facts import STATED_BITS, OrderFacts, OrderVersion, Place

_CLOSED = STATED_BITS["closed"]
_DEPOSIT = 2


def is_partial(version: OrderVersion) -> bool:
    """Whether a version says only what it states; a tombstone of an older release does too."""
    return version.partial or not version.known


def states(version: OrderVersion, name: str) -> bool:
    """Whether a version states the field `name` of `STATED`; a full one states all."""
    if version.partial:
        return bool(version.stated & STATED_BITS[name])
    return version.known or name == "closed"


def version_order(version: OrderVersion) -> tuple[int, bool, bool, str, int]:
    """How versions are ordered: by time; of one time a partial one is later than a full one, then
    a closed one than an open one, then by canonical JSON."""
    closed = version.closed and states(version, "closed")
    return version.updated_at, is_partial(version), closed, version.canonical, version.stated


def order_known(versions: Sequence[OrderVersion]) -> OrderVersion | None:
    """The order as known, in the form of a full version: each field is that of the last version
    that states it. None where there is no full version: then nothing is known but its closing.

    `updated_at`, `partition` and `offset` are those of the newest version with a value.
    """
    if not versions:
        return None
    newest = versions[-1]
    if not is_partial(newest):
        return newest
    changes: dict[str, Any] = {}
    for version in reversed(versions):
        if not is_partial(version):
            return replace(version, **changes) if changes else version
        if version.known and "offset" not in changes:
            changes["updated_at"] = version.updated_at
            changes["partition"], changes["offset"] = version.partition, version.offset
        if version.partial:
            for name, bit in STATED_BITS.items():
                if version.stated & bit and name not in changes:
                    changes[name] = getattr(version, name)
        elif "closed" not in changes:
            changes["closed"] = version.closed
    return None


def closed_since(versions: Sequence[OrderVersion]) -> int | None:
    """Since when the order is closed: the first of the last unbroken run of closed versions, among
    those that say whether it is."""
    since = None
    for version in reversed(versions):
        if version.partial and not version.stated & _CLOSED:
            continue
        if not version.closed:
            break
        since = version.updated_at
    return since


def base_time(version: OrderVersion) -> int | None:
    """From when clocks run: the payment; of a deposit presale the final one, None until known."""
    return version.final_paid_at if version.presale == _DEPOSIT else version.paid_at


def recipient_at(facts: OrderFacts, uploaded_at: int) -> Place | None:
    """The order's recipient as it was at the upload; a later change accuses nobody."""
    timeline = facts.recipients
    return timeline[entry_at(facts, uploaded_at)][1] if timeline else None


def accepted_recipients(facts: OrderFacts, uploaded_at: int) -> list[Place]:
    """Whom a parcel uploaded then may be for: the recipient as it was, all that were stated later,
    and each warehouse that it was to go by."""
    places = [place for _, place in facts.recipients[entry_at(facts, uploaded_at) :]]
    return [place for place in (*places, *facts.vias) if place is not None]


def entry_at(facts: OrderFacts, uploaded_at: int) -> int:
    """Which entry of the recipient's timeline counts: the last by then, else the first."""
    found = 0
    for number, (since, _) in enumerate(facts.recipients):
        if since > uploaded_at:
            break
        found = number
    return found
