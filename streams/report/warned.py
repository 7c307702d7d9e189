"""A warning as the report has it, and how urgent it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from streams.outputs.message import warning_texts
from streams.profiles.model import Profile
from streams.state.state import Finding

_FAR = 1 << 62


class Warned(NamedTuple):
    """One warning; `silent`: nothing at all was heard of its carrier lately. `profile` is the one
    that judged."""

    warning_id: str
    finding: Finding
    silent: bool = False
    profile: Profile | None = None

    def texts(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What happened and what to do, by language."""
        said = warning_texts(self.finding, self.profile)
        return said["message"], said["remedy"]


def is_due(finding: Finding) -> bool:
    """Whether a deadline can still be met."""
    return finding.state == "open" and finding.deadline is not None


def is_held(finding: Finding) -> bool:
    """Whether a check holds now, which no deadline ends."""
    return finding.state == "open" and finding.deadline is None


def is_breached(finding: Finding) -> bool:
    """Whether a deadline has passed with the condition unmet."""
    return finding.state == "breached"


def ended_late(finding: Finding) -> bool:
    """Whether a warning ended after its deadline only."""
    return finding.state == "resolved" and finding.breached_at is not None


def by_urgency(warned: Warned) -> tuple[int, int, str]:
    """What is due first; then what holds and what is breached, the newest first."""
    finding = warned.finding
    if is_due(finding):
        return 0, finding.deadline or _FAR, warned.warning_id
    newest = -(finding.breached_at or finding.opened_at)
    return 1 + is_breached(finding) + 2 * (finding.state == "resolved"), newest, warned.warning_id
