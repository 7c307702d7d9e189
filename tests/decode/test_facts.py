"""What makes two records one fact, and what the canonical forms hold."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import times
from streams.decode import Bad, decode_order, decode_tracking, parcel_key
from streams.decode import order as order_module
from streams.decode import tracking as tracking_module
from streams.facts.facts import (
    DELIVERY_METHODS,
    PRESALES,
    STATED_BITS,
    STATUS_CODE,
    OrderVersion,
    Place,
    TrackingFact,
)

ARRIVAL_US = times.to_us(datetime(2026, 12, 1, tzinfo=UTC))
UPDATE: dict[str, Any] = {
    "carrier": "zto",
    "tracking_number": "78123456789012",
    "status": "picked_up",
    "occurred_at": "2026-11-20T18:00:00+08:00",
    "raw_status": "103",
    "description": "已揽收",
    "location": {"province": "浙江省", "city": "杭州市"},
    "recipient": {"province": "广东省", "city": "深圳市", "address_key": "a1"},
    "order_ids": ["2", "1"],
}
ORDER: dict[str, Any] = {
    "order_id": "1",
    "shop_id": "s",
    "platform": "douyin",
    "paid_at": "2026-11-20T10:00:00+08:00",
}

FROZEN_DIGEST, FROZEN_NODE = 3550665702270148, 1_513_028_833


def fact(**changes: Any) -> TrackingFact:
    """Return the fact of the update with some fields changed."""
    raw = json.dumps({**UPDATE, **changes}).encode()
    decoded = decode_tracking(raw, ARRIVAL_US)
    assert isinstance(decoded, TrackingFact), decoded
    return decoded


def version(**changes: Any) -> OrderVersion:
    """Return the version of the order with some fields changed."""
    raw = json.dumps({**ORDER, **changes}).encode()
    decoded = decode_order(raw, None, ARRIVAL_US, ARRIVAL_US)
    assert isinstance(decoded, OrderVersion), decoded
    return decoded


def part(**said: Any) -> OrderVersion:
    """Return the partial version that says so and nothing else."""
    least = {"order_id": "1", "updated_at": "2026-11-20T10:00:05+08:00"}
    raw = json.dumps({"partial": True, **least, **said}).encode()
    decoded = decode_order(raw, None, ARRIVAL_US, ARRIVAL_US)
    assert isinstance(decoded, OrderVersion), decoded
    return decoded


def test_an_order_without_a_sum_for_the_goods_is_as_before() -> None:
    """Its canonical form has no such field; where there is one it tells two versions apart."""
    plain, null = version(), version(amount_goods=None)
    assert plain.canonical == null.canonical
    assert "amount_goods" not in plain.canonical
    some = version(amount_goods=9_900)
    assert some.canonical == '"amount_goods":9900,' + plain.canonical
    assert (plain.amount_goods, some.amount_goods) == (None, 9_900)
    said, silent = part(amount_goods=None), part()
    assert said.canonical == silent.canonical
    assert said.stated != silent.stated


@pytest.mark.parametrize(
    "changes",
    [
        {"occurred_at": "2026-11-20T10:00:00Z"},
        {"occurred_at": "2026-11-20 18:00:00.000000+0800"},
        {"order_ids": ["1", "2", "1"]},
        {"order_ids": [1, 2]},
        {"carrier": " ZTO "},
        {"tracking_number": " 7812345 6789012"},
        {"tracking_number": 78123456789012},
        {"location": {"province": "浙江省", "city": "杭州市", "district": None, "floor": 3}},
        {"source": "elsewhere", "received_at": "2026-11-20T18:01:00+08:00", "extra": [1]},
        {"raw_status": 103},
    ],
)
def test_the_same_fact(changes: dict[str, Any]) -> None:
    """Spelling, order, nulls and unknown fields do not make another fact."""
    one, other = fact(), fact(**changes)
    assert (one.digest, one.key, one.at) == (other.digest, other.key, other.at)
    assert (one.node, one.tie, one.order_ids) == (other.node, other.tie, other.order_ids)


@pytest.mark.parametrize(
    "changes",
    [
        {"carrier": "sto"},
        {"tracking_number": "78123456789013"},
        {"tracking_number": "7812345-6789012"},
        {"occurred_at": "2026-11-20T18:00:00.000001+08:00"},
        {"status": "hub"},
        {"raw_status": None},
        {"raw_status": ""},
        {"description": "已收"},
        {"location": None},
        {"location": {"province": "浙江", "city": "杭州市"}},
        {"location": {"province": "浙江省", "city": "杭州市", "site": "x"}},
        {"recipient": None},
        {"recipient": {"province": "广东省", "city": "深圳市", "person_key": "a1"}},
        {"order_ids": ["1"]},
        {"order_ids": None},
    ],
)
def test_another_fact(changes: dict[str, Any]) -> None:
    """Each field that identifies a fact does so, as sent: another spelling of a place counts."""
    assert fact().digest != fact(**changes).digest


def test_fields_that_do_not_identify_are_kept() -> None:
    """Shop and platform stay with the fact without making another one."""
    one = fact(shop_id=7, platform="tmall")
    assert (one.shop_id, one.platform, one.digest) == ("7", "tmall", fact().digest)


def test_the_node_is_status_location_and_description() -> None:
    """The node's hash changes with what the carrier repeats, and with nothing else."""
    node = fact().node
    assert fact(occurred_at="2026-11-21T18:00:00Z", raw_status="9", order_ids=[]).node == node
    assert fact(status="hub").node != node
    assert fact(description=None).node != node
    assert fact(location={"city": "杭州市"}).node != node


