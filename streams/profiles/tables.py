"""`[rules.*]` of a profile: one table a rule, and the rule that it makes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from streams.facts.times import DAY, HOUR, MINUTE
from streams.profiles.fields import (
    Hours,
    PromiseStage,
    Provinces,
    Severity,
    Stage,
    Statuses,
    Strict,
    limit_or_none,
    microseconds,
)
from streams.rules import (
    AddressMismatch,
    ClonedTrack,
    DeliveryOverdue,
    DuplicateTrackingNumber,
    InactiveAfterPickup,
    LaneLimits,
    MalformedTrackingNumber,
    PickupOverdue,
    Recalled,
    RepeatedTrack,
    ReshippedWhileLate,
    Rule,
    ShipOverdue,
    TrackedBeforePaid,
    TransitStalled,
)


class Table(Strict):
    """A rule's table. It is what a profile file may say; `rule` is what the core takes of it."""

    def rule(self) -> Rule:
        """The rule with these thresholds."""
        raise NotImplementedError


class CheckTable(Table):
    """What the table of every check has: how grave it is, and how long the seller has, if said."""

    severity: Severity = "critical"
    rectify_within_hours: Hours | None = None

    @property
    def within(self) -> int | None:
        """The time to put it right, in µs."""
        return microseconds(self.rectify_within_hours)


class ShipOverdueTable(Table):
    """`[rules.ship_overdue]`"""

    violation: PromiseStage = PromiseStage()
    default_promise_hours: Hours = 48

    def rule(self) -> Rule:
        """The promise is the order's; the limit here only says how it is breached."""
        return ShipOverdue(self.violation.of(0), round(self.default_promise_hours * HOUR))


class PickupOverdueTable(Table):
    """`[rules.pickup_overdue]`"""

    violation: Stage
    serious: Stage | None = None

    def rule(self) -> Rule:
        """Both stages."""
        return PickupOverdue(self.violation.limit(), limit_or_none(self.serious))


class InactiveAfterPickupTable(Table):
    """`[rules.inactive_after_pickup]`"""

    ended_by: Statuses
    violation: Stage
    serious: Stage | None = None

    def rule(self) -> Rule:
        """Both stages, and what counts as an update."""
        serious = limit_or_none(self.serious)
        return InactiveAfterPickup(self.violation.limit(), serious, self.ended_by)


class LaneStage(PromiseStage):
    """One stage of a clock whose limit is that of the parcel's lane."""

    near_hours: Hours
    cross_province_hours: Hours
    remote_hours: Hours

    def limits(self) -> LaneLimits:
        """The stage as the core takes it."""
        return LaneLimits(
            self.of(self.near_hours),
            self.of(self.cross_province_hours),
            self.of(self.remote_hours),
        )


class TransitStalledTable(Table):
    """`[rules.transit_stalled]`"""

    chain_from: Statuses
    violation: LaneStage
    serious: LaneStage | None = None
    remote: Provinces = frozenset()
    excluded: Provinces = frozenset()
    near_groups: tuple[Provinces, ...] = Field(default=(), strict=False)

    def rule(self) -> Rule:
        """Both stages by lane, and what decides the lane."""
        return TransitStalled(
            violation=self.violation.limits(),
            serious=None if self.serious is None else self.serious.limits(),
            chain_from=self.chain_from,
            remote=self.remote,
            excluded=self.excluded,
            near_groups=self.near_groups,
        )


class DeliveryOverdueTable(Table):
    """`[rules.delivery_overdue]`"""

    violation: Stage
    serious: Stage | None = None

    def rule(self) -> Rule:
        """Both stages."""
        return DeliveryOverdue(self.violation.limit(), limit_or_none(self.serious))


class DuplicateTrackingNumberTable(CheckTable):
    """`[rules.duplicate_tracking_number]`"""

    differs_by: Literal["address", "person"] = "address"
    window_days: Annotated[int, Field(ge=1, le=30)] = 30

    def rule(self) -> Rule:
        """By what recipients differ, and for how long a number counts as used."""
        window = self.window_days * DAY
        return DuplicateTrackingNumber(self.differs_by, window, self.severity, self.within)


class MalformedTrackingNumberTable(CheckTable):
    """`[rules.malformed_tracking_number]`"""

    format_notice: bool = False
    notice_severity: Severity = "info"

    def rule(self) -> Rule:
        """With or without the notice about numbers that merely do not fit their carrier."""
        return MalformedTrackingNumber(
            severity=self.severity,
            notice=self.format_notice,
            notice_severity=self.notice_severity,
            rectify_within=self.within,
        )


class AddressMismatchTable(CheckTable):
    """`[rules.address_mismatch]`; the lesser severity is for a city or address key alone."""

    lesser_severity: Severity = "warning"

    def rule(self) -> Rule:
        """Two severities."""
        return AddressMismatch(self.severity, self.lesser_severity, self.within)


class TrackedBeforePaidTable(CheckTable):
    """`[rules.tracked_before_paid]`"""

    base: Literal["final", "first"]
    first: Literal["any_record", "picked_up"]
    tolerance_minutes: Annotated[float, Field(ge=0, le=60 * 24 * 7, allow_inf_nan=False)] = 5

    def rule(self) -> Rule:
        """Which payment, which record, and how much earlier it may be."""
        tolerance = round(self.tolerance_minutes * MINUTE)
        return TrackedBeforePaid(self.base, self.first, tolerance, self.severity, self.within)


class RepeatedTrackTable(CheckTable):
    """`[rules.repeated_track]`"""

    times: Annotated[int, Field(ge=2, le=100)] = 3
    severity: Severity = "warning"

    def rule(self) -> Rule:
        """How often one node may be repeated."""
        return RepeatedTrack(self.times, self.severity, self.within)


class ClonedTrackTable(CheckTable):
    """`[rules.cloned_track]`"""

    at_least_records: Annotated[int, Field(ge=2, le=100)] = 4

    def rule(self) -> Rule:
        """How long a track must be before its equal is no coincidence."""
        return ClonedTrack(self.at_least_records, self.severity, self.within)


class RecalledTable(CheckTable):
    """`[rules.recalled]`"""

    def rule(self) -> Rule:
        """Nothing but a severity."""
        return Recalled(self.severity, self.within)


class ReshippedWhileLateTable(CheckTable):
    """`[rules.reshipped_while_late]`"""

    default_promise_hours: Hours = 48

    def rule(self) -> Rule:
        """From when an order without a promise is late, as `ship_overdue` takes it."""
        promise = round(self.default_promise_hours * HOUR)
        return ReshippedWhileLate(self.severity, self.within, promise)
