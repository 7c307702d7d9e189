"""Lines over several days: what is counted further, renewed, kept and remembered of a shop's days.

`tests/oracle/windows.py` compares random histories with a count of the facts; here are boundaries.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from oracle.windows import differences
from support.builders import (
    DAY,
    HOUR,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    US,
    order,
    picked_up,
    record,
    release,
    upload,
    us,
)
from support.two_sides import TOPICS, Loop

from streams.facts.times import DAY as DAY_US
from streams.profiles.loader import load
from streams.profiles.model import Profiles
from streams.state.codec import load_shop_day
from streams.state.shop_days import KEPT
from streams.tables import day_counts

PACK = """
extends = "douyin-2026-07-09"
[meter]
valid_scans = 2
delivered_by = ["delivered", "attempt_failed"]
[[lines]]
name = "late_7_days"
orders = "late"
percent = 4
comparator = "ge"
window = { days = 7 }
[[lines]]
name = "untracked_30_days"
orders = "untracked"
percent = 5
comparator = "gt"
window = { days = 30, lag_days = 1 }
[[lines]]
name = "delivered_late_month"
orders = "delivered_late"
count = 2
window = { calendar = "month" }
[[lines]]
name = "cancelled_7_days"
orders = "cancelled"
percent = 2.5
comparator = "ge"
window = { days = 7 }
"""

ARRIVAL = PAID + 4 * DAY

Message = dict[str, Any]


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Profiles:
    """Douyin's profile with lines over several days."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "own.toml").write_text(PACK, encoding="utf-8")
    return load([folder])


@pytest.fixture
def loop(profiles: Profiles) -> Loop:
    """Processors of two partitions, an hour after the payment."""
    return Loop(2, us(PAID + HOUR), profiles)


def told(loop: Loop, *messages: Message, at: datetime | None = None) -> None:
    """Messages, read to the end at a time of the wall clock."""
    if at is not None:
        loop.now = us(at)
    for value in messages:
        topic = TOPICS.tracking if "tracking_number" in value else TOPICS.orders
        loop.produce(topic, json.dumps(value).encode(), None, 0)
    loop.drain(loop.now)
    # A changed row waits a moment for more to come.
    loop.now += 1_000_000
    loop.drain(loop.now)


def newest(loop: Loop, day: str, shop: str = "s-1") -> Message:
    """The newest record of a shop's day."""
    key = f"douyin|{shop}|{day}".encode()
    found = [value for topic, at, value in loop.risks if (topic, at) == (TOPICS.shop_risk, key)]
    return max(found, key=lambda value: int(value["revision"]))


def window(loop: Loop, name: str, day: str, shop: str = "s-1") -> tuple[int, int]:
    """How many of how many a line counts on a day."""
    (found,) = (each for each in newest(loop, day, shop)["windows"] if each["name"] == name)
    assert found["crossed"] == (found["distance"] == 0)
    return found["counts"]["orders"], found["counts"]["among"]


def promised(order_id: str = "1", **fields: Any) -> Message:
    """An order that is promised to arrive."""
    return order(order_id, **{"promised_delivery_by": ARRIVAL, **fields})


@pytest.mark.parametrize(
    ("records", "late"),
    [
        ([record("delivered", ARRIVAL)], 0),
        ([record("delivered", ARRIVAL + US)], 1),
        ([record("attempt_failed", ARRIVAL), record("delivered", ARRIVAL + DAY)], 0),
        ([record("ready_for_pickup", ARRIVAL)], 1),  # the pack names other statuses
        ([record("returning", ARRIVAL - DAY), record("delivered", ARRIVAL - HOUR)], 1),
    ],
)
def test_a_delivery_is_late_one_microsecond_after_its_promise(
    loop: Loop, records: list[Message], late: int
) -> None:
    """What has one of the profile's statuses by then arrived in time; what came back did not."""
    told(loop, promised(), upload("1"), picked_up(), at=PICKED)
    told(loop, *records, at=ARRIVAL + 2 * DAY)
    assert window(loop, "delivered_late_month", "2026-11-24") == (late, 1)


