"""What of a text is kept, and what reads as a person's data."""

from __future__ import annotations

import json

import msgspec
import pytest

from schemas import times
from streams.decode import decode_order, decode_tracking
from streams.facts import kept
from streams.facts.facts import OrderFacts, OrderVersion, Place, TrackingFact
from streams.facts.plain import reads_as_plain
from streams.state.codec import VERSION, dump_message, load_order, load_order_facts, load_parcel
from streams.state.state import OrderLink, OrderState, ParcelState, Recipient

NOW = times.to_us(times.parse("2026-12-01T00:00:00Z"))
NAME = "王小明"
PHONE = "13800138000"


@pytest.mark.parametrize(
    "text",
    [
        *(NAME, "Wang Xiaoming", "Зоя", "wang@example.com", "深圳市南山区科技路1号", "a b"),
        *(PHONE, "+8613800138000", "86-13800138000", "008613800138000", "138-0013-8000"),
        *("0755-26861234", "(0755)26861234", "26861234", "(415)555-2671", "+1-415-555-2671"),
        *("4155552671", "11010519491231002X", "110105194912310021", "110105491231002"),
        *("wang13800138000", "tel:+86-13800138000"),
    ],
)
def test_what_reads_as_plain_text(text: str) -> None:
    """Names, addresses, e-mails; phones with and without signs and codes; ID cards, old and new."""
    assert reads_as_plain(text)
    assert kept.key(text) is None
    assert kept.code(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("a1f0", "k1", "address-anna", "103", "GOT_13", "InfoReceived", "0"),
        *("18fc3911dffcc2bdb59962905f27b6a4", "A1" * 16, "6f1ed002-ab55-4f3c-9e2d-13800138000a"),
        *("q83vEjRWeJCrze8SNFZ4kA==", "12345678901234567890", "a13800138000bcdef0123456789abcde"),
    ],
)
def test_what_is_an_opaque_code(text: str) -> None:
    """Hashes in hexadecimal and base64, UUIDs, short codes, long numbers."""
    assert not reads_as_plain(text)
    assert kept.key(text) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("10001-1234", "10001"), ("SW1A 1AA", "SW1A "), ("518000", "51800")),
        *(
            ("", ""),
            (None, None),
            (NAME, "~"),
            (PHONE, "~"),
            ("Wang 1 Xiaoming", "~"),
            ("abc", "~"),
        ),
    ],
)
def test_postal_codes(text: str | None, found: str | None) -> None:
    """Their beginning; of anything else a hash, by which two still differ."""
    said = kept.postal_code(text)
    assert said == found or (found == "~" and str(said).startswith("~"))
    assert kept.postal_code(NAME) == kept.postal_code(NAME) != kept.postal_code("李小明")


def order_value() -> dict[str, object]:
    """An order with personal data wherever a text may stand."""
    place = {
        "province": NAME,
        "city": "深圳",
        "district": "科技路1号",
        "site": NAME,
        "country": "China",
        "postal_code": PHONE,
        "region_code": PHONE,
        "address_key": "科技路1号",
        "person_key": PHONE,
    }
    return {
        "order_id": "1",
        "shop_id": "s-1",
        "platform": "douyin",
        "paid_at": "2026-11-20T10:00:00.000000Z",
        "updated_at": "2026-11-20T10:00:00.000000Z",
        "recipient": place,
        "via": place,
        "ship_from": place,
        "items": [{"product_id": "p", "sku_id": f"给{NAME}"}, None],
        "closed_reason": f"{NAME} {PHONE}",
        "currency": NAME,
        "delivery_method": NAME,
        "presale": NAME,
        "paid_at_quality": NAME,
        "partial": None,
        "state": "closed",
    }


def test_a_state_of_a_former_release_is_cleaned_when_it_is_read() -> None:
    """It becomes what this release makes of the same message, and holds nothing else."""
    value = {**order_value(), "items": [{"product_id": "p", "sku_id": f"给{NAME}"}]}
    made = decode_order(json.dumps(value).encode(), None, NOW, NOW)
    assert isinstance(made, OrderVersion)
    former = dict.fromkeys(json.loads("{" + made.canonical)) | value
    text = json.dumps(former, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert kept.canonical(text) == made.canonical
    said = Place("44", None, "科技路1号", PHONE, "王小明一二", "王小明 粤东省")
    old = msgspec.structs.replace(
        made, canonical=text, recipient=said, currency=NAME, items=(("p", NAME, 1),)
    )
    state = OrderState("1", [old, msgspec.structs.replace(old, updated_at=old.updated_at - 1)])
    stored = VERSION + bytes(8) + msgspec.msgpack.encode(state)
    assert NAME.encode() in stored
    read = load_order(stored)
    assert [version.updated_at for version in read.versions] == [old.updated_at - 1, old.updated_at]
    for plain in (NAME, PHONE, "科技路"):
        assert plain.encode() not in msgspec.msgpack.encode(read)
    assert read.versions[1].recipient == Place(
        "44", postal_code=kept.postal_code("王小明一二"), unrecognised="粤东省"
    )


def test_a_parcel_of_a_former_release_is_cleaned_when_it_is_read() -> None:
    """Ties, recipients, postal codes, the next number, and what orders said; also without a tie."""
    value = {
        "carrier": "zto",
        "tracking_number": "78",
        "status": "picked_up",
        "occurred_at": "2026-11-20T10:00:00Z",
        "order_ids": ["1"],
        "raw_status": NAME,
        "location": {"province": "广东省", "site": NAME, "district": NAME},
        "recipient": {"city": NAME, "address_key": PHONE, "postal_code": NAME},
        "next": {"carrier": NAME, "tracking_number": NAME},
    }
    made = decode_tracking(json.dumps(value).encode(), NOW)
    assert isinstance(made, TrackingFact)
    assert made.next is None
    sent = {name: value.get(name) for name in json.loads("{" + made.tie)}
    text = json.dumps(sent, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert kept.canonical(text) == made.tie
    link = OrderLink(made.at, made.digest, 1, ("1",), None, None, text, 0, 0, 1)
    state = ParcelState("zto:78", named=[link], recipients=[Recipient(0, NAME, NAME)])
    state.next, state.postal_codes = [((1, 2), f"{NAME}:{NAME}")], [((1, 2), NAME)]
    unnamed = ParcelState("zto:78", recipients=[Recipient(0, PHONE, NAME)])
    for each in (state, unnamed):
        read = load_parcel(VERSION + bytes(8) + msgspec.msgpack.encode(each))
        for plain in (NAME, PHONE):
            assert plain.encode() not in msgspec.msgpack.encode(read)
        assert len(read.recipients) == 1
    facts = OrderFacts("1", known=True, recipients=((1, Place(address_key=NAME)), (2, None)))
    assert load_order_facts(dump_message(facts)).recipients == ((1, Place()), (2, None))
