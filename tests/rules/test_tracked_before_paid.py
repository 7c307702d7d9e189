"""`tracked_before_paid`: the track is older than the payment of its order."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    DAY,
    HOUR,
    LATER,
    MINUTE,
    NUMBER,
    PAID,
    UPLOADED,
    US,
    Message,
    arriving,
    judge,
    order,
    picked_up,
    record,
    release,
    times,
    upload,
)
from support.parcels import proofs_of
from support.troubles import travels

RULE = "tracked_before_paid"
EARLY = PAID - 5 * MINUTE - US


def story(platform: str, **fields: Any) -> list[Message]:
    """Picked up four hours before the buyer paid."""
    story = [order(platform=platform, **fields), upload("1", platform=platform)]
    return [*story, *travels(since=PAID - 4 * HOUR)]


def early(at: datetime = EARLY, platform: str = "douyin", **fields: Any) -> list[Message]:
    """A parcel picked up before its order was paid."""
    return [order(platform=platform, **fields), upload("1"), picked_up(at)]


def test_fires_from_the_upload_on() -> None:
    """The record is old; the warning opens when the number is uploaded for the order."""
    warning = judge(early(), LATER).one(RULE)
    assert (warning["state"], warning["severity"]) == ("open", "critical")
    assert warning["order_ids"] == ["1"]
    assert times(warning)["opened_at"] == UPLOADED


def test_it_opens_with_the_record_where_that_is_later() -> None:
    """Uploaded before the payment too: it holds from the record on, its anchor stays the upload."""
    early = upload("1", EARLY - HOUR)
    warning = judge([order(), early, picked_up(EARLY)], LATER).one(RULE)
    assert times(warning)["opened_at"] == EARLY
    text = f"{RULE}|violation|douyin|parcel:zto:{NUMBER}:order:1|2026-11-20T00:54:59.999999Z"
    assert warning["warning_id"] == sha256(text.encode()).hexdigest()[:32]


@pytest.mark.parametrize("platform", ["douyin", "tmall", "brief"])
def test_five_minutes_are_allowed(platform: str) -> None:
    """Exactly five minutes before the payment is no risk, a microsecond more is."""
    assert judge(early(PAID - 5 * MINUTE, platform), LATER).of(RULE) == []
    assert judge(early(EARLY, platform), LATER).one(RULE)["platform"] == platform


@pytest.mark.parametrize(("platform", "fires"), [("douyin", True), ("tmall", False)])
def test_which_record_counts(platform: str, fires: bool) -> None:
    """Any record for Douyin, the pickup alone for the others."""
    sent = [order(platform=platform), upload("1"), record("hub", EARLY), picked_up()]
    assert bool(judge(sent, LATER).of(RULE)) is fires


@pytest.mark.parametrize("status", ["ordered", "unknown"])
def test_what_is_no_record_does_not_count(status: str) -> None:
    """A label printed before the payment is no track."""
    assert judge([order(), upload("1"), record(status, EARLY), picked_up()], LATER).of(RULE) == []


FINAL = PAID + 20 * HOUR


@pytest.mark.parametrize(("platform", "fires"), [("douyin", True), ("tmall", False)])
def test_which_payment_counts(platform: str, fires: bool) -> None:
    """Between deposit and final payment: too early for Douyin, fine for the others."""
    presale = {"presale": "deposit", "final_paid_at": FINAL}
    sent = [order(platform=platform, **presale), upload("1"), picked_up(FINAL - HOUR)]
    assert bool(judge(sent, LATER).of(RULE)) is fires


def test_nothing_while_the_final_payment_is_unknown() -> None:
    """Douyin waits for it; the others take the first payment, which is known."""
    unknown = {"presale": "deposit"}
    assert judge(early(PAID + HOUR, **unknown), LATER).of(RULE) == []
    assert judge(early(EARLY, **unknown), LATER).of(RULE) == []
    assert judge(early(EARLY, "tmall", **unknown), LATER).one(RULE)["state"] == "open"
    paid = order(presale="deposit", final_paid_at=FINAL, updated_at=FINAL)
    assert judge([*early(PAID + HOUR, **unknown), paid], LATER).one(RULE)["state"] == "open"


def test_stays_quiet_for_an_order_that_is_not_known() -> None:
    """Without a payment there is nothing to compare with; once it is known, there is."""
    sent = early()[1:]
    assert judge(sent, LATER).of(RULE) == []
    late = arriving(order(), UPLOADED + DAY)
    assert judge([*sent, late], LATER).one(RULE)["state"] == "open"


def test_a_former_life_is_no_early_track() -> None:
    """Scans of whoever had the number more than 30 days before are another life's."""
    old = record("delivered", UPLOADED - 30 * DAY - US)
    assert judge([order(), old, upload("1"), picked_up()], LATER).of(RULE) == []
    own = record("delivered", UPLOADED - 30 * DAY)
    assert judge([order(), own, upload("1"), picked_up()], LATER).one(RULE)["state"] == "open"


