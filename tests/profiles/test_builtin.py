"""The built-in profiles hold the published numbers; date and platform choose among them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.builders import CHINA, LATER, PAID, US, judge, order, record, times, upload, us

from streams.facts.facts import STATUS_CODE
from streams.facts.times import DAY, HOUR, MINUTE
from streams.profiles.loader import load
from streams.rules.address_mismatch import AddressMismatch
from streams.rules.cloned_track import ClonedTrack
from streams.rules.duplicate_tracking_number import DuplicateTrackingNumber
from streams.rules.episodes import Limit
from streams.rules.inactive_after_pickup import InactiveAfterPickup
from streams.rules.lanes import LaneLimits, Lanes
from streams.rules.malformed_tracking_number import MalformedTrackingNumber
from streams.rules.pickup_overdue import PickupOverdue
from streams.rules.recalled import Recalled
from streams.rules.repeated_track import RepeatedTrack
from streams.rules.reshipped_while_late import ReshippedWhileLate
from streams.rules.ship_overdue import ShipOverdue
from streams.rules.terms import Terms
from streams.rules.tracked_before_paid import TrackedBeforePaid
from streams.rules.transit_stalled import TransitStalled

PROFILES = {profile.id: profile for profile in load().all}
HUBS = frozenset(
    STATUS_CODE[status]
    for status in (
        "hub",
        "arrived_dest_city",
        "out_for_delivery",
        "ready_for_pickup",
        "delivered",
        "attempt_failed",
    )
)
HUB = frozenset((STATUS_CODE["hub"],))
DAY_24, DAY_48 = Limit(24 * HOUR), Limit(48 * HOUR)
LANES = LaneLimits(Limit(48 * HOUR), Limit(72 * HOUR), Limit(120 * HOUR))
SERIOUS_LANES = LaneLimits(
    Limit(96 * HOUR, at_least=True),
    Limit(120 * HOUR, at_least=True),
    Limit(168 * HOUR, at_least=True),
)
DOUYIN_REMOTE = frozenset((65, 54, 15, 63, 64, 53, 62, 46))
TMALL_REMOTE = frozenset((65, 54, 15, 62, 63, 64))
ABROAD = frozenset((81, 82, 71))
NEAR = (frozenset((32, 33, 31, 34)), frozenset((11, 12, 13)))
MALFORMED = MalformedTrackingNumber("critical", notice=True, notice_severity="info")

WANTED = {
    "douyin-2026-07-09": (
        "douyin",
        datetime(2026, 7, 9, tzinfo=CHINA),
        (ShipOverdue(Limit(0)), ReshippedWhileLate("critical")),
        (
            PickupOverdue(DAY_24, DAY_48),
            InactiveAfterPickup(DAY_24, DAY_48, ended_by=HUBS),
            TransitStalled(LANES, None, chain_from=HUB),
            MALFORMED,
            RepeatedTrack(3, "warning"),
            ClonedTrack(4, "critical"),
        ),
        (
            DuplicateTrackingNumber("address", 30 * DAY, "critical"),
            AddressMismatch("critical", "warning"),
            TrackedBeforePaid("final", "any_record", 5 * MINUTE, "critical"),
            Recalled("critical"),
        ),
    ),
    "tmall-2026-04-09": (
        "tmall",
        datetime(2026, 4, 9, tzinfo=CHINA),
        (ShipOverdue(Limit(0)),),
        (
            PickupOverdue(DAY_24, None),
            InactiveAfterPickup(DAY_24, Limit(72 * HOUR, at_least=True), ended_by=None),
            TransitStalled(LANES, SERIOUS_LANES, chain_from=None),
            MALFORMED,
            RepeatedTrack(3, "warning"),
            ClonedTrack(4, "critical"),
        ),
        (
            DuplicateTrackingNumber("address", 30 * DAY, "critical"),
            AddressMismatch("critical", "warning"),
            TrackedBeforePaid("first", "picked_up", 5 * MINUTE, "critical"),
            Recalled("critical"),
        ),
    ),
    "brief-2023": (
        "brief",
        datetime(2023, 1, 1, tzinfo=CHINA),
        (ShipOverdue(Limit(0)),),
        (
            InactiveAfterPickup(DAY_24, None, ended_by=None),
            TransitStalled(LANES, None, chain_from=None),
            MALFORMED,
            RepeatedTrack(3, "warning"),
        ),
        (
            DuplicateTrackingNumber("person", 30 * DAY, "critical"),
            AddressMismatch("critical", "warning"),
            TrackedBeforePaid("first", "picked_up", 5 * MINUTE, "critical"),
        ),
    ),
    "tiktok-us-2026": (
        "tiktok-us",
        datetime(2026, 1, 1, 8, tzinfo=UTC),
        (ShipOverdue(Limit(0)),),
        (MALFORMED,),
        (
            AddressMismatch("critical", "critical"),
            TrackedBeforePaid("first", "any_record", 24 * HOUR, "critical"),
        ),
    ),
}


TERMS = {
    "douyin-2026-07-09": Terms(Lanes(NEAR, DOUYIN_REMOTE), 48 * HOUR),
    "tmall-2026-04-09": Terms(Lanes(NEAR, TMALL_REMOTE, ABROAD), 48 * HOUR),
    "brief-2023": Terms(Lanes(NEAR, DOUYIN_REMOTE), 48 * HOUR),
    "tiktok-us-2026": Terms(Lanes(), 48 * HOUR),
}


def test_four_profiles_come_with_it() -> None:
    """No more, no fewer; a template without numbers refuses to load."""
    assert PROFILES.keys() == WANTED.keys()


@pytest.mark.parametrize("name", WANTED)
def test_the_numbers_are_the_contracts(name: str) -> None:
    """Limits, comparators, windows and what ends a clock, of every rule."""
    platform, since, order_rules, parcel_rules, link_rules = WANTED[name]
    profile = PROFILES[name]
    assert profile.platform == platform
    assert profile.effective_from == us(since)
    assert profile.effective_to is None
    assert profile.order_rules == order_rules
    assert profile.parcel_rules == parcel_rules
    assert profile.link_rules == link_rules
    assert profile.terms == TERMS[name]


@pytest.mark.parametrize("name", WANTED)
def test_each_profile_says_where_it_comes_from(name: str) -> None:
    """When it was read, and how sure it is; the platforms' own with their page."""
    profile = PROFILES[name]
    assert profile.verified
    assert profile.read_on
    assert profile.source_url.startswith("https://") or name == "brief-2023"


