"""The carrier picked the parcel up and its track shows no update after that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from streams.facts.statuses import PICKED_UP
from streams.rules.episodes import Clock, Limit
from streams.rules.fields import Reads, Statuses
from streams.rules.snapshot import ParcelLife, proof_of
from streams.rules.spec import RuleSpec
from streams.rules.stages import staged
from streams.state.state import Proof

_PICKED_UP = frozenset((PICKED_UP,))


@dataclass(frozen=True, slots=True)
class InactiveAfterPickup:
    """Runs from the first pickup; ended by an update that counts, or by the stop.

    `ended_by` lists the status codes that count, at or after the pickup; None: any record after it.
    """

    name = "inactive_after_pickup"
    violation: Limit
    serious: Limit | None = None
    ended_by: Annotated[Statuses, Reads("ended by {}")] = field(kw_only=True)

    def episodes(self, parcel: ParcelLife) -> Iterable[Clock]:
        """The clocks, one a stage; none before the pickup, or where the parcel stopped earlier."""
        started = parcel.firsts[PICKED_UP]
        if started is None:
            return ()
        ended = parcel.stopped_at
        if ended is not None and ended < started:
            return ()
        if self.ended_by is None:
            update = parcel.first_after(started)
        else:
            update = parcel.first(self.ended_by, since=started)
        if update is not None and (ended is None or update.at < ended):
            ended = update.at

        def proof() -> Proof:
            pickup = parcel.first(_PICKED_UP)
            return tuple(proof_of(record) for record in (pickup, update) if record is not None)

        return staged(self, started, ended, proof)


RULE = RuleSpec("inactive_after_pickup", "parcel", rule=InactiveAfterPickup)
