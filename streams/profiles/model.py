"""Profiles: the rules of one platform in force from one day on, and which one judges an order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

from streams.profiles.aliases import Aliases
from streams.profiles.money import Exposure
from streams.profiles.sources import Confidence, Source, source_of
from streams.rules.cloned_track import ClonedTrack
from streams.rules.duplicate_tracking_number import DuplicateTrackingNumber
from streams.rules.pauses import Exemption
from streams.rules.rule import LinkRule, OrderRule, ParcelRule
from streams.rules.ship_overdue import ShipOverdue
from streams.rules.terms import Terms
from streams.state.shop_lines import Meter

R = TypeVar("R")

_TERMS = Terms()

DEFAULT_PLATFORM = "generic"
"""Orders of a platform that no profile names are judged by this platform's."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of one platform. Times in µs; `effective_to` is exclusive, None: still in force.

    `files` are where it was read from: the file itself, then those that it changes. `appeal_days`
    is how long after its judgement the platform takes an appeal; None: not known. Deadlines are
    said in the hours of `zone`. `sources` are of the figures that were read elsewhere than
    `source_url`, `confidence` how sure all others are.
    """

    id: str
    platform: str
    effective_from: int
    effective_to: int | None
    order_rules: tuple[OrderRule, ...]
    parcel_rules: tuple[ParcelRule, ...]
    link_rules: tuple[LinkRule, ...]
    exposure: Exposure
    source_url: str
    read_on: str
    verified: str
    exemptions: tuple[Exemption, ...] = ()
    files: tuple[str, ...] = ()
    meter: Meter | None = None
    terms: Terms = _TERMS
    appeal_days: int | None = None
    zone: str = "+08:00"
    sources: tuple[Source, ...] = ()
    confidence: Confidence | None = None

    def source_of(self, figure: str) -> Source:
        """Where a field of the profile, `rules.pickup_overdue` say, was read."""
        read_on = date.fromisoformat(self.read_on)
        head = Source((), self.source_url, read_on, self.confidence)
        return source_of(figure, head, self.sources)

    def rule(self, kind: type[R]) -> R | None:
        """The rule of this class; None where it is off."""
        for rule in (*self.order_rules, *self.parcel_rules, *self.link_rules):
            if isinstance(rule, kind):
                return rule
        return None

    @property
    def shortest_track(self) -> int | None:
        """The least records of a track that is compared with others; None: none is compared."""
        rule = self.rule(ClonedTrack)
        return None if rule is None else rule.at_least_records

    @property
    def counts_by_default_promise(self) -> bool:
        """Whether an order without a promise is due by the default: where `ship_overdue` is on."""
        # A loop over two rules: asked of every order that is judged.
        for rule in self.order_rules:  # noqa: SIM110  a generator would cost more than it finds
            if isinstance(rule, ShipOverdue):
                return True
        return False

    @property
    def differs_by(self) -> Literal["address", "person"]:
        """What makes two recipients of one number different."""
        rule = self.rule(DuplicateTrackingNumber)
        return "address" if rule is None else rule.differs_by


class Profiles:
    """All profiles, by platform and time; `aliases` are the names that their packs add."""

    def __init__(
        self,
        profiles: Iterable[Profile],
        *,
        forced: Profile | None = None,
        aliases: Aliases = Aliases(),  # noqa: B008  nobody changes it
    ) -> None:
        self.aliases = aliases
        self.all = tuple(sorted(profiles, key=lambda p: (p.platform, p.effective_from)))
        self._forced = forced
        self._by_id = {profile.id: profile for profile in self.all}
        self._newest_first: dict[str, tuple[Profile, ...]] = {}
        for profile in self.all:
            later = self._newest_first.get(profile.platform, ())
            self._newest_first[profile.platform] = (profile, *later)
        if forced is None and DEFAULT_PLATFORM not in self._newest_first:
            raise ValueError(f"no profile of the default platform {DEFAULT_PLATFORM!r}")

    @property
    def own_names(self) -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
        """What these profiles know by name: the carriers and platforms that their packs add, as
        name → code, and the platforms that they judge."""
        platforms = frozenset(profile.platform for profile in self.all)
        return self.aliases.carriers, self.aliases.platforms, platforms

    def of(self, platform: str) -> tuple[Profile, ...]:
        """All that may judge an order of `platform`, the newest first."""
        if self._forced is not None:
            return (self._forced,)
        return self._newest_first.get(platform) or self._newest_first[DEFAULT_PLATFORM]

    def at(self, platform: str, moment: int) -> Profile:
        """The newest profile of `platform` in force at `moment` (µs).

        Before the first one, the first; after the end of all, the one that started last.
        """
        if self._forced is not None:
            return self._forced
        candidates = self.of(platform)
        last: Profile | None = None
        for profile in candidates:
            if profile.effective_from <= moment:
                if profile.effective_to is None or moment < profile.effective_to:
                    return profile
                last = last or profile
        return last or candidates[-1]

    def named(self, profile_id: str) -> Profile | None:
        """The profile of this id, None where there is none."""
        return self._by_id.get(profile_id)

    def forced(self, profile_id: str) -> Profiles:
        """The same profiles, every order judged by the one named; raises KeyError."""
        return Profiles(self.all, forced=self._by_id[profile_id], aliases=self.aliases)
