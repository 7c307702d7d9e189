"""What if: one history judged by two sets of profiles at once, and what differs in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from streams.facts.facts import OrderVersion, StockFact, TrackingFact
from streams.judge.evaluate import RuleFailure
from streams.judge.warnings import Revision
from streams.profiles.model import Profile, Profiles
from streams.profiles.money import Charge, Range, at_risk, charges, joint
from streams.replay.machine import Machine
from streams.replay.shop_days import ShopDays
from streams.state.state import Finding
from streams.state.versions import order_known

Place = tuple[str, str, str, str, int]
"""One thing that a rule may see in an order: (order id, rule, stage, parcel or "", start in µs).

A start comes from facts, so what two profiles see in the same facts meets in one place.
"""


Group = TypeVar("Group")


class Known(NamedTuple):
    """A warning that stands, its id, and the platform that its order is of: the finding has the one
    whose rules judged it."""

    warning_id: str
    platform: str
    finding: Finding


class Change(NamedTuple):
    """What the two sides say of one place; None: nothing."""

    place: Place
    before: Known | None
    after: Known | None

    @property
    def kind(self) -> str:
        """What the second side does to the order: it gains, loses or changes a warning."""
        if self.before is None:
            return "gain"
        return "lose" if self.after is None else "change"


class Risk(NamedTuple):
    """What the warnings that are open or were breached put at risk.

    `money` is currency → (least, most) under the caps that warnings share; `strikes` counts
    warnings without a sum, `unknown` those whose sum is not known.
    """

    money: dict[str, Range]
    strikes: int
    unknown: int


class Variant:
    """One set of profiles: its machine, and the newest content of each of its warnings."""

    def __init__(
        self,
        name: str,
        profiles: Profiles,
        meters: ShopDays | None = None,
        machine: Callable[
            [Profiles, Callable[[Revision], None], ShopDays | None], Machine
        ] = Machine,
    ) -> None:
        self.name = name
        self.machine = machine(profiles, self._publish, meters)
        self._exposures = {profile.id: profile.exposure for profile in profiles.all}
        self._newest: dict[str, Finding] = {}
        self._charges: dict[str, list[Charge]] = {}
        self._platforms: dict[str, str] = {}

    @property
    def failures(self) -> list[RuleFailure]:
        """The rules that raised."""
        return self.machine.failures

    def _publish(self, revision: Revision) -> None:
        key, finding = revision.warning_id, revision.finding
        if finding.state == "withdrawn":
            self._newest.pop(key, None)
            self._charges.pop(key, None)
            self._platforms.pop(key, None)
            return
        self._newest[key] = finding
        known = [self._order(order_id) for order_id in finding.order_ids]
        if None not in known or key not in self._charges:
            # Once an order is forgotten, what it was charged with stands.
            self._charges[key] = charges(
                self._exposures[finding.profile], finding, [order for order in known if order]
            )
        stated = next((order.platform for order in known if order and order.platform), None)
        self._platforms[key] = stated or self._platforms.get(key, finding.platform)

    def _order(self, order_id: str) -> OrderVersion | None:
        state = self.machine.order_state(order_id)
        return None if state is None else order_known(state.versions)

    def standing(self) -> dict[Place, Known]:
        """The warnings that stand, once for each order that they name."""
        return {
            (order_id, f.rule, f.stage, f.parcel or "", f.anchor): known
            for known in self.known()
            for f in (known.finding,)
            for order_id in f.order_ids
        }

    def known(self) -> Iterator[Known]:
        """The warnings that stand, or have ended."""
        for warning_id, finding in self._newest.items():
            yield Known(warning_id, self._platforms[warning_id], finding)

    @property
    def newest(self) -> Mapping[str, Finding]:
        """The warnings that stand, or have ended, by id."""
        return self._newest

    def counts(self) -> Counter[tuple[str, str, str]]:
        """(rule, stage, state) → warnings that stand."""
        return Counter((f.rule, f.stage, f.state) for f in self._newest.values())

    def risk(self, counted: Callable[[Finding], bool] = at_risk) -> Risk:
        """What is at risk in the end, of the warnings that are `counted`."""
        return self._together(key for key, finding in self._newest.items() if counted(finding))

    def risks(self, group: Callable[[Known], Group]) -> dict[Group, Risk]:
        """What is at risk in the end by groups of warnings, each under the caps that it shares:
        what groups have at most may add up to more than there is at risk in all."""
        groups: dict[Group, list[str]] = {}
        for known in self.known():
            if at_risk(known.finding):
                groups.setdefault(group(known), []).append(known.warning_id)
        return {name: self._together(keys) for name, keys in groups.items()}

    def _together(self, keys: Iterable[str]) -> Risk:
        strikes = unknown = 0
        by_profile: dict[str, list[Charge]] = {}
        for key in keys:
            finding = self._newest[key]
            if finding.exposure == "strike":
                strikes += 1
            elif finding.money is None:
                unknown += 1
            else:
                by_profile.setdefault(finding.profile, []).extend(self._charges[key])
        money: dict[str, Range] = {}
        for profile, about in sorted(by_profile.items()):
            exposure = self._exposures[profile]
            least, most = joint(exposure, about)
            low, high = money.get(exposure.currency, (0, 0))
            money[exposure.currency] = low + least, high + most
        return Risk(money, strikes, unknown)


class WhatIf:
    """Two sides fed by one reading of a history."""

    def __init__(self, before: Variant, after: Variant) -> None:
        self.before = before
        self.after = after

    def order(self, version: OrderVersion, now: int) -> bool:
        """An order version arrives at `now` (µs); False where there is no room for it."""
        room = self.before.machine.order(version, now)
        return self.after.machine.order(version, now) and room

    def tracking(self, fact: TrackingFact, now: int) -> bool:
        """A tracking fact arrives at `now` (µs); False where there is no room for it."""
        room = self.before.machine.tracking(fact, now)
        return self.after.machine.tracking(fact, now) and room

    def stock(self, fact: StockFact, now: int) -> None:
        """A level of stock: it judges nothing."""

    def advance(self, until: int) -> None:
        """Let every deadline up to and including `until` (µs) pass."""
        self.before.machine.advance(until)
        self.after.machine.advance(until)

    def changes(self) -> Iterator[Change]:
        """Where the two sides differ in what a warning says, by order, rule and start."""
        before, after = self.before.standing(), self.after.standing()
        for place in sorted(before.keys() | after.keys()):
            old, new = before.get(place), after.get(place)
            if old is None or new is None or _said(old.finding) != _said(new.finding):
                yield Change(place, old, new)


def with_file(profiles: Profiles, profile: Profile) -> Profiles:
    """Profiles of which one judges every order of its platform, whatever its date."""
    others = [known for known in profiles.all if known.platform != profile.platform]
    return Profiles([*others, profile])


def _said(finding: Finding) -> tuple[object, ...]:
    """What a warning says of the order itself; names of profiles and sums are no change of it."""
    return (
        finding.state,
        finding.severity,
        finding.opened_at,
        finding.deadline,
        finding.breached_at,
        finding.resolved_at,
    )
