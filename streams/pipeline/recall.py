"""What a crash made the state forget: warnings that were published and not yet remembered.

Outputs are durable before the state that knows of them. A crash in between leaves a warning on the
topic that no state remembers; if the facts read next disprove it, nobody would ever withdraw it.
So whoever takes over a partition reads the newest warnings back and reminds its states of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from streams.core.state import Finding, OrderState, ParcelState, Published
from streams.core.times import HOUR
from streams.decode.clock import parse_us
from streams.engine.murmur2 import partition_of

_read = msgspec.json.Decoder().decode

Recalled = dict[tuple[str, int], dict[bytes, dict[str, Published]]]
"""(table, partition) → key → warning id → the newest published revision."""


def recall(values: Iterable[bytes | None], partitions: int, owned: frozenset[int]) -> Recalled:
    """The newest revision of each warning in `values` whose state belongs to an owned partition.

    What is no warning of ours is passed over: others may write to the topic too.
    """
    found: Recalled = {}
    for value in values:
        entry = None if value is None else _published(value)
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


def remind(state: OrderState | ParcelState, entries: Iterable[Published]) -> bool:
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


def _published(value: bytes) -> tuple[str, bytes, Published] | None:
    try:
        warning: dict[str, Any] = _read(value)
        carrier, number = warning["carrier"], warning["tracking_number"]
        parcel = None if number is None else f"{carrier}:{number}"
        anchor = parse_us(warning["evidence"]["started_at"])
        opened_at = parse_us(warning["opened_at"])
        deadline = _time(warning["deadline"])
        hours = warning["evidence"]["limit_hours"]
        if anchor is None or opened_at is None:
            return None
        # The hours are rounded for readers; a clock's limit is what its deadline says.
        exact = None if deadline is None else deadline - anchor
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
            deadline=deadline,
            breached_at=_time(warning["breached_at"]),
            resolved_at=_time(warning["resolved_at"]),
            limit=None if hours is None else exact or round(hours * HOUR),
            lane=warning["evidence"]["lane"],
            exposure=warning["exposure"]["kind"],
        )
        published = Published(warning["warning_id"], warning["revision"], finding)
        key = finding.order_ids[0] if parcel is None else parcel
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError):
        return None
    return ("orders" if parcel is None else "parcels"), key.encode(), published


def _time(text: str | None) -> int | None:
    return None if text is None else parse_us(text)