def test_hashes_fit_a_signed_integer() -> None:
    """Hashes stay within 63 bits, so msgpack and databases hold them as signed integers."""
    for number in range(300):
        one = fact(tracking_number=str(10**9 + number))
        assert 0 <= one.digest < 2**63
        assert 0 <= one.node < 2**63


def test_the_digest_never_changes() -> None:
    """Digests are in stored states: one written yesterday is the one computed tomorrow."""
    assert (fact().digest, fact().node) == (FROZEN_DIGEST, FROZEN_NODE)


def test_ties_hold_what_differs_but_no_free_text() -> None:
    """The tie is canonical JSON without the description; facts without orders have none."""
    location = {name: text for name, text in UPDATE["location"].items() if name != "site"}
    assert json.loads("{" + fact().tie) == {
        "location": location,
        "order_ids": ["1", "2"],
        "raw_status": "103",
        "recipient": UPDATE["recipient"],
        "status": "picked_up",
    }
    assert "已揽收" not in fact().tie
    assert fact(order_ids=[]).tie == ""


def test_empty_order_ids_are_none() -> None:
    """An absent, null or empty list of orders is one and the same."""
    assert fact(order_ids=None) == fact(order_ids=[])


def test_origin_is_copied() -> None:
    """Partition and offset are copied into facts and versions."""
    raw = json.dumps(UPDATE).encode()
    one = decode_tracking(raw, ARRIVAL_US, 3, 41)
    assert isinstance(one, TrackingFact)
    assert (one.partition, one.offset) == (3, 41)
    other = decode_order(json.dumps(ORDER).encode(), None, ARRIVAL_US, ARRIVAL_US, 2, 5)
    assert isinstance(other, OrderVersion)
    assert (other.partition, other.offset) == (2, 5)


def test_places_become_codes() -> None:
    """A fact holds codes and opaque keys; an empty key is unknown, a sent recipient stays one."""
    one = fact()
    assert one.location == Place("33", "3301")
    assert one.recipient == Place("44", "4403", "a1")
    assert fact(recipient={"address_key": ""}).recipient == Place()
    assert fact(recipient=None).recipient is None


@pytest.mark.parametrize(
    ("carrier", "number", "key"),
    [
        ("zto", "78123456789012", "zto:78123456789012"),
        (" ZTO\t", "yt00-1", "zto:YT00-1"),
        ("sf", "ｓｆ\u3000１２３ ４５", "sf:SF12345"),
        ("jd", "JD\u00a0001-1-2 ", "jd:JD001-1-2"),
        ("x", "straße", "x:STRASSE"),
        ("x", "a:b", "x:A:B"),
    ],
)
def test_keys_are_normalised(carrier: str, number: str, key: str) -> None:
    """Width, case and white space do not make another parcel; hyphens do."""
    assert parcel_key(carrier, number) == key
    assert fact(carrier=carrier, tracking_number=number).key == key


