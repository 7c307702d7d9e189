"""From findings to revisions: only what changed is published."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from streams.facts.times import MILLISECOND
from streams.judge.evaluate import Candidate
from streams.state.state import Finding, Proof, Published


class Revision(NamedTuple):
    """One revision of one warning, to be published; `detected_at` in µs."""

    warning_id: str
    revision: int
    finding: Finding
    proof: Proof
    detected_at: int


def reconcile(
    published: list[Published],
    candidates: list[Candidate],
    failed: Collection[str],
    detected_at: int,
) -> tuple[list[Published], list[Revision]]:
    """What is published from now on, and the revisions that lead there.

    A candidate whose content did not change gives no revision; one that facts no longer support is
    withdrawn and remembered, so that it can come back with a higher revision. What a failed rule
    had published is left alone.
    """
    before = {entry.warning_id: entry for entry in published}
    floor = detected_at // MILLISECOND
    after: list[Published] = []
    revisions: list[Revision] = []
    for key, finding, proof in sorted(candidates):
        old = before.pop(key, None)
        if old is not None and old.finding == finding:
            after.append(old)
            continue
        revision = floor if old is None else max(floor, old.revision + 1)
        after.append(Published(key, revision, finding))
        revisions.append(Revision(key, revision, finding, proof, detected_at))
    for key in sorted(before):
        old = before[key]
        if old.finding.state == "withdrawn" or old.finding.rule in failed:
            after.append(old)
            continue
        finding = msgspec.structs.replace(old.finding, state="withdrawn")
        revision = max(floor, old.revision + 1)
        after.append(Published(key, revision, finding))
        revisions.append(Revision(key, revision, finding, (), detected_at))
    return after, revisions