def test_time_alone_makes_a_delivery_late(loop: Loop) -> None:
    """Not at the promise, but one microsecond after it; what arrives later stays late."""
    told(loop, promised(), upload("1"), picked_up(), at=PICKED)
    told(loop, at=ARRIVAL)
    loop.drain(us(ARRIVAL))
    assert window(loop, "delivered_late_month", "2026-11-24") == (0, 1)
    told(loop, at=ARRIVAL + HOUR)
    assert window(loop, "delivered_late_month", "2026-11-24") == (1, 1)
    told(loop, record("delivered", ARRIVAL + HOUR))
    assert window(loop, "delivered_late_month", "2026-11-24") == (1, 1)
    # And a record that comes late itself takes it back.
    told(loop, record("delivered", ARRIVAL - HOUR))
    assert window(loop, "delivered_late_month", "2026-11-24") == (0, 1)


def test_an_order_that_was_closed_by_its_promise_is_not_due_for_delivery(loop: Loop) -> None:
    """Unless it had arrived; and one that promises nothing never is."""
    closed = {"updated_at": ARRIVAL, "state": "closed"}
    told(loop, promised("1"), promised("2"), order("3"), at=PICKED)
    told(loop, upload("2"), record("delivered", ARRIVAL - HOUR), at=ARRIVAL)
    told(loop, promised("1", **closed), promised("2", **closed), at=ARRIVAL + DAY)
    assert window(loop, "delivered_late_month", "2026-11-24") == (0, 1)


def test_a_number_is_valid_from_its_second_scan_on(loop: Loop) -> None:
    """Two records of one moment are one; a lag of a day looks at uploads up to yesterday."""
    told(loop, order(), upload("1"), picked_up(), record("hub", PICKED), at=PICKED)
    told(loop, order("2", PAID + DAY), at=PAID + DAY)
    assert newest(loop, "2026-11-20")["counts"]["untracked"] == 1
    assert window(loop, "untracked_30_days", "2026-11-22") == (1, 1)
    told(loop, record("hub", PICKED + US))
    assert window(loop, "untracked_30_days", "2026-11-22") == (0, 1)
    told(loop, release("1", PICKED + HOUR))
    assert window(loop, "untracked_30_days", "2026-11-22") == (0, 0)


@pytest.mark.parametrize(
    ("fields", "more", "cancelled"),
    [
        ({}, [], 1),
        ({"refund_requested_at": PAID + 3 * HOUR}, [], 0),
        ({"refund_requested_at": PAID + 3 * HOUR + US}, [], 1),
        ({}, [upload("1"), picked_up(PAID + 3 * HOUR)], 0),
        ({}, [upload("1"), picked_up(PAID + 3 * HOUR + US)], 1),
    ],
)
def test_who_closes_an_unsent_order_cancels_it(
    loop: Loop, fields: Message, more: list[Message], cancelled: int
) -> None:
    """It is closed three hours after its payment, before it was sent and without a request."""
    closed = order(updated_at=PAID + 3 * HOUR, state="closed", **fields)
    told(loop, order(), *more, closed, at=PAID + DAY)
    assert window(loop, "cancelled_7_days", "2026-11-20") == (cancelled, 1)


def test_an_order_takes_all_of_it_along_to_another_shop(loop: Loop) -> None:
    """Every count leaves the first shop; later days of both say so."""
    told(loop, promised(), order("2", PAID + 3 * DAY), upload("1"), picked_up(), at=PROMISE)
    told(loop, at=ARRIVAL + HOUR)
    assert window(loop, "delivered_late_month", "2026-11-25") == (1, 1)
    told(loop, promised(updated_at=ARRIVAL, shop_id="s-2"))
    for name in ("delivered_late_month", "untracked_30_days"):
        assert window(loop, name, "2026-11-25") == (0, 0)
    assert window(loop, "cancelled_7_days", "2026-11-25") == (0, 1)
    assert window(loop, "delivered_late_month", "2026-11-24", "s-2") == (1, 1)


def test_a_day_that_changes_renews_later_days_that_look_back_to_it_and_no_others(
    loop: Loop,
) -> None:
    """An order that is told ten days late: days before its payment are as they were."""
    for number in range(-3, 12, 3):
        told(loop, order(f"o{number}", PAID + number * DAY), at=PAID + number * DAY + HOUR)
    before = len(loop.risks)
    told(loop, order("late"), upload("late"), at=PAID + 10 * DAY)
    changed = {key.decode()[-10:] for _, key, _ in loop.risks[before:]}
    days = ("11-20", "11-22", "11-23", "11-25", "11-26", "11-28", "11-29", "12-01")
    assert changed == {f"2026-{day}" for day in days}
    assert window(loop, "late_7_days", "2026-11-28") == (4, 4)
    assert window(loop, "late_7_days", "2026-12-01")[1] == 3