def test_an_order_takes_its_defaults() -> None:
    """The least order is express, open, without presale, as of its payment."""
    one = version()
    assert (one.updated_at, one.delivery_method, one.presale) == (one.paid_at, 0, 0)
    assert (one.closed, one.known, one.recipient, one.items) == (False, True, None, ())
    assert one.paid_at == 1795140000 * 1_000_000


def test_an_order_is_read_whole() -> None:
    """Every field of an order that rules use arrives."""
    one = version(
        updated_at="2026-11-20T10:00:05+08:00",
        final_paid_at="2026-11-21T10:00:00+08:00",
        promised_ship_by="2027-01-01T23:59:59+08:00",
        amount_paid=12900,
        currency="CNY",
        delivery_method="self_pickup",
        presale="deposit",
        state="closed",
        recipient={"province": "上海", "city": "浦东新区", "address_key": "a", "person_key": "p"},
        ship_from={"region_code": 330100},
        items=[{"product_id": 1, "sku_id": "k", "quantity": 2}, {}],
    )
    assert one.updated_at - one.paid_at == 5_000_000
    assert one.final_paid_at == one.paid_at + 86_400_000_000
    assert one.promised_ship_by == times.to_us(times.parse("2027-01-01T23:59:59+08:00"))
    assert (one.amount_paid, one.currency, one.delivery_method) == (12900, "CNY", 2)
    assert (one.presale, one.closed) == (2, True)
    assert one.recipient == Place("31", "3101", "a", "p")
    assert one.ship_from == Place("33", "3301")
    assert one.items == (("1", "k", 2), (None, None, None))


def test_an_impossible_update_time_is_the_payment() -> None:
    """A sentinel in an optional time counts as absent, and the default takes its place."""
    one = version(updated_at="1970-01-01T00:00:00Z", final_paid_at="2099-01-01T00:00:00Z")
    assert (one.updated_at, one.final_paid_at) == (one.paid_at, None)


texts = st.one_of(st.none(), st.text('abc浙江 "\\/：', max_size=12))
names = st.sampled_from([None, "", "浙江", " 浙江 省", "Zhejiang", "某省"])
keys = st.one_of(st.none(), st.text('abc"\\/：', max_size=12))
places = st.one_of(
    st.none(), st.fixed_dictionaries({}, optional={"province": names, "person_key": keys})
)
TOP_LEVEL = (
    *("amount_paid", "closed_reason", "currency", "delivery_method", "final_paid_at", "items"),
    *("order_id", "paid_at", "paid_at_quality", "parcels_expected", "partial", "platform"),
    *("presale", "promised_delivery_by", "promised_ship_by", "recipient", "refund_requested_at"),
    *("schema_version", "ship_from", "shop_id", "state", "updated_at", "via"),
)


