"""Which rules there are; `streams.rules.registry` lists them."""

from __future__ import annotations

from streams.rules.registry import SPECS
from streams.rules.spec import RuleSpec, Subject

__all__ = ["SPECS", "RuleSpec", "Subject"]
