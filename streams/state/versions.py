"""What versions of an order amount to: the newest, its base time, closing and recipient."""

from __future__ import annotations

from collections.abc import Sequence

from streams.facts.facts import OrderFacts, OrderVersion, Place


def newest_known(versions: Sequence[OrderVersion]) -> OrderVersion | None:
    """The order as known: its newest version that is not a tombstone; None where there is none."""
    for version in reversed(versions):
        if version.known:
            return version
    return None


def closed_since(versions: Sequence[OrderVersion]) -> int | None:
    """Since when the order is closed: the first version of the last unbroken run of closed ones."""
    since = None
    for version in reversed(versions):
        if not version.closed:
            break
        since = version.updated_at
    return since


def base_time(version: OrderVersion) -> int | None:
    """From when clocks run: the payment; of a deposit presale the final one, None until known."""
    return version.final_paid_at if version.presale == 2 else version.paid_at


def recipient_at(facts: OrderFacts, uploaded_at: int) -> Place | None:
    """The order's recipient as it was at the upload; a later change accuses nobody."""
    timeline = facts.recipients
    return timeline[entry_at(facts, uploaded_at)][1] if timeline else None


def entry_at(facts: OrderFacts, uploaded_at: int) -> int:
    """Which entry of the recipient's timeline counts: the last by then, else the first."""
    found = 0
    for number, (since, _) in enumerate(facts.recipients):
        if since > uploaded_at:
            break
        found = number
    return found
