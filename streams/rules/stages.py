"""The two stages that clocks of a parcel can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from streams.rules.episodes import Clock, Limit
from streams.state.state import Advice, Proof


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
    return limited(rule.name, rule.violation, rule.serious, started_at, ended_at, proof)


def limited(
    name: str,
    violation: Limit,
    serious: Limit | None,
    started_at: int,
    ended_at: int | None,
    proof: Callable[[], Proof],
) -> Iterable[Clock]:
    """The same of a rule whose limits are not those of its profile."""
    if ended_at is not None and ended_at <= violation.opens(started_at):
        return ()
    return clocks(name, violation, serious, started_at, ended_at, proof())


def clocks(
    name: str,
    violation: Limit,
    serious: Limit | None,
    started_at: int,
    ended_at: int | None,
    proof: Proof,
    lane: str | None = None,
    advice: Advice = (),
) -> tuple[Clock, ...]:
    """A clock for each stage there is; `serious` exists from the breach of `violation` on."""
    first = Clock(
        name, "violation", started_at, violation, ended_at, proof, lane=lane, advice=advice
    )
    if serious is None:
        return (first,)
    second = Clock(
        name,
        "serious",
        started_at,
        serious,
        ended_at,
        proof,
        after=violation,
        lane=lane,
        advice=advice,
    )
    return (first, second)
