"""The answer before an upload says what would be: nothing that is only imagined is told as past."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.builders import (
    BORIS,
    CARRIER,
    DAY,
    HOUR,
    NUMBER,
    PAID,
    UPLOADED,
    Message,
    order,
    picked_up,
    release,
    upload,
    us,
)
from support.packs import feed

from streams.judge.precheck import ask_order
from streams.judge.warnings import Revision
from streams.outputs.check_answer import answer
from streams.profiles.loader import load
from streams.replay.machine import Machine

PROFILES = load()
KEY = f"{CARRIER}:{NUMBER}"
LATE = UPLOADED + 60 * HOUR


def passed_over(_: Revision) -> None:
    """What is published is not looked at."""


def reasons(history: list[Message], at: datetime, order_id: str = "2") -> dict[str, dict[str, Any]]:
    """What speaks against NUMBER for an order after a history: code/stage → reason."""
    machine = Machine(PROFILES, passed_over)
    feed(machine, history, at)
    word = ask_order(machine.order_state(order_id), KEY, us(at), PROFILES)
    found = answer(KEY, machine.parcel_state(KEY), order_id, word, PROFILES, us(at))
    return {f"{each['code']}/{each.get('stage', '')}": each for each in found["reasons"]}


def test_a_number_that_another_order_has_was_not_uploaded_for_this_one() -> None:
    """The clock of the earlier upload has run out; that is what is said, with its times."""
    found = reasons([order("1"), order("2"), upload("1")], LATE)
    reason = found["pickup_overdue/violation"]
    assert reason["says"]["en"] == (
        f"Number {CARRIER} {NUMBER} has been in use since 2026-11-20 12:00 (UTC+8) and was not "
        "picked up by its limit 2026-11-21 12:00 (UTC+8); uploaded for order 2 it would be at risk "
        "of being judged a fake shipment there too. What may follow: a strike against the shop."
    )
    assert reason["says"]["zh"].startswith(
        f"单号 {CARRIER} {NUMBER} 自 2026-11-20 12:00 (UTC+8) 起已在使用，到时限 "
    )
    assert reason["remedy"]["en"] == (
        "Do not upload it: have that parcel picked up first, or use the number of another."
    )


def test_for_an_order_that_has_it_already_the_warning_speaks_itself() -> None:
    """It was uploaded, so its own words are true."""
    found = reasons([order("2"), upload("2")], LATE)
    assert "already_uploaded/" in found
    says = found["pickup_overdue/violation"]["says"]["en"]
    assert says.startswith(f"Number {CARRIER} {NUMBER} (order 2) was uploaded more than 24 h ago")


def test_after_a_release_it_is_a_new_upload() -> None:
    """The order had the number, and has it no more: nothing is told as if it had."""
    history = [order("1"), order("2"), upload("1"), upload("2"), release("2", UPLOADED + HOUR)]
    found = reasons(history, LATE)
    assert "already_uploaded/" not in found
    assert "would be at risk" in found["pickup_overdue/violation"]["says"]["en"]


def test_a_second_number_of_a_late_order_is_not_there_yet() -> None:
    """A check of the order's own side."""
    other = upload("2", UPLOADED, "78999999999999")
    found = reasons([order("2"), other], PAID + 3 * DAY)
    assert found["reshipped_while_late/violation"]["says"]["en"].startswith(
        "Order 2 is late, not picked up, and has a number already; uploading a further one, "
        f"{CARRIER} {NUMBER}, would put it at risk"
    )


@pytest.mark.parametrize(
    ("first", "code", "says"),
    [
        (
            order("1"),
            "used_by_same/",
            "is in use for an order of the same recipient (uploaded 2026-11-20 12:00 (UTC+8)); a "
            "combined parcel is fine.",
        ),
        (
            order("1", recipient=BORIS),
            "duplicate_tracking_number/violation",
            "was used before, for an order of another recipient; uploaded for order 2 it would be "
            "at risk of being judged a duplicate. What may follow: a strike against the shop.",
        ),
    ],
)
def test_the_order_asked_for_is_not_taken_for_the_one_that_has_the_number(
    first: Message, code: str, says: str
) -> None:
    """Whose the number is, is not said by the id of the order that it is asked for."""
    found = reasons([first, order("2"), upload("1"), picked_up()], UPLOADED + 20 * HOUR)
    assert found[code]["says"]["en"] == f"Number {CARRIER} {NUMBER} {says}"


def test_nothing_is_past_whatever_the_hour() -> None:
    """From the other order's upload on, hour by hour, through all stages of its clock."""
    seen = set()
    for hours in range(1, 80):
        at = UPLOADED + timedelta(hours=hours)
        for key, reason in reasons([order("1"), order("2"), upload("1")], at).items():
            if key.startswith("pickup_overdue/"):
                seen.add(key)
                assert "was uploaded" not in reason["says"]["en"]
                assert "上传超过" not in reason["says"]["zh"]
                assert "uploaded for order 2 it would" in reason["says"]["en"]
    assert seen == {"pickup_overdue/violation", "pickup_overdue/serious"}