GUESSED = {"time_quality": "estimated"}


@pytest.mark.parametrize("platform", ["douyin", "tmall"])
def test_a_guessed_time_accuses_nobody(platform: str) -> None:
    """The first of the exact ones counts; a payment whose time is a guess is no measure."""
    sent = [order(platform=platform), upload("1"), picked_up(EARLY, **GUESSED)]
    assert judge(sent, LATER).of(RULE) == []
    assert judge([*sent, picked_up(EARLY + US)], LATER).of(RULE) == []
    exact = judge([*sent, picked_up(EARLY, raw_status="1")], LATER).one(RULE)
    assert times(exact)["opened_at"] == UPLOADED
    assert judge(early(EARLY, platform, paid_at_quality="estimated"), LATER).of(RULE) == []
    other = early(EARLY, platform, paid_at_quality="about noon")
    assert judge(other, LATER).one(RULE)["state"] == "open"


def test_a_fact_that_somebody_calls_guessed_is_guessed() -> None:
    """Sent twice, once without a word of it: in either order of arrival."""
    exact, guessed = picked_up(EARLY), picked_up(EARLY, **GUESSED)
    start = [order(), upload("1")]
    for first, second in ((exact, guessed), (guessed, exact)):
        sent = [*start, arriving(first, UPLOADED + HOUR), arriving(second, UPLOADED + DAY)]
        assert judge(sent, LATER).of(RULE) == []


def test_a_guessed_final_payment_is_no_measure_for_douyin() -> None:
    """`paid_at_quality` speaks of the base, the final payment too."""
    said = {"presale": "deposit", "final_paid_at": FINAL, "paid_at_quality": "estimated"}
    assert judge([order(**said), upload("1"), picked_up(FINAL - HOUR)], LATER).of(RULE) == []


def test_it_ends_with_the_order() -> None:
    """Released: resolved then; at the upload's own moment nothing was ever at risk."""
    warning = judge([*early(), release("1", UPLOADED + HOUR)], LATER).one(RULE)
    assert times(warning)["resolved_at"] == UPLOADED + HOUR
    assert judge([*early(), release("1", UPLOADED)], LATER).of(RULE) == []
    closed = order(state="closed", updated_at=UPLOADED + US)
    assert judge([*early(), closed], LATER).one(RULE)["state"] == "resolved"


def test_each_order_is_judged_by_itself() -> None:
    """Two orders of one parcel, one paid before the pickup."""
    sent = [order("1", paid=PAID - DAY), order("2"), upload(["1", "2"]), picked_up(EARLY)]
    assert judge(sent, LATER).one(RULE)["order_ids"] == ["2"]


def test_each_order_of_arrival_gives_the_same() -> None:
    """Order, upload and pickup in any order: one warning, one id."""
    wanted = judge(early(), LATER).one(RULE)
    for places in permutations(range(3)):
        sent = [
            arriving(message, UPLOADED + place * HOUR)
            for message, place in zip(early(), places, strict=True)
        ]
        found = judge(sent, LATER).one(RULE)
        assert found["warning_id"] == wanted["warning_id"]
        assert times(found) == times(wanted)


def test_a_late_correction_of_the_payment_withdraws() -> None:
    """A newer version says that it was paid before: nothing was wrong."""
    paid = order(paid=EARLY, updated_at=PAID + DAY)
    outcome = judge([*early(), arriving(paid, UPLOADED + DAY)], LATER)
    assert outcome.of(RULE) == []
    assert outcome.states(RULE) == ["open", "withdrawn"]


def test_repeated_records_change_nothing() -> None:
    """The same history twice: the same revisions."""
    assert judge(early() * 2, LATER).log == judge(early(), LATER).log


def test_evidence_names_payment_upload_and_record() -> None:
    """The order's newest version, the upload, then the record that is too early."""
    assert proofs_of(RULE, early(), LATER)[-1] == [
        ("order-paid", 0, 100, "paid", PAID),
        ("tracking-update", 1, 101, "ordered", UPLOADED),
        ("tracking-update", 2, 102, "picked_up", EARLY),
    ]