@given(
    st.fixed_dictionaries(
        {"platform": texts.filter(lambda text: text is not None)},
        optional={
            "schema_version": st.sampled_from([1, None]),
            "partial": st.sampled_from([False, None]),
            "closed_reason": texts,
            "currency": st.sampled_from([None, "", "CNY", "usd"]),
            "delivery_method": st.sampled_from([None, "express", "virtual"]),
            "amount_paid": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
            "recipient": places,
            "via": places,
            "items": st.lists(
                st.fixed_dictionaries({}, optional={"quantity": st.integers(0, 9)}), max_size=2
            ),
            "updated_at": st.sampled_from([None, "2026-11-20 10:00Z", "1970-01-01T00:00:00Z"]),
            "promised_ship_by": st.sampled_from([None, "2027-01-01T08:00:00.5+08:00"]),
            "unknown": texts,
        },
    )
)
def test_canonical_json_is_what_was_sent(changes: dict[str, Any]) -> None:
    """Every field of the page, sorted; times as instants, what is no time as null; inside objects
    only what has a value, an object without any as null; no free text, no first brace."""

    def as_sent(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: as_sent(v) for k, v in value.items() if v is not None} or None
        if isinstance(value, list):
            return [as_sent(one) for one in value]
        if isinstance(value, str):
            return unicodedata.normalize("NFKC", value).strip()
        return value

    instants = {
        "2026-11-20T10:00:00+08:00": "2026-11-20T02:00:00.000000Z",
        "2026-11-20 10:00Z": "2026-11-20T10:00:00.000000Z",
        "2027-01-01T08:00:00.5+08:00": "2027-01-01T00:00:00.500000Z",
        "1970-01-01T00:00:00Z": None,
    }
    sent = {**ORDER, **changes}
    expected = {name: as_sent(sent.get(name)) for name in TOP_LEVEL}
    expected["closed_reason"] = "?" if expected["closed_reason"] else None
    for name in ("paid_at", "updated_at", "promised_ship_by"):
        expected[name] = instants.get(expected[name])
    text = json.dumps(expected, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert "{" + version(**changes).canonical == text


def test_canonical_json_orders_by_code_points() -> None:
    """Two spellings of a time are one version; of two promises the later one is the greater."""
    one = version(updated_at="2026-11-20T10:00:05+08:00")
    assert one.canonical == version(updated_at="2026-11-20 02:00:05.000Z").canonical
    sooner = version(promised_ship_by="2026-11-21T00:00:00Z").canonical
    assert sooner < version(promised_ship_by="2026-11-21T00:00:00.5Z").canonical
    assert version(state="paid").canonical < version(state=None).canonical


def test_canonical_json_writes_ids_as_text() -> None:
    """An integer id and the same id as text are one version."""
    assert version(order_id=1, shop_id=2).canonical == version(shop_id="2").canonical


def test_a_tombstone_closes_the_order() -> None:
    """A record without a value is a partial version that states `closed` and nothing else."""
    one = decode_order(None, "\t订单1".encode(), ARRIVAL_US, ARRIVAL_US - 5)
    assert isinstance(one, OrderVersion)
    assert (one.order_id, one.updated_at) == ("订单1", ARRIVAL_US - 5)
    assert (one.closed, one.known, one.partial) == (True, False, True)
    assert one.stated == STATED_BITS["closed"]
    same = part(order_id="订单1", state="closed", updated_at="2026-11-30T23:59:59.999995Z")
    assert one.canonical == same.canonical
    said = {
        name: value for name, value in json.loads("{" + one.canonical).items() if value is not None
    }
    assert said == {
        "order_id": "订单1",
        "partial": True,
        "state": "closed",
        "updated_at": "2026-11-30T23:59:59.999995Z",
    }


@pytest.mark.parametrize(
    ("key", "timestamp_us", "reason"),
    [
        (None, ARRIVAL_US, "null_value"),
        (b"", ARRIVAL_US, "null_value"),
        (b"  ", ARRIVAL_US, "empty_value"),
        (b"4.92E+18", ARRIVAL_US, "damaged_id"),
        (b"\xff", ARRIVAL_US, "invalid_utf8"),
        (b"x" * 513, ARRIVAL_US, "too_large"),
        (b"1", -1000, "implausible_time"),
        (b"1", ARRIVAL_US + times.MAX_AHEAD_US + 1, "time_in_future"),
    ],
)
def test_a_tombstone_that_closes_nothing(key: bytes | None, timestamp_us: int, reason: str) -> None:
    """Without an order to name or a time to close it, a tombstone is refused."""
    verdict = decode_order(None, key, ARRIVAL_US, timestamp_us)
    assert isinstance(verdict, Bad)
    assert verdict.reason == reason


def test_a_tracking_update_needs_a_value() -> None:
    """There is no tombstone of a checkpoint."""
    verdict = decode_tracking(None, ARRIVAL_US)
    assert isinstance(verdict, Bad)
    assert verdict.reason == "null_value"


def test_plain_messages_never_reach_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed rests on it: messages as documented, odd ids and extra fields included, stay fast."""

    def slow(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(tracking_module, "by_contract", slow)
    monkeypatch.setattr(order_module, "by_contract", slow)
    fact(received_at="2026-11-20T18:00:09+08:00", schema_version=1)
    fact(tracking_number=781234567, order_ids=[1], extra={"a": [1]})
    fact(occurred_at="2026-11-20T18:00:00.5Z", description=None, location=None)
    fact(carrier="中通快递", description="已揽收，发往深圳", location={"site": "杭州（转运）"})
    fact(tracking_number="'78123456 78", order_ids=["\t1"], shop_id='="7"', platform="天猫")
    fact(
        next={"carrier": "EMS"}, voided=True, time_quality="estimated", recipient={"country": "US"}
    )
    version(
        via={"city": "东莞市"}, delivery_method="drone", refund_requested_at="1970-01-01T00:00:00Z"
    )
    part(promised_ship_by=None, recipient={"address_key": "a"}, x=1)
    version(state="paid", items=[{"product_id": 1}], extra=1)
    version(updated_at="2026-11-20T10:00:00.123456+08:00")


def test_facts_survive_msgpack() -> None:
    """Facts and versions come back equal from the form in which they are stored and sent."""
    for one in (fact(), version(recipient={"city": "深圳"}, items=[{"quantity": 1}])):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=type(one)) == one


@pytest.mark.parametrize(
    "changes",
    [
        {"carrier": "中通快递"},
        {"carrier": "zhongtong"},
        {"carrier": "\tＺＴＯ\u200b"},
        {"carrier": "ZTO Express"},
        {"tracking_number": '="78123456789012"'},
        {"tracking_number": "'78123456789012"},
        {"tracking_number": "`78123456789012\ufeff"},
        {"tracking_number": "７８１２３４５６７８９０１２"},
        {"tracking_number": "7812\x1f3456 7890\u00a012"},
        {"status": " picked_up\t"},
        {"occurred_at": "2026-11-20T18:00:00+08:00\u200b"},
        {"raw_status": "103\t"},
        {"description": "已揽收\u3000"},
        {"location": {"province": "浙江省\u200b", "city": " 杭州市"}},
        {"location": {"province": "浙江省", "city": "杭州市", "postal_code": None}},
        {"order_ids": ["\t1", '="2"']},
        {"order_ids": ["'1", "`2 "]},
        {"next": {"carrier": "ems"}, "voided": True, "time_quality": "estimated"},
    ],
)
def test_dirt_makes_no_other_fact(changes: dict[str, Any]) -> None:
    """What spreadsheets and feeds leave around a text, and a carrier's other names, say nothing."""
    one, other = fact(), fact(**changes)
    assert (one.digest, one.key, one.tie) == (other.digest, other.key, other.tie)
    assert (one.node, one.spot, one.location) == (other.node, other.spot, other.location)


def test_no_places_are_none() -> None:
    """An object of nulls is null: no location, no recipient; an empty string is a value."""
    nulls = fact(location={"province": None}, recipient={"floor": 3})
    none = fact(location=None, recipient=None)
    assert (nulls.digest, nulls.tie, nulls.spot) == (none.digest, none.tie, none.spot)
    assert (nulls.location, nulls.recipient) == (None, None)
    empty = fact(location={"province": ""})
    assert empty.location == Place()
    assert empty.digest != none.digest


@pytest.mark.parametrize("name", ["country", "postal_code", "site", "address_key", "person_key"])
def test_places_have_the_same_fields(name: str) -> None:
    """Each field of a place tells two facts apart, in a location as in a recipient."""
    for place in ("location", "recipient"):
        assert fact(**{place: {**UPDATE[place], name: "x"}}).digest != fact().digest


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"country": "cn", "province": "广东省", "city": "深圳市"}, Place("44", "4403")),
        ({"country": "", "region_code": "440300"}, Place("44", "4403")),
        ({"country": "HK", "city": "九龙"}, Place("81")),
        ({"country": "mo"}, Place("82")),
        ({"country": "TW", "province": "广东省"}, Place("71")),
        (
            {"country": "US", "province": "广东省", "region_code": "440300"},
            Place(unrecognised="US 广东省"),
        ),
        (
            {"country": "US", "postal_code": "10001-1234"},
            Place(None, None, None, None, "10001", "US"),
        ),
        ({"country": "US", "postal_code": 10001}, Place(None, None, None, None, "10001", "US")),
        ({"province": "粤东省", "city": "某某市"}, Place(unrecognised="粤东省 某某市")),
        (
            {"province": "粤东省一二三四五六七八九十"},
            Place(),
        ),
        ({"province": "某某路12号"}, Place()),
        ({"province": "广东省", "city": "某某市"}, Place("44")),
        ({"postal_code": "", "address_key": "", "person_key": ""}, Place()),
    ],
)
def test_a_place_has_a_country(sent: dict[str, Any], expected: Place) -> None:
    """Hong Kong, Macau and Taiwan are provinces; elsewhere province and city are unknown."""
    assert fact(recipient=sent).recipient == expected
    assert fact(location=sent).location == expected
    one = version(recipient=sent, via=sent, ship_from=sent)
    assert (one.recipient, one.via, one.ship_from) == (expected, expected, expected)


