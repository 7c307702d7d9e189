"""What a crash made the state forget: warnings that were published and not yet remembered.

Outputs are durable before the state that knows of them. A crash in between leaves a warning on the
topic that no state remembers; if the facts read next disprove it, nobody would ever withdraw it.
So whoever takes over a partition reads the newest warnings back, and its states take them over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from streams.decode.clock import parse_us
from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.unreadable import UNREADABLE
from streams.facts.facts import LATEST
from streams.profiles.model import Profiles
from streams.profiles.money import Money
from streams.profiles.registry import SPECS
from streams.state.state import Finding, OrderState, ParcelState, Published

OF_ORDERS = frozenset(spec.name for spec in SPECS.values() if spec.sees == "order" and spec.about)
"""Rules that look at an order and warn of its parcels: the order's state knows these warnings."""

_MOST = 1 << 53
"""A revision counts milliseconds since 1970, or one more than the one before."""

_read = msgspec.json.Decoder().decode
_stored = msgspec.msgpack.Encoder().encode
_checked = msgspec.msgpack.Decoder(Published).decode

Recovered = dict[tuple[str, int], dict[bytes, dict[str, Published]]]
"""(table, partition) → key → warning id → the newest published revision."""


def judged_with_orders(profiles: Profiles) -> frozenset[str]:
    """Rules that look at an order, those of rule packs included."""
    rules = (rule for profile in profiles.all for rule in profile.order_rules)
    return OF_ORDERS.union(rule.name for rule in rules)


def recover_published(
    values: Iterable[bytes | None],
    partitions: int,
    owned: frozenset[int],
    of_orders: frozenset[str] = OF_ORDERS,
) -> Recovered:
    """The newest revision of each warning in `values` whose state belongs to an owned partition.

    Warnings of the rules `of_orders` are known to the order's state though they name a parcel. What
    is no warning of ours is passed over: others may write to the topic too.
    """
    found: Recovered = {}
    for value in values:
        entry = None if value is None else _published(value, of_orders)
        if entry is None:
            continue
        table, key, published = entry
        partition = partition_of(key, partitions)
        if partition not in owned:
            continue
        entries = found.setdefault((table, partition), {}).setdefault(key, {})
        known = entries.get(published.warning_id)
        if known is None or known.revision < published.revision:
            entries[published.warning_id] = published
    return found


def take_over(state: OrderState | ParcelState, entries: Iterable[Published]) -> bool:
    """Add to a state what was published later than it knows; whether there was anything."""
    known = {entry.warning_id: entry for entry in state.published}
    changed = False
    for entry in entries:
        old = known.get(entry.warning_id)
        if old is None or old.revision < entry.revision:
            known[entry.warning_id] = entry
            changed = True
    if changed:
        state.published = list(known.values())
    return changed


def _published(value: bytes, of_orders: frozenset[str]) -> tuple[str, bytes, Published] | None:
    try:
        warning: dict[str, Any] = _read(value)
        carrier, number = warning["carrier"], warning["tracking_number"]
        parcel = None if number is None else f"{carrier}:{number}"
        anchor = parse_us(warning["evidence"]["started_at"])
        opened_at = parse_us(warning["opened_at"])
        if anchor is None or opened_at is None:
            return None
        evidence, exposure = warning["evidence"], warning["exposure"]
        threshold = evidence.get("threshold") or {}
        finding = Finding(
            rule=warning["rule"],
            stage=warning["stage"],
            severity=warning["severity"],
            profile=warning["profile"],
            platform=warning["platform"],
            shop_id=warning["shop_id"],
            order_ids=tuple(warning["order_ids"]),
            parcel=parcel,
            anchor=anchor,
            state=warning["state"],
            opened_at=opened_at,
            deadline=_time(warning["deadline"]),
            breached_at=_time(warning["breached_at"]),
            resolved_at=_time(warning["resolved_at"]),
            limit=threshold.get("limit_us"),
            lane=evidence["lane"],
            exposure=exposure["kind"],
            money=_money(exposure),
            exemptions=tuple(evidence.get("exemptions") or ()),
            detail=evidence.get("detail"),
            comparator=threshold.get("comparator"),
            advice=tuple(
                (each["code"], each["value"] or "") for each in evidence.get("advice") or ()
            ),
        )
        if not _is_plausible(finding, warning["revision"]):
            return None
        # A state that remembered what somebody else made of a field could not be read again.
        published = _checked(
            _stored(Published(warning["warning_id"], warning["revision"], finding))
        )
        if parcel is None or finding.rule in of_orders:
            return "orders", finding.order_ids[0].encode(), published
        return "parcels", parcel.encode(), published
    except (
        *UNREADABLE,
        UnicodeError,
        OverflowError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
    ):
        return None


def _is_plausible(finding: Finding, revision: int) -> bool:
    """Whether its next revision could be published: a greater number, times within a calendar."""
    times = (
        *(finding.anchor, finding.opened_at),
        *(finding.deadline, finding.breached_at, finding.resolved_at),
    )
    return 0 <= revision < _MOST and all(at is None or 0 <= at <= LATEST for at in times)


def _money(exposure: dict[str, Any]) -> Money | None:
    if exposure.get("least") is None:
        return None
    return (
        exposure["currency"],
        exposure["least"],
        exposure["most"],
        exposure["cap_per_buyer_day"],
    )


def _time(text: str | None) -> int | None:
    return None if text is None else parse_us(text)
