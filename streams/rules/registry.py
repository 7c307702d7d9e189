"""Which rules there are: one module each, in the order in which they are listed and judged."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from streams.rules import (
    address_mismatch,
    cloned_track,
    delivery_overdue,
    duplicate_tracking_number,
    inactive_after_pickup,
    malformed_tracking_number,
    pickup_overdue,
    recalled,
    repeated_track,
    reshipped_while_late,
    ship_overdue,
    tracked_before_paid,
    transit_stalled,
    unreceived_after_violation,
)
from streams.rules.spec import RuleSpec

MODULES = (
    ship_overdue,
    pickup_overdue,
    inactive_after_pickup,
    transit_stalled,
    delivery_overdue,
    unreceived_after_violation,
    duplicate_tracking_number,
    malformed_tracking_number,
    address_mismatch,
    tracked_before_paid,
    repeated_track,
    cloned_track,
    recalled,
    reshipped_while_late,
)

SPECS: Mapping[str, RuleSpec] = MappingProxyType(
    {module.RULE.name: module.RULE for module in MODULES}
)
"""The rules of this package by name."""

RULES: tuple[str, ...] = tuple(SPECS)
"""Their names."""
