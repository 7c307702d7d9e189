"""Hostile bytes, times at their boundaries, and what a refusal may say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import schemas
from schemas import OrderPaid, Refusal, TrackingUpdate, parse, times

ARRIVAL = datetime(2026, 12, 1, tzinfo=UTC)
ARRIVAL_US = times.to_us(ARRIVAL)
UPDATE: dict[str, Any] = {
    "carrier": "zto",
    "tracking_number": "78123456789012",
    "status": "picked_up",
    "occurred_at": "2026-11-20T18:00:00+08:00",
}
ORDER: dict[str, Any] = {
    "order_id": "1",
    "shop_id": "s",
    "platform": "douyin",
    "paid_at": "2026-11-20T10:00:00+08:00",
}


def refusal(raw: bytes | None) -> Refusal:
    """Return why a tracking update is refused."""
    verdict = parse(TrackingUpdate, raw, ARRIVAL_US)
    assert isinstance(verdict, Refusal)
    return verdict


def order(**changes: Any) -> OrderPaid | Refusal:
    """Return the order with some fields changed, or why it is refused."""
    verdict = parse(OrderPaid, json.dumps({**ORDER, **changes}).encode(), ARRIVAL_US)
    return verdict if isinstance(verdict, Refusal) else verdict[0]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "null_value"),
        (b"", "not_json"),
        (b"\x00", "not_json"),
        (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
        (b'{"x":' + b'{"y":' * 10_000 + b"1" + b"}" * 10_001, "too_deep"),
        (b'{"x":"' + b"a" * 2_000_000 + b'"}', "too_large"),
        (b'{"x":' + b"9" * 5_000 + b"}", "wrong_type"),
        (b'{"x":"\\udc00abcdefgh"}', "invalid_utf8"),
        (b'{"x":"\xed\xa0\x80"}', "invalid_utf8"),
        (b"\xff\xfe{\x00}\x00", "invalid_utf8"),
        (b'"text"', "not_an_object"),
        (b"NaN", "not_json"),
    ],
)
def test_hostile_bytes(raw: bytes | None, reason: str) -> None:
    """Bytes that hold no message are refused with a reason of their own, and quickly."""
    assert refusal(raw).reason == reason


def test_a_value_of_the_greatest_size_is_read() -> None:
    """The limit on size is the last size that is accepted."""
    text = json.dumps({**UPDATE, "description": ""})
    filled = json.dumps(
        {**UPDATE, "description": "a" * (schemas.MAX_VALUE_BYTES - len(text))}
    ).encode()
    assert len(filled) == schemas.MAX_VALUE_BYTES
    assert not isinstance(parse(TrackingUpdate, filled, ARRIVAL_US), Refusal)
    assert refusal(filled + b" ").reason == "too_large"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T10:00:00+08:00", "2026-11-20T02:00:00+00:00"),
        ("2026-11-20 10:00:00+0800", "2026-11-20T02:00:00+00:00"),
        ("2026-11-20t10:00+08", "2026-11-20T02:00:00+00:00"),
        ("2026-11-20T10:00:00.1234567Z", "2026-11-20T10:00:00.123456+00:00"),
        ("2026-11-20T10:00:00,5-03:30", "2026-11-20T13:30:00.500000+00:00"),
    ],
)
def test_forms_of_time(text: str, expected: str) -> None:
    """The forms of ISO-8601 that producers write are one instant each."""
    assert times.parse(text).astimezone(UTC).isoformat() == expected


@pytest.mark.parametrize(
    "text", ["２０２６-11-20T10:00:00Z", " 2026-11-20T10:00:00Z\t", "2026-11-20T10:00：00\u200bZ"]
)
def test_a_time_is_cleaned_as_every_string(text: str) -> None:
    """Width, blanks around and invisible characters do not make a time none."""
    read = order(paid_at=text)
    assert isinstance(read, OrderPaid)
    assert read.paid_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-20",
        "2026-11-20T10:00:00+24:00",
        "2026-11-20T24:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-20T10:00:60Z",
        "0000-01-01T00:00:00Z",
        "1795168800",
    ],
)
def test_text_that_is_no_time(text: str) -> None:
    """Text that is no date and time is of the wrong type, in an optional field too."""
    for field in ("paid_at", "updated_at", "promised_ship_by"):
        verdict = order(**{field: text})
        assert isinstance(verdict, Refusal)
        assert (verdict.reason, verdict.field) == ("wrong_type", field)


def test_earliest_time() -> None:
    """2015-01-01 UTC is a time; the microsecond before is none."""
    assert isinstance(order(paid_at="2015-01-01T00:00:00Z"), OrderPaid)
    before = "2014-12-31T23:59:59.999999Z"
    verdict = order(paid_at=before)
    assert isinstance(verdict, Refusal)
    assert verdict.reason == "implausible_time"
    later = order(updated_at=before, final_paid_at=before, promised_ship_by=before)
    assert isinstance(later, OrderPaid)
    assert (later.updated_at, later.final_paid_at, later.promised_ship_by) == (None, None, None)


def test_latest_time() -> None:
    """24 h after arrival is a time; a microsecond more is in the future, but not for a promise."""
    last = ARRIVAL + timedelta(hours=24)
    beyond = (last + timedelta(microseconds=1)).isoformat()
    assert isinstance(order(paid_at=last.isoformat()), OrderPaid)
    verdict = order(paid_at=beyond)
    assert isinstance(verdict, Refusal)
    assert verdict.reason == "time_in_future"
    later = order(updated_at=beyond, final_paid_at=beyond, promised_ship_by=beyond)
    assert isinstance(later, OrderPaid)
    assert (later.updated_at, later.final_paid_at) == (None, None)
    assert later.promised_ship_by == last + timedelta(microseconds=1)


def test_ids_become_text() -> None:
    """Integer ids of any length become their digits; booleans and decimals are no ids."""
    parsed = order(order_id=10**39, shop_id=7, items=[{"product_id": 1, "quantity": 2}])
    assert isinstance(parsed, OrderPaid)
    assert (parsed.order_id, parsed.shop_id) == ("1" + "0" * 39, "7")
    assert parsed.items is not None
    assert (parsed.items[0].product_id, parsed.items[0].quantity) == ("1", 2)
    for value in (True, 1.5, [], {}):
        verdict = order(order_id=value)
        assert isinstance(verdict, Refusal)
        assert (verdict.reason, verdict.field) == ("wrong_type", "order_id")


@pytest.mark.parametrize("value", [10**39, 2**63, -(2**63) - 1, True, 1.0, "1"])
def test_numbers_are_whole_and_of_64_bits(value: object) -> None:
    """Money and quantities are whole numbers that fit; text and decimals are none."""
    for changes, field in (
        ({"amount_paid": value}, "amount_paid"),
        ({"items": [{"quantity": value}]}, "items.0.quantity"),
    ):
        verdict = order(**changes)
        assert isinstance(verdict, Refusal)
        assert (verdict.reason, verdict.field) == ("wrong_type", field)


def test_personal_data_stays_out_of_messages() -> None:
    """A refusal quotes nothing of a recipient, an id or free text."""
    private = "Li Lei 13800000000"
    wrong: list[dict[str, Any]] = [
        {"recipient": {"province": [private]}},
        {"recipient": private},
        {"recipient": {"address_key": {private: private}}},
        {"closed_reason": [private]},
        {"order_id": [private]},
        {"shop_id": private * 100},
        {"items": [private]},
        {"amount_paid": private},
    ]
    for changes in wrong:
        verdict = order(**changes)
        assert isinstance(verdict, Refusal)
        assert private not in verdict.message
    broken = refusal(b'{"recipient": {"name": "' + private.encode() + b'"')
    assert private not in broken.message


def test_a_quoted_value_is_short() -> None:
    """A status or time that is quoted is cut short."""
    verdict = refusal(json.dumps({**UPDATE, "status": "x" * 10_000}).encode())
    assert verdict.reason == "unknown_value"
    assert "picked_up" in verdict.message
    assert len(verdict.message) < 400


def test_a_dead_letter_keeps_every_byte() -> None:
    """The original key and value come back from a dead letter unchanged, whatever they hold."""
    value = bytes(range(256)) * 8_000
    letter = schemas.dead_letter(
        reason="not_json",
        field=None,
        message="the value is not JSON",
        topic="order-paid",
        partition=3,
        offset=7,
        timestamp=ARRIVAL,
        key=b"\xff\x00",
        value=value,
        detected_at=ARRIVAL,
    )
    read = schemas.DeadLetter.model_validate_json(json.dumps(letter))
    assert (read.key, read.value, read.truncated) == (b"\xff\x00", value, False)
    assert (read.origin.partition, read.origin.offset, read.value_bytes) == (3, 7, len(value))


def test_a_cut_dead_letter_says_so() -> None:
    """Where only the beginning fits, the letter says so; size and digest are of the whole."""
    arguments: dict[str, Any] = {
        "reason": "too_large",
        "field": None,
        "message": "the value has 10 bytes: at most 4 are allowed",
        "topic": "order-paid",
        "partition": 0,
        "offset": 0,
        "timestamp": None,
        "key": None,
        "value": b"0123456789",
        "detected_at": ARRIVAL,
    }
    cut = schemas.dead_letter(**arguments, max_value_bytes=4)
    read = schemas.DeadLetter.model_validate_json(json.dumps(cut))
    assert (read.value, read.truncated, read.value_bytes) == (b"0123", True, 10)
    assert cut["value_sha256"] == schemas.dead_letter(**arguments)["value_sha256"]