def test_only_business_days_stand_still_where_nobody_said_more() -> None:
    """No platform in China has a row until the operator sets one."""
    rows = {name: [row.name for row in p.exemptions] for name, p in PROFILES.items()}
    assert rows.pop("tiktok-us-2026") == ["weekends", "us-federal-holidays"]
    assert not any(rows.values())


@pytest.mark.parametrize(
    ("paid", "scan_by"),
    [
        # In Pacific time: Wednesday noon; Friday noon; Saturday; Wednesday before Thanksgiving;
        # the days before the clocks go forward.
        (datetime(2026, 11, 4, 20, tzinfo=UTC), datetime(2026, 11, 6, 20, tzinfo=UTC)),
        (datetime(2026, 11, 6, 20, tzinfo=UTC), datetime(2026, 11, 10, 20, tzinfo=UTC)),
        (datetime(2026, 11, 7, 20, tzinfo=UTC), datetime(2026, 11, 11, 8, tzinfo=UTC)),
        (datetime(2026, 11, 25, 20, tzinfo=UTC), datetime(2026, 11, 30, 20, tzinfo=UTC)),
        (datetime(2026, 3, 6, 20, tzinfo=UTC), datetime(2026, 3, 10, 19, tzinfo=UTC)),
    ],
)
def test_tiktok_wants_a_scan_within_two_business_days(paid: datetime, scan_by: datetime) -> None:
    """Saturdays, Sundays and holidays do not count; from the order on, by the platform's zone."""
    history = [order(paid=paid, platform="tiktok-us", promised_ship_by=None)]
    warning = judge(history, scan_by + timedelta(days=1)).one("ship_overdue")
    assert warning["profile"] == "tiktok-us-2026"
    assert times(warning)["deadline"] == times(warning)["breached_at"] == scan_by


def test_tiktok_takes_a_promise_as_it_is() -> None:
    """The platform's own ship-by time has its business days in it."""
    paid = datetime(2026, 11, 6, 20, tzinfo=UTC)
    history = [order(paid=paid, platform="tiktok-us")]
    warning = judge(history, LATER).one("ship_overdue")
    assert times(warning)["deadline"] == paid + timedelta(hours=48)


@pytest.mark.parametrize(("earlier", "found"), [(24, 0), (24.001, 1)])
def test_tiktok_compares_every_node_with_the_order(earlier: float, found: int) -> None:
    """More than 24 hours earlier than the order is a timestamp issue."""
    history = [
        order(platform="tiktok-us"),
        upload("1"),
        record("in_transit", PAID - timedelta(hours=earlier)),
    ]
    assert len(judge(history, LATER).of("tracked_before_paid")) == found


@pytest.mark.parametrize("platform", ["pinduoduo", "kuaishou", "", "DOUYIN"])
def test_an_unknown_platform_is_judged_as_douyin(platform: str) -> None:
    """A platform without a profile of its own."""
    assert load().at(platform, us(PAID)).id == "douyin-2026-07-09"


@pytest.mark.parametrize(
    ("platform", "paid"),
    [
        ("douyin", datetime(2026, 7, 9, tzinfo=CHINA)),
        ("douyin", datetime(2026, 7, 9, tzinfo=CHINA) - US),
        ("tmall", datetime(2020, 1, 1, tzinfo=CHINA)),
        ("brief", datetime(2016, 1, 1, tzinfo=CHINA)),
    ],
)
def test_before_the_first_profile_the_first_one_judges(platform: str, paid: datetime) -> None:
    """An older order is not left unjudged."""
    assert load().at(platform, us(paid)).platform == platform


def test_the_payment_date_chooses_not_the_upload() -> None:
    """Of a known order its payment decides; of an unknown one its upload."""
    warning = judge([order(platform="tmall"), upload("1", platform="brief")], LATER).one(
        "pickup_overdue"
    )
    assert warning["profile"] == "tmall-2026-04-09"
    assert times(warning)["breached_at"] is not None
