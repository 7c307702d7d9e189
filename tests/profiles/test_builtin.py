"""The three built-in profiles hold the published numbers; date and platform choose among them."""

from __future__ import annotations

from datetime import datetime

import pytest
from support.builders import CHINA, LATER, PAID, US, judge, order, times, upload, us

from streams.core.episodes import Limit
from streams.core.facts import STATUS_CODE
from streams.core.times import DAY, HOUR
from streams.profiles.loader import load
from streams.profiles.model import Profile
from streams.rules import (
    RULES,
    DuplicateTrackingNumber,
    InactiveAfterPickup,
    PickupOverdue,
    ShipOverdue,
)

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
DAY_24, DAY_48 = Limit(24 * HOUR), Limit(48 * HOUR)

WANTED = {
    "douyin-2026-07-09": (
        "douyin",
        datetime(2026, 7, 9, tzinfo=CHINA),
        (ShipOverdue(Limit(0), 48 * HOUR),),
        (PickupOverdue(DAY_24, DAY_48), InactiveAfterPickup(DAY_24, DAY_48, HUBS)),
        (DuplicateTrackingNumber("address", 30 * DAY, "critical"),),
    ),
    "tmall-2026-04-09": (
        "tmall",
        datetime(2026, 4, 9, tzinfo=CHINA),
        (ShipOverdue(Limit(0), 48 * HOUR),),
        (
            PickupOverdue(DAY_24, None),
            InactiveAfterPickup(DAY_24, Limit(72 * HOUR, at_least=True), None),
        ),
        (DuplicateTrackingNumber("address", 30 * DAY, "critical"),),
    ),
    "brief-2023": (
        "brief",
        datetime(2023, 1, 1, tzinfo=CHINA),
        (ShipOverdue(Limit(0), 48 * HOUR),),
        (InactiveAfterPickup(DAY_24, None, None),),
        (DuplicateTrackingNumber("person", 30 * DAY, "critical"),),
    ),
}


def test_three_profiles_come_with_it() -> None:
    """No more, no fewer; a template without numbers would have to refuse to load."""
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
    assert profile.exposure == {"kind": "strike"}


@pytest.mark.parametrize("name", WANTED)
def test_each_profile_says_where_it_comes_from(name: str) -> None:
    """When it was read, and how sure it is; the platforms' own with their page."""
    profile = PROFILES[name]
    assert profile.verified
    assert profile.read_on
    assert profile.source_url.startswith("https://") or name == "brief-2023"


def test_every_rule_is_on_somewhere() -> None:
    """The list of rules and the profiles know the same rules."""

    def names(profile: Profile) -> set[str]:
        rules = (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
        return {rule.name for rule in rules}

    assert set().union(*(names(profile) for profile in PROFILES.values())) == set(RULES)


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
