"""Parts of the service that need no service: masks, rates, senders, ids made unique."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from urllib.parse import quote_plus

import pytest

from streams.ingest.limits import Rate, sender
from streams.ingest.masking import masked_bytes, masked_text

PHONE, MASK = "13812345678", "1**********"


@pytest.mark.parametrize(
    "text",
    [
        PHONE,
        f"快递员{PHONE}，已派送",
        f"tel:{PHONE}-1",
        f"+86{PHONE}",
        f"0086{PHONE}",
        f"0{PHONE}",
        f'"phone":{PHONE},',
    ],
)
def test_mobile_numbers_are_masked_however_they_are_written(text: str) -> None:
    """As text, in a form and as JSON with escapes; what is masked keeps its length."""
    for written in (text, quote_plus(text), quote_plus(quote_plus(text)), ascii(text)):
        masked = masked_text(written)
        assert PHONE not in masked
        assert MASK in masked
        assert len(masked) == len(written)


@pytest.mark.parametrize(
    "text", ["78138123456789", "1795607990", "1795607990123", "12812345678", "SF1381234567890"]
)
def test_other_numbers_stay(text: str) -> None:
    """Tracking numbers and times, or a letter would not say whose it is."""
    assert masked_text(text) == text


def test_bytes_that_are_no_text_are_masked_too() -> None:
    """A body may be anything."""
    assert masked_bytes(b"\xff13812345678\xfe") == b"\xff1**********\xfe"


def test_a_rate_lets_through_what_it_says() -> None:
    """Two seconds' worth at once, then one for each part of a second that has passed."""
    now = 0.0
    rate = Rate(2, lambda: now)
    assert [rate.admit() for _ in range(5)] == [True] * 4 + [False]
    now = 0.5
    assert [rate.admit() for _ in range(2)] == [True, False]
    now = 1000.0
    assert [rate.admit() for _ in range(5)] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.1", [], "203.0.113.1"),
        ("203.0.113.1", ["198.51.100.1"], "203.0.113.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.1, 198.51.100.1", "10.9.9.9"], "198.51.100.1"),
        ("::ffff:203.0.113.1", [], "203.0.113.1"),
        ("::ffff:10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", [], None),
        ("10.0.0.1", ["nobody"], None),
        ("", [], None),
    ],
)
def test_a_sender_is_who_the_nearest_stranger_is(
    peer: str, forwarded: list[str], found: str | None
) -> None:
    """What stands further left in the header, anybody may have written."""
    known = sender(peer, forwarded, [ip_network("10.0.0.0/8")])
    assert known == (None if found is None else ip_address(found))