def test_the_counts_of_a_day_are_kept_as_long_as_a_line_looks_back(loop: Loop) -> None:
    """Nothing is counted there any more after 65 days, and its products go."""
    told(loop, order("1", items=[{"product_id": "p1"}]), at=PAID + HOUR)
    end = us(PROMISE.replace(hour=0)) + DAY_US + KEPT
    later = order("2", PAID + 60 * DAY)
    told(loop, later, at=PAID + 60 * DAY)
    loop.now = end
    told(loop)
    row = rows(loop)["2026-11-22"]
    assert (row.counts[:2], row.products, row.named) == ([1, 1], {}, 0)
    told(loop, order("3"))
    assert rows(loop)["2026-11-22"].counts[:2] == [1, 1]
    loop.now = end + 30 * DAY_US - 10 * 1_000_000
    told(loop)
    assert "2026-11-22" in rows(loop)
    loop.now = end + 30 * DAY_US
    told(loop)
    assert "2026-11-22" not in rows(loop)


def rows(loop: Loop) -> dict[str, Any]:
    """The rows of the meters table, by day."""
    return {key.decode()[-10:]: load_shop_day(value) for key, value in stored(loop).items()}


def stored(loop: Loop) -> dict[bytes, bytes]:
    """The stored rows of the meters table."""
    found: dict[bytes, bytes] = {}
    for (table, _), values in loop.store.tables.items():
        if table == "meters":
            found.update(values)
    return found


def test_a_line_is_crossed_once_though_days_to_come_look_back_as_well(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    """Orders are due today and tomorrow; today's late one puts both days over the line."""
    caplog.set_level("INFO")
    told(loop, order("1"), order("2", PAID + DAY), order("3", PAID + 2 * DAY), at=PAID + HOUR)
    told(loop, at=PROMISE + HOUR)
    assert crossed(caplog, "late_7_days") == ["2026-11-22"]
    assert window(loop, "late_7_days", "2026-11-23") == (1, 2)


def test_a_day_that_looks_back_is_crossed_on_its_own_day_though_it_was_over_the_line_before(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    """The line lags a day: an order that is due tomorrow gives tomorrow a record today."""
    caplog.set_level("INFO")
    told(loop, order("1"), upload("1"), order("2", PAID - DAY), at=UPLOADED + HOUR)
    assert window(loop, "untracked_30_days", "2026-11-21") == (1, 1)
    assert crossed(caplog, "untracked_30_days") == []
    told(loop, order("3", PAID - DAY), at=UPLOADED + DAY + HOUR)
    assert crossed(caplog, "untracked_30_days") == ["2026-11-21"]


def crossed(caplog: pytest.LogCaptureFixture, line: str) -> list[str]:
    """The days of which the log says that a line was crossed."""
    return [
        str(record.args["day"])
        for record in caplog.records
        if isinstance(record.args, dict) and record.args.get("line") == line
    ]


def test_a_platform_without_such_lines_counts_and_reads_what_it_did() -> None:
    """No further counts, no window, no message more to an order."""
    loop = Loop(1, us(PAID + HOUR))
    for message in (promised(), upload("1"), picked_up(), record("delivered", ARRIVAL)):
        told(loop, message, at=ARRIVAL + DAY)
    value = newest(loop, "2026-11-20")
    assert set(value["counts"]) == {"due", "late", "unshipped", "shipped", "abnormal"}
    assert value["windows"] == []
    assert all(len(load_shop_day(each).counts) == 5 for each in stored(loop).values())
    # Of the upload, and of the pickup.
    assert len(loop.logs[TOPICS.parcel_facts, 0]) == 2


def test_more_days_than_are_remembered_are_read_again(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same windows, if nothing at all can be remembered."""
    monkeypatch.setattr(day_counts, "MOST_DAYS", 0)
    for number in range(4):
        told(loop, order(f"{number}", PAID + number * DAY), at=PAID + number * DAY)
    told(loop, at=PAID + 6 * DAY)
    assert window(loop, "late_7_days", "2026-11-25") == (4, 4)


@pytest.mark.parametrize("seed", range(12))
def test_windows_are_what_a_count_of_the_facts_gives(seed: int) -> None:
    """Random histories with crashes, late data and orders that move."""
    found, seen = differences(seed)
    assert found == []
    assert seen["days"]