def test_a_fact_says_what_is_new() -> None:
    """Voided, estimated, and where the parcel goes on; other qualities are exact."""
    plain = fact(status="handed_over", time_quality="about", voided=None, next={})
    assert (plain.voided, plain.estimated, plain.next) == (False, False, None)
    assert plain.status == STATUS_CODE["handed_over"]
    one = fact(time_quality=" estimated", voided=True)
    assert (one.voided, one.estimated) == (True, True)
    assert fact(next={"carrier": "邮政EMS", "tracking_number": "'98 76"}).next == "ems:9876"
    assert fact(next={"carrier": "", "tracking_number": 98}).next == ":98"
    assert fact(next={"carrier": "EMS"}).next == "ems:"


def test_platforms_and_shops_are_normalised() -> None:
    """Platforms by their names, lower-cased where no table holds them; an empty shop of a tracking
    update is null."""
    for name in ("天猫", "Tmall", " TMALL\t"):
        assert (fact(platform=name).platform, version(platform=name).platform) == ("tmall", "tmall")
    assert version(platform="抖店").platform == version(platform="抖音").platform == "douyin"
    assert version(platform="淘宝").platform == "taobao"
    assert version(platform="MyShop").platform == "myshop"
    assert (fact(platform="").platform, version(platform=" ").platform) == ("", "")
    assert (fact(shop_id="\u200b").shop_id, fact(shop_id="").shop_id) == (None, None)
    assert fact(shop_id='="S-1"').shop_id == version(shop_id="'S-1 ").shop_id == "S-1"


