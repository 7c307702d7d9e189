"""The built-in profiles hold the published numbers; date and platform choose among them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.builders import CHINA, LATER, PAID, US, judge, order, record, times, upload, us

from streams.facts.facts import STATUS_CODE
from streams.facts.times import DAY, HOUR, MINUTE
from streams.profiles.calendars import calendar
from streams.profiles.loader import load
from streams.rules.address_mismatch import AddressMismatch
from streams.rules.business_days import BusinessDays
from streams.rules.cloned_track import ClonedTrack
from streams.rules.delivery_overdue import DeliveryOverdue
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
DELIVERY = DeliveryOverdue()
MALFORMED = MalformedTrackingNumber("critical", notice=True, notice_severity="info")

GENERIC_PARCEL = (
    PickupOverdue(Limit(48 * HOUR, severity="warning"), None),
    InactiveAfterPickup(Limit(24 * HOUR, severity="warning"), None, ended_by=None),
    TransitStalled(
        LaneLimits(
            Limit(72 * HOUR, severity="warning"),
            Limit(72 * HOUR, severity="warning"),
            Limit(120 * HOUR, severity="warning"),
        ),
        None,
        chain_from=None,
    ),
    DELIVERY,
    MalformedTrackingNumber("warning"),
    RepeatedTrack(3, severity="warning"),
    ClonedTrack(4, "warning"),
)
GENERIC_LINK = (
    DuplicateTrackingNumber("address", 30 * DAY, "warning"),
    AddressMismatch("place", "warning", "warning"),
    TrackedBeforePaid("first", "picked_up", 5 * MINUTE, "warning"),
)
OWN_PARCEL = tuple(
    MalformedTrackingNumber("warning", notice=True, notice_severity="info")
    if isinstance(rule, MalformedTrackingNumber)
    else rule
    for rule in GENERIC_PARCEL
)
"""Where a platform's documents are silent: as generic, and with notices of formats."""

