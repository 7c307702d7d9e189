"""The two stages that clocks of a parcel can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from streams.core.episodes import Clock, Limit
from streams.core.state import Proof


class Staged(Protocol):
    """A rule with a limit for each stage."""

    @property
    def name(self) -> str: ...
    @property
    def violation(self) -> Limit: ...
    @property
    def serious(self) -> Limit | None: ...


def staged(
    rule: Staged, started_at: int, ended_at: int | None, proof: Callable[[], Proof]
) -> Iterable[Clock]:
    """The clocks of both stages over one stretch; none where it ended before one could warn."""
    violation = rule.violation
    if ended_at is not None and ended_at <= violation.opens(started_at):
        return ()
    evidence = proof()
    clock = Clock(rule.name, "violation", started_at, violation, ended_at, evidence)
    if rule.serious is None:
        return (clock,)
    return (
        clock,
        Clock(rule.name, "serious", started_at, rule.serious, ended_at, evidence, after=violation),
    )
