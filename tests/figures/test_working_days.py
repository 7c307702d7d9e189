"""By when orders are due where working days are counted: Viet Nam, Thailand, and China's make-up
days; and JD.HK's 72 hours. Each at the limit and a microsecond beyond."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support import replaying
from support.builders import US, Message, judge, order, picked_up, times, upload

from streams.profiles.loader import load

OWN = """\
extends = "douyin-2026-07-09"
id = "worked-2026"
platform = "worked"
effective_from = 2026-01-01T00:00:00+08:00
default_promise_hours = "off"

[business_days]
promise_days = {days}
zone = "{zone}"
week = ["mon", "tue", "wed", "thu", "fri"]
calendar = "{calendar}"
"""
WHOLE_DAY = timedelta(hours=23, minutes=59, seconds=59)

DUE = """
| platform  | zone             | paid                | due on     | because                      |
| tiktok-vn | Asia/Ho_Chi_Minh | 2026-10-05 13:59:59 | 2026-10-05 | before 14:00, the same day   |
| tiktok-vn | Asia/Ho_Chi_Minh | 2026-10-05 14:00    | 2026-10-06 | at 14:00, the next           |
| tiktok-vn | Asia/Ho_Chi_Minh | 2026-10-10 09:00    | 2026-10-10 | a Saturday is worked         |
| tiktok-vn | Asia/Ho_Chi_Minh | 2026-10-10 15:00    | 2026-10-12 | too late on a Saturday       |
| tiktok-vn | Asia/Ho_Chi_Minh | 2026-10-11 09:00    | 2026-10-12 | a Sunday counts as Monday    |
| tiktok-vn | Asia/Ho_Chi_Minh | 2026-02-14 16:00    | 2026-02-21 | Tet, a week                  |
| tiktok-vn | Asia/Ho_Chi_Minh | 2026-09-01 09:00    | 2026-09-03 | National Day, two of them    |
| tiktok-th | Asia/Bangkok     | 2026-10-05 09:00    | 2026-10-07 | Monday to Wednesday          |
| tiktok-th | Asia/Bangkok     | 2026-10-09 23:59:59 | 2026-10-12 | over a Sunday                |
| tiktok-th | Asia/Bangkok     | 2026-10-10 09:00    | 2026-10-14 | the 13th is King Bhumibol's  |
| tiktok-th | Asia/Bangkok     | 2026-04-11 09:00    | 2026-04-17 | Songkran                     |
| tiktok-th | Asia/Bangkok     | 2026-12-04 09:00    | 2026-12-09 | the 5th, kept on the 7th     |
| cn 1      | Asia/Shanghai    | 2026-02-13 09:00    | 2026-02-14 | a Saturday that is worked    |
| cn 1      | Asia/Shanghai    | 2026-02-14 09:00    | 2026-02-24 | nine days of Spring Festival |
| cn 1      | Asia/Shanghai    | 2026-02-27 09:00    | 2026-02-28 | the Saturday after it        |
| cn 2      | Asia/Shanghai    | 2026-09-30 09:00    | 2026-10-09 | all of National Day          |
| cn 2      | Asia/Shanghai    | 2026-10-08 23:59:59 | 2026-10-10 | a worked Saturday counts     |
| gb-eng 1  | Europe/London    | 2026-03-27 12:00    | 2026-03-30 | clocks forward               |
| gb-eng 1  | Europe/London    | 2026-10-23 12:00    | 2026-10-26 | clocks back                  |
| gb-eng 1  | Europe/London    | 2026-12-24 12:00    | 2026-12-29 | Boxing Day on a Monday       |
"""
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in DUE.strip().splitlines()[1:]
]


def sold(paid: datetime, platform: str) -> Message:
    """An order without a promise of its own."""
    return order(paid=paid, platform=platform, promised_ship_by=None)


@pytest.mark.parametrize(("platform", "zone", "paid", "day", "why"), ROWS, ids=[r[4] for r in ROWS])
def test_working_days(
    platform: str,
    zone: str,
    paid: str,
    day: str,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Due at 23:59:59 of the platform's own day; in time then, and a microsecond later not."""
    calendar, _, days = platform.partition(" ")
    if days:
        platform = "worked"
        text = OWN.format(days=days, zone=zone, calendar=calendar)
        (tmp_path / "own.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(replaying, "profiles", lambda: load([tmp_path]))
    there = ZoneInfo(zone)
    due = datetime.fromisoformat(day).replace(tzinfo=there) + WHOLE_DAY
    story = [sold(datetime.fromisoformat(paid).replace(tzinfo=there), platform)]
    open_ = judge(story, due).one("ship_overdue")
    assert (open_["state"], times(open_)["deadline"]) == ("open", due), why
    assert open_["severity"] == "critical"
    assert times(judge(story, due + US).one("ship_overdue"))["breached_at"] == due


def test_jd_hk_wants_the_pickup_within_72_hours() -> None:
    """Its upload is not enough; scanned at the limit it is in time."""
    paid = datetime(2026, 10, 5, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    due = paid + timedelta(hours=72)
    story = [sold(paid, "京东国际"), upload("1", paid + timedelta(hours=1))]
    assert judge(story, due).one("ship_overdue")["state"] == "open"
    late = judge([*story, picked_up(due + US)], due + timedelta(days=1)).one("ship_overdue")
    assert (late["platform"], times(late)["breached_at"]) == ("jd-hk", due)
    in_time = judge([*story, picked_up(due)], due + timedelta(days=1)).one("ship_overdue")
    assert in_time["breached_at"] is None


@pytest.mark.parametrize("platform", ["amazon-us", "amazon-uk", "ebay-us", "walmart-us", "etsy"])
def test_where_rates_are_judged_orders_say_when_they_are_due(platform: str) -> None:
    """No promise, no clock; both promises are clocks of their own."""
    paid = datetime(2026, 10, 5, 9, tzinfo=ZoneInfo("America/Los_Angeles"))
    until = paid + timedelta(days=20)
    assert judge([sold(paid, platform)], until).of("ship_overdue") == []
    by, arrives = paid + timedelta(days=2), paid + timedelta(days=6)
    stated = order(paid=paid, platform=platform, promised_ship_by=by, promised_delivery_by=arrives)
    outcome = judge([stated, upload("1", paid + timedelta(hours=1))], until)
    ship, delivery = outcome.one("ship_overdue"), outcome.one("delivery_overdue")
    assert (ship["severity"], times(ship)["breached_at"]) == ("critical", by)
    assert (delivery["severity"], times(delivery)["breached_at"]) == ("warning", arrives)
    assert ship["platform"] == platform
