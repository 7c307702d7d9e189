"""The parcel was delivered on a track that another recipient's parcel has too, record by record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from streams.rules.episodes import Check
from streams.rules.fields import Between, Reads, RectifyWithin, Severity
from streams.rules.snapshot import ParcelLife, proof_of
from streams.rules.spec import RuleSpec
from streams.state.fingerprint import DELIVERED, track_of


@dataclass(frozen=True, slots=True)
class ClonedTrack:
    """Holds once both are delivered and have orders, until the parcel ends.

    Times, statuses and locations of at least `at_least_records` records, up to the first
    `delivered`, are those of another number. `rectify_within` in µs.
    """

    name = "cloned_track"
    at_least_records: Annotated[int, Between(2, 100), Reads("from {} records on")] = 4
    severity: Severity = "critical"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel: ParcelLife) -> Iterable[Check]:
        """The check of one life, where its track was answered to be another's too."""
        if not parcel.claims:
            return ()
        answered = {
            claim.signature: claim.since for claim in parcel.claims if claim.since is not None
        }
        if not answered:
            return ()
        track = track_of(parcel.records)
        if track is None or track.length < self.at_least_records:
            return ()
        since = answered.get(track.signature)
        if since is None:
            return ()
        lead = parcel.lead
        at = lead.uploaded_at
        holds_from = max(track.delivered_at, at, since)
        delivered = parcel.first(frozenset((DELIVERED,)))
        proof = lead.proof() if delivered is None else (*lead.proof(), proof_of(delivered))
        check = Check(
            self.name,
            "violation",
            self.severity,
            at,
            holds_from,
            parcel.ended_at,
            proof,
            self.rectify_within,
        )
        return (check,)


RULE = RuleSpec("cloned_track", "parcel", rule=ClonedTrack)