def test_a_version_says_what_is_new() -> None:
    """Every new field arrives; a method that is not listed is not express, other words default."""
    one = version(
        via={"province": "广东省", "city": "东莞市"},
        parcels_expected=2,
        paid_at_quality="estimated",
        refund_requested_at="2026-11-21T10:00:00+08:00",
        promised_delivery_by="2027-01-01T00:00:00Z",
        delivery_method="drone",
        presale="later",
    )
    assert one.via == Place("44", "4419")
    assert (one.parcels_expected, one.paid_estimated) == (2, True)
    assert one.refund_requested_at == one.paid_at + 86_400_000_000
    assert one.promised_delivery_by == times.to_us(times.parse("2027-01-01T00:00:00Z"))
    assert DELIVERY_METHODS[one.delivery_method] == "other"
    assert PRESALES[one.presale] == "none"
    assert (one.partial, one.stated) == (False, 0)
    for moment in ("2014-12-31T23:59:59Z", "2026-12-02T00:00:00.000001Z"):
        assert version(refund_requested_at=moment).refund_requested_at is None
    assert version(items=[{"product_id": ""}, {}]).items == ((None, None, None), (None, None, None))
    assert json.loads("{" + version(items=[{"product_id": ""}, {}]).canonical)["items"] == [
        {"product_id": ""},
        None,
    ]


