"""What rules see in a snapshot at a time: the one loop over rules and what they return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from streams.facts.facts import OrderFacts, OrderVersion
from streams.facts.times import anchor_text
from streams.profiles.model import Profile
from streams.rules.episodes import Check, Clock, Verdict, judge_check, judge_clock
from streams.rules.snapshot import OrderSnapshot
from streams.state.state import Advice, Finding, Proof


class Candidate(NamedTuple):
    """A finding, the id of its warning, and the records that prove it."""

    warning_id: str
    finding: Finding
    proof: Proof


class RuleFailure(NamedTuple):
    """A rule raised; the others still ran, and what it had published stays as it is."""

    rule: str
    subject: str
    error: Exception | SystemExit


class Evaluation(NamedTuple):
    """What the rules see in a state at a time, and when that changes if no fact comes (µs).

    `order` is the snapshot that they looked at, where it was one of an order, `profile` whose rules
    they were.
    """

    candidates: list[Candidate]
    failures: list[RuleFailure]
    next_change: int | None
    order: OrderSnapshot | None = None
    profile: Profile | None = None


class Subject(NamedTuple):
    """What rules look at, as its warnings name it, and how its clocks are held.

    `orders` are what is known of those that a warning names: what they paid says what it may cost.
    `hold` gives a clock with the pauses of the profile's exemptions, None: there are none. `advice`
    goes with every warning.
    """

    profile: Profile
    parcel: str | None
    order_id: str | None
    shop_id: str | None
    order_ids: Callable[[], tuple[str, ...]]
    orders: Callable[[], Sequence[OrderFacts | OrderVersion | None]]
    hold: Callable[[Clock], Clock] | None = None
    advice: Advice = ()


class Evaluating:
    """What is found while rules look at the snapshots of one state, at `now` (µs)."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.candidates: list[Candidate] = []
        self.failures: list[RuleFailure] = []
        self._changes: list[int] = []

    def rules(self, rules: Iterable[Any], seen: tuple[Any, ...], subject: Subject) -> None:
        """Let `rules` look at `seen`, and judge the episodes that they return."""
        now, hold = self.now, subject.hold
        for rule in rules:
            try:
                # Most rules see nothing in most snapshots, and mostly say so with an empty tuple.
                episodes: Iterable[Clock | Check] = rule.episodes(*seen)
                if not episodes:
                    continue
                episodes = tuple(episodes)
            except (Exception, SystemExit) as error:
                about = subject_of(subject.parcel, subject.order_id)
                self.failures.append(RuleFailure(rule.name, about, error))
                continue
            for episode in episodes:
                if isinstance(episode, Clock):
                    if hold is not None:
                        episode = hold(episode)
                    verdict = judge_clock(episode, now)
                    if verdict.next_change is not None:
                        self._changes.append(verdict.next_change)
                else:
                    verdict = judge_check(episode)
                if verdict.state is not None:
                    self.candidates.append(candidate(episode, verdict, subject))

    def done(
        self, order: OrderSnapshot | None = None, profile: Profile | None = None
    ) -> Evaluation:
        """All that was found."""
        next_change = min(self._changes) if self._changes else None
        return Evaluation(self.candidates, self.failures, next_change, order, profile)


def candidate(episode: Clock | Check, verdict: Verdict, subject: Subject) -> Candidate:
    """The finding that an episode's verdict amounts to; `verdict.state` must not be None."""
    if verdict.state is None:
        raise ValueError("an episode without a state is no finding")
    profile, parcel = subject.profile, subject.parcel
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
        parcel = parcel or episode.parcel
    exposure, money = profile.exposure.of(episode.rule, episode.stage, limit, subject.orders())
    finding = Finding(
        rule=episode.rule,
        stage=episode.stage,
        severity=severity,
        profile=profile.id,
        platform=profile.platform,
        shop_id=subject.shop_id,
        order_ids=subject.order_ids(),
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
        advice=(*episode.advice, *subject.advice),
    )
    about = subject_of(parcel, subject.order_id)
    key = warning_id(episode.rule, episode.stage, profile.platform, about, anchor)
    return Candidate(key, finding, episode.proof)


def subject_of(parcel: str | None, order_id: str | None) -> str:
    """What a warning is about, as it enters its id."""
    if parcel is None:
        return f"order:{order_id}"
    return f"parcel:{parcel}" if order_id is None else f"parcel:{parcel}:order:{order_id}"


def warning_id(rule: str, stage: str, platform: str, subject: str, anchor: int) -> str:
    """The id that the same facts give for ever; `anchor` in µs."""
    text = f"{rule}|{stage}|{platform}|{subject}|{anchor_text(anchor)}"
    return sha256(text.encode()).hexdigest()[:32]
