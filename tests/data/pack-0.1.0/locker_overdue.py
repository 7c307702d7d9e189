"""The parcel waits in a locker or station and nobody collects it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streams.profiles.api import (
    STATUS_CODE,
    Clock,
    Limit,
    ParcelLife,
    RuleSpec,
    Stage,
    Table,
    proof_of,
    staged,
)

READY = STATUS_CODE["ready_for_pickup"]


@dataclass(frozen=True, slots=True)
class LockerOverdue:
    """Runs from the first record that the parcel is ready; ended by the parcel's stop."""

    name = "locker_overdue"
    violation: Limit
    serious: Limit | None = None

    def episodes(self, parcel: ParcelLife) -> Iterable[Clock]:
        """The clocks, one a stage; none before the parcel is ready."""
        ready = parcel.first(frozenset((READY,)))
        if ready is None:
            return ()
        started = ready[0]
        return staged(self, started, parcel.stopped_at, lambda: (proof_of(ready),))


class LockerOverdueTable(Table):
    """`[rules.locker_overdue]` in a profile."""

    violation: Stage
    serious: Stage | None = None

    def rule(self) -> LockerOverdue:
        """The rule with a profile's limits."""
        serious = None if self.serious is None else self.serious.limit()
        return LockerOverdue(self.violation.limit(), serious)


RULE = RuleSpec("locker_overdue", sees="parcel", table=LockerOverdueTable)