@pytest.mark.parametrize(
    ("said", "stated"),
    [
        ({}, []),
        ({"shop_id": "s", "platform": "douyin"}, ["shop_id", "platform"]),
        (
            {"paid_at": "2026-11-20T10:00:00Z", "paid_at_quality": None},
            ["paid_at", "paid_estimated"],
        ),
        ({"state": "closed", "closed_reason": "refund"}, ["closed"]),
        ({"recipient": None, "via": {}}, ["recipient", "via"]),
        ({"ship_from": {}, "items": [], "amount_paid": 1}, ["ship_from", "items", "amount_paid"]),
        ({"currency": "CNY", "presale": None}, ["currency", "presale"]),
        (
            {"delivery_method": "express", "parcels_expected": None},
            ["delivery_method", "parcels_expected"],
        ),
        ({"final_paid_at": "1970-01-01T00:00:00Z"}, ["final_paid_at"]),
        (
            {"promised_ship_by": None, "promised_delivery_by": None},
            ["promised_ship_by", "promised_delivery_by"],
        ),
        ({"refund_requested_at": None, "schema_version": 1, "x": 1}, ["refund_requested_at"]),
    ],
)
def test_a_partial_version_states_what_it_carries(said: dict[str, Any], stated: list[str]) -> None:
    """A field that is absent is not stated, null is."""
    one = part(**said)
    assert one.partial
    assert one.known
    assert one.stated == sum(STATED_BITS[name] for name in stated)
    assert one.updated_at == times.to_us(times.parse("2026-11-20T10:00:05+08:00"))


def test_a_partial_version_may_say_all() -> None:
    """What a full version says, a partial one can say too: the same values, and every bit."""
    sent: dict[str, Any] = dict.fromkeys((*TOP_LEVEL, "amount_goods")) | ORDER
    whole = version(**{**sent, "updated_at": "2026-11-20T10:00:05+08:00"})
    one = part(**{k: v for k, v in sent.items() if k not in ("order_id", "partial", "updated_at")})
    assert one.stated == sum(STATED_BITS.values())
    assert (one.shop_id, one.platform, one.paid_at) == (whole.shop_id, "douyin", whole.paid_at)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("4.92E+18", "damaged_id"),
        ("'4e+18", "damaged_id"),
        ('="4.92e+18"', "damaged_id"),
        ("４．９２Ｅ＋１８", "damaged_id"),
        ("4.92E18", None),
        ("4.92E-18", None),
        ("49.2E+18", None),
        ("S4.92E+18", None),
        ("\u200b", "empty_value"),
        ("'", "empty_value"),
        ('="" ', "empty_value"),
        ("``", None),
    ],
)
def test_damaged_and_empty_ids(value: str, reason: str | None) -> None:
    """Both sides of what a spreadsheet destroyed; a record with one such id is refused whole."""
    raws = [
        (
            "order_id",
            decode_order(json.dumps({**ORDER, "order_id": value}).encode(), None, ARRIVAL_US, 0),
        ),
        (
            "shop_id",
            decode_order(json.dumps({**ORDER, "shop_id": value}).encode(), None, ARRIVAL_US, 0),
        ),
        (
            "order_ids.1",
            decode_tracking(json.dumps({**UPDATE, "order_ids": ["1", value]}).encode(), ARRIVAL_US),
        ),
    ]
    for field, verdict in raws:
        if reason is None:
            assert not isinstance(verdict, Bad), verdict
        else:
            assert isinstance(verdict, Bad)
            assert (verdict.reason, verdict.field) == (reason, field)
            assert reason != "damaged_id" or "damaged by a spreadsheet" in verdict.message


def test_refusals_are_for_people() -> None:
    """A sum with decimals says what is meant; Chinese is shown as it is."""
    for amount in (129.0, "129.00", 129.5):
        verdict = decode_order(
            json.dumps({**ORDER, "amount_paid": amount}).encode(), None, ARRIVAL_US, 0
        )
        assert isinstance(verdict, Bad)
        assert verdict.reason == "wrong_type"
        assert "in minor units (fen" in verdict.message
        assert "129.5" not in verdict.message
    odd = decode_tracking(json.dumps({**UPDATE, "status": "已揽收"}).encode(), ARRIVAL_US)
    assert isinstance(odd, Bad)
    assert "'已揽收'" in odd.message