WANTED = {
    "douyin-2026-07-09": (
        "douyin",
        datetime(2026, 7, 9, tzinfo=CHINA),
        (ShipOverdue(Limit(0)), ReshippedWhileLate("critical")),
        (
            PickupOverdue(DAY_24, DAY_48),
            InactiveAfterPickup(DAY_24, DAY_48, ended_by=HUBS),
            TransitStalled(LANES, None, chain_from=HUB),
            DELIVERY,
            MALFORMED,
            RepeatedTrack(3, severity="warning"),
            ClonedTrack(4, "critical"),
        ),
        (
            DuplicateTrackingNumber("address", 30 * DAY, "critical"),
            AddressMismatch("place", "critical", "warning"),
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
            DELIVERY,
            MALFORMED,
            RepeatedTrack(3, severity="warning"),
            ClonedTrack(4, "critical"),
        ),
        (
            DuplicateTrackingNumber("address", 30 * DAY, "critical"),
            AddressMismatch("place", "critical", "warning"),
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
            DELIVERY,
            MALFORMED,
            RepeatedTrack(3, severity="warning"),
        ),
        (
            DuplicateTrackingNumber("person", 30 * DAY, "critical"),
            AddressMismatch("place", "critical", "warning"),
            TrackedBeforePaid("first", "picked_up", 5 * MINUTE, "critical"),
        ),
    ),
    "tiktok-us-2026": (
        "tiktok-us",
        datetime(2026, 1, 1, 8, tzinfo=UTC),
        (ShipOverdue(Limit(0)),),
        (PickupOverdue(DAY_24, None), DELIVERY, MALFORMED),
        (
            DuplicateTrackingNumber("address", 30 * DAY, "critical"),
            AddressMismatch("postal_code", "critical", "critical"),
            TrackedBeforePaid("final", "any_record", 24 * HOUR, "critical"),
        ),
    ),
    "taobao-2026-04-09": (
        "taobao",
        datetime(2026, 4, 9, tzinfo=CHINA),
        (ShipOverdue(Limit(0)),),
        (
            PickupOverdue(DAY_24, None),
            InactiveAfterPickup(DAY_24, Limit(72 * HOUR), ended_by=None),
            TransitStalled(LANES, SERIOUS_LANES, chain_from=None),
            DELIVERY,
            MALFORMED,
            ClonedTrack(4, "critical"),
        ),
        (
            DuplicateTrackingNumber("address", 30 * DAY, "critical"),
            AddressMismatch("place", "critical", "warning"),
            Recalled("critical"),
        ),
    ),
    "tmall-global-bonded-2026-04-22": (
        "tmall-global-bonded",
        datetime(2026, 4, 22, tzinfo=CHINA),
        (ShipOverdue(Limit(0)),),
        (
            InactiveAfterPickup(DAY_24, None, ended_by=None),
            TransitStalled(
                LaneLimits(Limit(72 * HOUR), Limit(96 * HOUR), Limit(168 * HOUR)),
                None,
                chain_from=None,
            ),
            DELIVERY,
            MALFORMED,
        ),
        (AddressMismatch("place", "critical", "warning"),),
    ),
    "tmall-global-direct-2026-04-22": (
        "tmall-global-direct",
        datetime(2026, 4, 22, tzinfo=CHINA),
        (ShipOverdue(Limit(0)),),
        (InactiveAfterPickup(Limit(168 * HOUR), None, ended_by=None), DELIVERY, MALFORMED),
        (),
    ),
    "douyin-instant-2026-07-06": (
        "douyin-instant",
        datetime(2026, 7, 6, tzinfo=CHINA),
        (ShipOverdue(Limit(0), "upload"), ReshippedWhileLate("critical")),
        (
            PickupOverdue(Limit(12 * HOUR), None),
            InactiveAfterPickup(Limit(12 * HOUR), None, ended_by=HUBS),
            TransitStalled(LANES, None, chain_from=HUB),
            DELIVERY,
            MALFORMED,
            RepeatedTrack(3, severity="warning"),
            ClonedTrack(4, "critical"),
        ),
        (
            DuplicateTrackingNumber("address", 30 * DAY, "critical"),
            AddressMismatch("place", "critical", "warning"),
            TrackedBeforePaid("final", "any_record", 5 * MINUTE, "critical"),
            Recalled("critical"),
        ),
    ),
    "generic-2026": (
        "generic",
        datetime(2026, 1, 1, tzinfo=CHINA),
        (ShipOverdue(Limit(0, severity="warning")),),
        GENERIC_PARCEL,
        GENERIC_LINK,
    ),
    **{
        name: (name[:-5], since, (ShipOverdue(Limit(0)),), OWN_PARCEL, GENERIC_LINK)
        for name, since in (
            ("amazon-us-2026", datetime(2026, 1, 1, 8, tzinfo=UTC)),
            ("amazon-uk-2026", datetime(2026, 1, 1, tzinfo=UTC)),
            ("ebay-us-2026", datetime(2026, 1, 1, 8, tzinfo=UTC)),
            ("walmart-us-2026", datetime(2026, 1, 1, 8, tzinfo=UTC)),
            ("etsy-2026", datetime(2026, 1, 1, tzinfo=UTC)),
            ("jd-hk-2026", datetime(2026, 1, 1, tzinfo=CHINA)),
        )
    },
    "tiktok-vn-2024-08-26": (
        "tiktok-vn",
        datetime(2024, 8, 25, 17, tzinfo=UTC),
        (ShipOverdue(Limit(0)),),
        OWN_PARCEL,
        GENERIC_LINK,
    ),
    "tiktok-th-2025-06-18": (
        "tiktok-th",
        datetime(2025, 6, 17, 17, tzinfo=UTC),
        (ShipOverdue(Limit(0)),),
        OWN_PARCEL,
        GENERIC_LINK,
    ),
}


FEDERAL = {
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
}
"""On which federal offices are closed: a holiday on a Saturday is kept on the Friday before, one on
a Sunday on the Monday after."""

