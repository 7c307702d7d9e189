"""The parcel is on its way and its track stands still for longer than its lane allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from streams.facts.facts import STATUS_CODE
from streams.facts.statuses import NOT_RECORDS
from streams.rules.episodes import Clock, Limit
from streams.rules.fields import Reads, Statuses
from streams.rules.lanes import LaneLimits
from streams.rules.snapshot import ParcelLife, proof_of
from streams.rules.spec import RuleSpec
from streams.rules.stages import clocks
from streams.state.state import Advice, Checkpoint, Proof

_ENDING = tuple(STATUS_CODE[name] for name in ("out_for_delivery", "ready_for_pickup", "delivered"))


@dataclass(frozen=True, slots=True)
class TransitStalled:
    """Every node of the journey starts a clock that the next node ends, or the stop.

    The journey begins with the first record of `chain_from` (status codes; None: with any) and ends
    where the parcel is at its recipient's door.
    """

    name = "transit_stalled"
    violation: LaneLimits
    serious: LaneLimits | None = None
    chain_from: Annotated[Statuses, Reads("from the first of: {}")] = field(kw_only=True)

    def episodes(self, parcel: ParcelLife) -> Iterable[Clock]:
        """The clocks of all nodes, two a node where there are two stages."""
        begins, last = self._journey(parcel)
        if begins is None or (last is not None and last <= begins):
            return ()
        lane = parcel.lane()
        if lane is None:
            return ()
        advice = parcel.unrecognised_sides() if lane == "unknown" else ()
        violation = self.violation.of(lane)
        serious = None if self.serious is None else self.serious.of(lane)
        quiet = violation.opens(0)
        stopped = parcel.stopped_at
        found: list[Clock] = []
        node: Checkpoint | None = None
        started = begins
        for record in parcel.records:
            at = record.at
            if at < started or record.status in NOT_RECORDS:
                continue
            if node is not None:
                if at == started:
                    continue
                # The next node ends the clock, in most cases long before it could warn.
                if at - started > quiet and (stopped is None or stopped - started > quiet):
                    found += self._clocks(violation, serious, lane, advice, node, record, stopped)
            node, started = record, at
            if last is not None and at >= last:
                return found
        if node is not None and (stopped is None or stopped - started > quiet):
            found += self._clocks(violation, serious, lane, advice, node, None, stopped)
        return found

    def _journey(self, parcel: ParcelLife) -> tuple[int | None, int | None]:
        """When the first node starts, and from when on none does any more, None: not yet."""
        firsts = parcel.firsts
        begins = parcel.began_at
        if self.chain_from is not None:
            begins = None
            for status in self.chain_from:
                at = firsts[status]
                if at is not None and (begins is None or at < begins):
                    begins = at
        last = parcel.stopped_at
        for status in _ENDING:
            at = firsts[status]
            if at is not None and (last is None or at < last):
                last = at
        return begins, last

    def _clocks(
        self,
        violation: Limit,
        serious: Limit | None,
        lane: str,
        advice: Advice,
        node: Checkpoint,
        following: Checkpoint | None,
        stopped: int | None,
    ) -> tuple[Clock, ...]:
        """The clocks of one node, ended by the next one or by the stop."""
        proof: Proof = (proof_of(node),)
        ended = stopped
        if following is not None and (stopped is None or following.at <= stopped):
            ended = following.at
            proof += (proof_of(following),)
        return clocks(self.name, violation, serious, node.at, ended, proof, lane, advice)


RULE = RuleSpec("transit_stalled", "parcel", rule=TransitStalled, terms=("lanes",))
