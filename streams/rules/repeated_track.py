"""The track shows the same node again and again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from streams.facts.facts import STATUS_CODE
from streams.facts.times import MINUTE
from streams.rules.episodes import Check
from streams.rules.fields import Between, InMinutes, Reads, RectifyWithin, Severity
from streams.rules.snapshot import ParcelLife, proof_of
from streams.rules.spec import RuleSpec

_COUNTED = frozenset(
    STATUS_CODE[name] for name in ("picked_up", "hub", "in_transit", "arrived_dest_city")
)


@dataclass(frozen=True, slots=True)
class RepeatedTrack:
    """Holds from the first node that is there at `times` counted times until the parcel ends.

    A node is a status with its location and description as sent; without a location it is none.
    A time counts that is at least `apart` (µs) after the last that counted.
    """

    name = "repeated_track"
    times: Annotated[int, Between(2, 100), Reads("{} times the same")] = 3
    apart: Annotated[InMinutes, Between(0, 1440), Reads("at least {} apart")] = 10 * MINUTE
    severity: Severity = "warning"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife) -> Iterable[Check]:
        """The check of one life."""
        records = parcel.records
        if len(records) < self.times:
            return ()
        nodes = [record.node for record in records if record.status in _COUNTED]
        if len(nodes) - len(set(nodes)) < self.times - 1:
            return ()
        seen: dict[int, list[int]] = {}
        apart = self.apart
        for record in records:
            node = record.node
            # Zero: no location (`spot`), or a state of an older release, which did not keep it.
            if record.status not in _COUNTED or not node or not record.spot:
                continue
            at = record.at
            times = seen.get(node)
            if times is None:
                seen[node] = [at]
            elif at - times[-1] >= apart and at != times[-1]:
                times.append(at)
                if len(times) >= self.times:
                    return (self._check(parcel, node, at),)
        return ()

    def _check(self, parcel: ParcelLife, node: int, at: int) -> Check:
        t = parcel.lead.uploaded_at
        proof = {r.at: proof_of(r) for r in parcel.records if r.node == node and r.at <= at}
        return Check(
            self.name,
            "violation",
            self.severity,
            t,
            max(t, at),
            parcel.ended_at,
            tuple(proof.values()),
            self.rectify_within,
        )


RULE = RuleSpec("repeated_track", "parcel", rule=RepeatedTrack)
