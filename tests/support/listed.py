"""A published warning, as a state remembers it."""

from __future__ import annotations

from streams.facts.times import DAY, HOUR
from streams.state.state import Finding, Published

NOW = 1_795_000_000_000_000


def warning(key: str, state: str = "open", **fields: object) -> Published:
    """A warning of shop s1 about parcel zto:1, due in 5 hours."""
    given: dict[str, object] = {
        "rule": "pickup_overdue",
        "stage": "violation",
        "severity": "critical",
        "profile": "douyin-2026-07-09",
        "platform": "douyin",
        "shop_id": "s1",
        "order_ids": ("o1",),
        "parcel": "zto:1",
        "anchor": NOW - DAY,
        "opened_at": NOW - HOUR,
        "deadline": NOW + 5 * HOUR,
        "breached_at": None,
        "resolved_at": None,
        **fields,
    }
    return Published(key, NOW // 1_000, Finding(state=state, **given))  # type: ignore[arg-type]
