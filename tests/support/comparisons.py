"""Comparisons of two sets of profiles, as `replay --diff --json` writes them."""

from __future__ import annotations

from typing import Any

from support.desk import NOON, an_id

from streams.facts.times import iso

NOTHING = {"money": [], "strikes": 0, "sum_not_known": 0}


def risk(most: int, strikes: int = 0) -> dict[str, Any]:
    """What is at risk: up to some fen."""
    money = [{"currency": "CNY", "least": 100, "most": most}]
    return {"money": money, "strikes": strikes, "sum_not_known": 0}


def side(profile: str, shops: dict[str, int]) -> dict[str, Any]:
    """What one set of profiles makes of it: each shop's warnings cost a yuan at most."""
    total = sum(shops.values())
    groups = [
        {"platform": "tmall", "shop_id": name, "warnings": n, "at_risk": risk(n * 100)}
        for name, n in shops.items()
    ]
    return {
        "profile": profile,
        "warnings": total,
        "by_rule": [],
        "at_risk": risk(total * 100, 7),
        "rules": [{"rule": "pickup_overdue", "warnings": total, "at_risk": risk(total * 100)}],
        "platforms": [{"platform": "tmall", "warnings": total, "at_risk": NOTHING}],
        "shops": groups,
    }


def content(name: object, shop_id: str = "s-1", **fields: Any) -> dict[str, Any]:
    """A warning as one side has it."""
    return {
        "warning_id": an_id(name),
        "profile": "tmall-2026-04-09",
        "platform": "tmall",
        "shop_id": shop_id,
        "state": "open",
        "severity": "critical",
        "opened_at": iso(NOON),
        "deadline": iso(NOON),
        "breached_at": None,
        "resolved_at": None,
        "exposure": {"kind": "compensation", "currency": "CNY", "least": 500, "most": 1_050},
        **fields,
    }


def change(name: object, kind: str = "gain", shop_id: str = "s-1", **fields: Any) -> dict[str, Any]:
    """A warning that only one side has, or each in its way."""
    return {
        "order_id": f"order-{name}",
        "change": kind,
        "rule": "pickup_overdue",
        "stage": "violation",
        "carrier": "zto",
        "tracking_number": f"78{name}",
        "started_at": iso(NOON),
        "before": None if kind == "gain" else content(name, shop_id),
        "after": None if kind == "lose" else content(name, shop_id),
        **fields,
    }


def comparison(*changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A whole one."""
    return {
        "until": iso(NOON),
        "sides": [side("as-dated", {"s-1": 4, "s-2": 5}), side("mine.toml", {"s-1": 1, "s-2": 8})],
        "orders": {},
        "changes": list(changes),
        **fields,
    }
