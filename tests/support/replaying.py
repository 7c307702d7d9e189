"""Replays message values in memory: what tests compare everything else with."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

from schemas.times import EARLIEST_US
from streams.decode import Bad, decode_order, decode_tracking
from streams.decode.moments import parse_time
from streams.facts.times import from_datetime
from streams.judge.warnings import Revision
from streams.outputs.message import warning_value
from streams.profiles.loader import load
from streams.profiles.model import Profiles
from streams.replay.machine import Machine

COMPARED = (
    "rule",
    "stage",
    "platform",
    "carrier",
    "tracking_number",
    "order_ids",
    "state",
    "opened_at",
    "deadline",
    "breached_at",
    "resolved_at",
    "warning_id",
)


@cache
def profiles() -> Profiles:
    """The built-in profiles, read once for all replays."""
    return load()


RULES = frozenset(
    rule.name
    for profile in profiles().all
    for rule in (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
)
"""Every rule that a built-in profile turns on."""


def arrival_of(value: dict[str, Any]) -> int:
    """When a message value arrived, in µs."""
    for name in ("received_at", "occurred_at", "updated_at", "paid_at"):
        moment = parse_time(value.get(name))
        if moment is not None and moment >= EARLIEST_US:
            return moment
    raise ValueError(f"no arrival in {value}")


def replay(
    orders: list[dict[str, Any]], tracking: list[dict[str, Any]], until: datetime
) -> tuple[dict[str, dict[str, Any]], list[Revision]]:
    """The newest revision of each warning at `until` by id, and every revision in order."""
    log: list[Revision] = []
    machine = Machine(profiles(), log.append)
    arrivals = [(arrival_of(value), 0, n, value) for n, value in enumerate(orders)]
    arrivals += [(arrival_of(value), 1, n, value) for n, value in enumerate(tracking)]
    end = from_datetime(until)
    for arrival, kind, _, value in sorted(arrivals, key=lambda entry: entry[:3]):
        if arrival > end:
            break
        raw = json.dumps(value, ensure_ascii=False).encode()
        if kind == 0:
            version = decode_order(raw, None, arrival, arrival)
            if not isinstance(version, Bad):
                machine.order(version, arrival)
        else:
            fact = decode_tracking(raw, arrival)
            if not isinstance(fact, Bad):
                machine.tracking(fact, arrival)
    machine.advance(end)
    assert not machine.failures, machine.failures[0]
    return {revision.warning_id: warning_value(revision) for revision in log}, log


def standing(newest: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The warnings that are not withdrawn, with the compared fields, sorted by id."""
    kept = [value for value in newest.values() if value["state"] != "withdrawn"]
    return sorted(
        ({name: value[name] for name in COMPARED} for value in kept),
        key=lambda value: value["warning_id"],
    )
