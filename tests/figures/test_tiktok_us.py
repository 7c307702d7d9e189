"""TikTok Shop US, as its seller documents put it: two business days, 24 hours, the postal code."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.builders import (
    HOUR,
    LATER,
    US,
    Message,
    judge,
    order,
    picked_up,
    record,
    times,
    upload,
)
from support.stories import TROUBLES

PACIFIC = ZoneInfo("America/Los_Angeles")
UPS = {"carrier": "ups", "number": "1Z5R89390357567127"}

BUSINESS_DAYS = """
| paid             | scan due by      | because                        |
| 2026-10-05 09:00 | 2026-10-07 23:59 | Monday to Wednesday            |
| 2026-10-05 23:59 | 2026-10-07 23:59 | Monday's last minute           |
| 2026-10-06 00:00 | 2026-10-08 23:59 | a minute later                 |
| 2026-10-01 09:00 | 2026-10-05 23:59 | over a weekend                 |
| 2026-10-03 09:00 | 2026-10-07 23:59 | paid on a Saturday             |
| 2026-10-09 09:00 | 2026-10-14 23:59 | a weekend and Columbus Day     |
| 2026-11-25 09:00 | 2026-11-30 23:59 | Thanksgiving, and a weekend    |
| 2026-10-30 09:00 | 2026-11-03 23:59 | the clocks are put back        |
| 2027-03-11 09:00 | 2027-03-15 23:59 | the clocks are put forward     |
| 2027-12-22 09:00 | 2027-12-27 23:59 | Christmas kept on a Friday     |
| 2028-11-09 09:00 | 2028-11-14 23:59 | Veterans Day kept on a Friday  |
"""
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in BUSINESS_DAYS.strip().splitlines()[1:]
]


def pacific(text: str) -> datetime:
    """A moment in California."""
    return datetime.fromisoformat(text).replace(tzinfo=PACIFIC)


def sold(paid: datetime, **fields: object) -> Message:
    """An order without a promise of its own."""
    return order(paid=paid, platform="tiktok-us", promised_ship_by=None, **fields)


@pytest.mark.parametrize(("paid", "due", "why"), ROWS, ids=[row[2] for row in ROWS])
def test_two_business_days_to_the_first_scan(paid: str, due: str, why: str) -> None:
    """To the last second of the day; Saturdays, Sundays and federal holidays do not count, in
    California's own time."""
    deadline = pacific(due) + timedelta(seconds=59)
    story = [sold(pacific(paid))]
    before = judge(story, deadline).one("ship_overdue")
    assert (before["state"], times(before)["deadline"]) == ("open", deadline), why
    breached = judge(story, deadline + US).one("ship_overdue")
    assert times(breached)["breached_at"] == deadline


@pytest.mark.parametrize(("early", "fires"), [(24 * HOUR, False), (24 * HOUR + US, True)])
def test_a_node_more_than_24_hours_before_the_order(early: timedelta, fires: bool) -> None:
    """Any record counts, and a whole day is tolerated."""
    paid = pacific("2026-10-05 09:00")
    story = [sold(paid), upload("1", paid + HOUR, **UPS), record("in_transit", paid - early, **UPS)]
    found = judge(story, paid + 2 * HOUR).of("tracked_before_paid")
    assert [one["severity"] for one in found] == ["critical"] * fires


@pytest.mark.parametrize(
    ("told", "fires"),
    [
        ({"postal_code": "94107"}, False),
        ({"postal_code": "94107-1234"}, False),
        ({"postal_code": "94108"}, True),
        ({"postal_code": "94107", "address_key": "elsewhere"}, False),
        ({"address_key": "elsewhere"}, False),
    ],
)
def test_another_postal_code_is_another_address(told: Message, fires: bool) -> None:
    """The buyer's code against the track's, five characters of it, and it is critical."""
    paid = pacific("2026-10-05 09:00")
    buyer = {"country": "US", "postal_code": "94107-9999", "address_key": "home"}
    story = [sold(paid, recipient=buyer), upload("1", paid + HOUR, **UPS)]
    story += [picked_up(paid + 2 * HOUR, UPS["number"], carrier="ups")]
    recipient = {"country": "US", **told}
    story += [record("unknown", paid + 3 * HOUR, recipient=recipient, **UPS)]
    found = judge(story, paid + 4 * HOUR).of("address_mismatch")
    assert [one["severity"] for one in found] == ["critical"] * fires


@pytest.mark.parametrize("rule", TROUBLES)
def test_what_the_documents_do_not_say_is_off(rule: str) -> None:
    """Four of the histories that trouble others trouble TikTok, and those are critical; places in
    China are no postal codes."""
    found = judge(TROUBLES[rule]("tiktok-us"), LATER).of(rule)
    on = rule in (
        "ship_overdue",
        "pickup_overdue",
        "duplicate_tracking_number",
        "malformed_tracking_number",
    )
    assert {one["severity"] for one in found} == ({"critical"} if on else set())