TERMS = {
    "douyin-2026-07-09": Terms(Lanes(NEAR, DOUYIN_REMOTE), 48 * HOUR),
    "tmall-2026-04-09": Terms(Lanes(NEAR, TMALL_REMOTE, ABROAD), 48 * HOUR),
    "brief-2023": Terms(Lanes(NEAR, DOUYIN_REMOTE), 48 * HOUR),
    "taobao-2026-04-09": Terms(Lanes(NEAR, TMALL_REMOTE, ABROAD), 48 * HOUR),
    "tmall-global-bonded-2026-04-22": Terms(Lanes((), TMALL_REMOTE), 48 * HOUR),
    "tmall-global-direct-2026-04-22": Terms(Lanes(), 120 * HOUR),
    "douyin-instant-2026-07-06": Terms(Lanes(NEAR, DOUYIN_REMOTE), 48 * HOUR),
    "generic-2026": Terms(Lanes((), TMALL_REMOTE), None),
    "jd-hk-2026": Terms(Lanes((), TMALL_REMOTE), 72 * HOUR),
    **{
        f"{platform}-2026": Terms(Lanes(), None)
        for platform in ("amazon-us", "amazon-uk", "ebay-us", "walmart-us", "etsy")
    },
    "tiktok-vn-2024-08-26": Terms(
        Lanes(),
        BusinessDays(
            0,
            ZoneInfo("Asia/Ho_Chi_Minh"),
            frozenset(range(6)),
            time(23, 59, 59),
            time(13, 59, 59, 999_999),
            holidays=calendar("vn").holidays,
        ),
    ),
    "tiktok-th-2025-06-18": Terms(
        Lanes(),
        BusinessDays(
            2,
            ZoneInfo("Asia/Bangkok"),
            frozenset(range(6)),
            time(23, 59, 59),
            holidays=calendar("th").holidays,
        ),
    ),
    "tiktok-us-2026": Terms(
        Lanes(),
        BusinessDays(
            2,
            ZoneInfo("America/Los_Angeles"),
            frozenset(range(5)),
            time(23, 59, 59),
            holidays=frozenset(
                date.fromisoformat(f"{year}-{day}")
                for year, days in FEDERAL.items()
                for day in days.split()
            ),
        ),
    ),
}


def test_these_profiles_come_with_it() -> None:
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
    own = name in ("brief-2023", "generic-2026")
    assert profile.source_url.startswith("https://") or own


def test_no_clock_stands_still_until_the_operator_says_so() -> None:
    """No profile has a row of its own."""
    assert not any(profile.exemptions for profile in PROFILES.values())


@pytest.mark.parametrize(
    ("paid", "scan_by"),
    [
        # In Pacific time: Wednesday noon; Friday noon; Saturday, with Veterans Day after two
        # days; Wednesday before Thanksgiving; the days before the clocks go forward.
        (datetime(2026, 11, 4, 20, tzinfo=UTC), datetime(2026, 11, 7, 7, 59, 59, tzinfo=UTC)),
        (datetime(2026, 11, 6, 20, tzinfo=UTC), datetime(2026, 11, 11, 7, 59, 59, tzinfo=UTC)),
        (datetime(2026, 11, 7, 20, tzinfo=UTC), datetime(2026, 11, 13, 7, 59, 59, tzinfo=UTC)),
        (datetime(2026, 11, 25, 20, tzinfo=UTC), datetime(2026, 12, 1, 7, 59, 59, tzinfo=UTC)),
        (datetime(2026, 3, 6, 20, tzinfo=UTC), datetime(2026, 3, 11, 6, 59, 59, tzinfo=UTC)),
    ],
)
def test_tiktok_wants_a_scan_within_two_business_days(paid: datetime, scan_by: datetime) -> None:
    """To the end of the second after the day of the payment, by the platform's own zone."""
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
def test_an_unknown_platform_is_judged_by_what_all_have(platform: str) -> None:
    """A platform without a profile of its own."""
    assert load().at(platform, us(PAID)).id == "generic-2026"


@pytest.mark.parametrize(("after", "warned"), [(timedelta(hours=12), 0), (timedelta(12), 1)])
def test_instant_retail_is_shipped_when_its_number_is_uploaded(
    after: timedelta, warned: int
) -> None:
    """An upload ends the clock, whenever the parcel is picked up; elsewhere it does not."""
    for platform, found in (("douyin-instant", warned), ("douyin", 1)):
        history = [order(platform=platform), upload("1", PAID + after)]
        assert len(judge(history, LATER).of("ship_overdue")) == found


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
