"""From findings to revisions: ids made of facts, and only what changed is published."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec

from streams.facts.facts import OrderFacts, OrderVersion
from streams.facts.times import MILLISECOND, anchor_text
from streams.profiles.model import Profile
from streams.rules.episodes import Check, Clock, Verdict
from streams.state.state import Finding, Proof, Published


class Found(NamedTuple):
    """A finding, the id of its warning, and the records that prove it."""

    warning_id: str
    finding: Finding
    proof: Proof


class Revision(NamedTuple):
    """One revision of one warning, to be published; `detected_at` in µs."""

    warning_id: str
    revision: int
    finding: Finding
    proof: Proof
    detected_at: int


class RuleFailure(NamedTuple):
    """A rule raised; the others still ran, and what it had published stays as it is."""

    rule: str
    subject: str
    error: Exception


def subject_of(parcel: str | None, order_id: str | None) -> str:
    """What a warning is about, as it enters its id."""
    if parcel is None:
        return f"order:{order_id}"
    return f"parcel:{parcel}" if order_id is None else f"parcel:{parcel}:order:{order_id}"


def warning_id(rule: str, stage: str, platform: str, subject: str, anchor: int) -> str:
    """The id that the same facts give for ever; `anchor` in µs."""
    text = f"{rule}|{stage}|{platform}|{subject}|{anchor_text(anchor)}"
    return sha256(text.encode()).hexdigest()[:32]


def found(
    episode: Clock | Check,
    verdict: Verdict,
    profile: Profile,
    subject: str,
    parcel: str | None,
    order_ids: tuple[str, ...],
    shop_id: str | None,
    orders: Sequence[OrderFacts | OrderVersion | None] = (),
) -> Found:
    """The finding that an episode's verdict amounts to; `verdict.state` must not be None.

    `orders` are what is known of those that it names: what they paid says what it may cost.
    """
    if verdict.state is None:
        raise ValueError("an episode without a state is no finding")
    limit: int | None
    comparator: str | None = None
    exemptions: tuple[str, ...] = ()
    if isinstance(episode, Clock):
        anchor, severity = episode.started_at, episode.limit.severity
        limit, lane = episode.limit.length, episode.lane
        exemptions = episode.exemptions
        comparator = "ge" if episode.limit.at_least else "gt"
    else:
        anchor, severity = episode.anchor, episode.severity
        limit, lane = episode.rectify_within, None
    exposure, money = profile.exposure.of(episode.rule, episode.stage, limit, orders)
    finding = Finding(
        rule=episode.rule,
        stage=episode.stage,
        severity=severity,
        profile=profile.id,
        platform=profile.platform,
        shop_id=shop_id,
        order_ids=order_ids,
        parcel=parcel,
        anchor=anchor,
        state=verdict.state,
        opened_at=verdict.opened_at,
        deadline=verdict.deadline,
        breached_at=verdict.breached_at,
        resolved_at=verdict.resolved_at,
        limit=limit,
        lane=lane,
        exposure=exposure,
        money=money,
        exemptions=exemptions,
        detail=episode.detail,
        comparator=comparator,
    )
    key = warning_id(episode.rule, episode.stage, profile.platform, subject, anchor)
    return Found(key, finding, episode.proof)


def reconcile(
    published: list[Published],
    findings: list[Found],
    failed: Collection[str],
    detected_at: int,
) -> tuple[list[Published], list[Revision]]:
    """What is published from now on, and the revisions that lead there.

    A finding whose content did not change gives no revision; one that facts no longer support is
    withdrawn and remembered, so that it can come back with a higher revision. What a failed rule
    had published is left alone.
    """
    before = {entry.warning_id: entry for entry in published}
    floor = detected_at // MILLISECOND
    after: list[Published] = []
    revisions: list[Revision] = []
    for key, finding, proof in sorted(findings):
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
