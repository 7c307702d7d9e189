"""The parcel was not received in the days after its track broke a rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.rules.delivery_overdue import received_at
from streams.rules.episodes import Clock, Limit
from streams.rules.snapshot import ParcelLife
from streams.rules.spec import RuleSpec


@dataclass(frozen=True, slots=True)
class UnreceivedAfterViolation:
    """Runs on from the breach of the clock of the parcel that is breached first; ended as
    `delivery_overdue` is.

    The limit counts from that breach. Which clocks of the parcel are violations, the terms of the
    lead order's profile say.
    """

    name = "unreceived_after_violation"
    violation: Limit

    def episodes(self, parcel: ParcelLife) -> Iterable[Clock]:
        """One clock, from where that of the violation began; none where nothing was breached."""
        broken = [
            clock
            for rule in parcel.lead.terms.track_rules
            for clock in rule.episodes(parcel)
            if clock.stage == "violation" and _is_broken(clock)
        ]
        if not broken:
            return ()
        first = min(broken, key=_deadline)
        limit = self.violation._replace(length=first.limit.length + self.violation.length)
        ended, proof = received_at(parcel), parcel.lead.proof()
        return (
            Clock(self.name, "violation", first.started_at, limit, ended, proof, after=first.limit),
        )


def _deadline(clock: Clock) -> tuple[int, int]:
    return clock.started_at + clock.limit.length, clock.started_at


def _is_broken(clock: Clock) -> bool:
    """Whether nothing ended the clock in time, as far as is known."""
    deadline = clock.started_at + clock.limit.length
    return clock.ended_at is None or clock.limit.too_late(clock.ended_at, deadline)


RULE = RuleSpec("unreceived_after_violation", "parcel", rule=UnreceivedAfterViolation)
