"""Everything that a rule of your own needs: `from streams.profiles.api import ...`.

A rule pack's file `NAME.py` holds the rule, its table, and `RULE = RuleSpec("NAME", ...)`. What is
named here keeps its meaning between releases; the page docs/rule-packs.md is written with it.
"""

from __future__ import annotations

from streams.facts.facts import STATUS_CODE, STATUSES, Place
from streams.facts.statuses import PICKED_UP, PROGRESS
from streams.facts.times import DAY, HOUR, MINUTE, SECOND, TOLERANCE, WINDOW
from streams.profiles.fields import Comparator, Hours, Provinces, Severity, Stage, Statuses
from streams.profiles.table import CheckTable, Table
from streams.rules.episodes import Check, Clock, Limit
from streams.rules.fields import Between, Called, InDays, InHours, InMinutes, Reads, RectifyWithin
from streams.rules.lanes import LaneLimits, Lanes
from streams.rules.rule import LinkRule, OrderRule, ParcelRule, Rule
from streams.rules.snapshot import LinkedOrder, OrderSnapshot, ParcelLife, proof_of, proof_of_named
from streams.rules.spec import RuleSpec, Subject
from streams.rules.stages import staged
from streams.state.state import Checkpoint, city_in, province_in

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "PICKED_UP",
    "PROGRESS",
    "SECOND",
    "STATUSES",
    "STATUS_CODE",
    "TOLERANCE",
    "WINDOW",
    "Between",
    "Called",
    "Check",
    "CheckTable",
    "Checkpoint",
    "Clock",
    "Comparator",
    "Hours",
    "InDays",
    "InHours",
    "InMinutes",
    "LaneLimits",
    "Lanes",
    "Limit",
    "LinkRule",
    "LinkedOrder",
    "OrderRule",
    "OrderSnapshot",
    "ParcelLife",
    "ParcelRule",
    "Place",
    "Provinces",
    "Reads",
    "RectifyWithin",
    "Rule",
    "RuleSpec",
    "Severity",
    "Stage",
    "Statuses",
    "Subject",
    "Table",
    "city_in",
    "proof_of",
    "proof_of_named",
    "province_in",
    "staged",
]
