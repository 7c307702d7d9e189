"""The fast looks at a record and the contract's models never disagree."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas import MAX_VALUE_BYTES, times
from schemas.fields import MAX_ID_LENGTH
from streams.decode import Bad, decode_order, decode_tracking, lenient
from streams.decode.clock import parse_us
from streams.decode.order import by_contract as order_by_contract
from streams.decode.tracking import by_contract as tracking_by_contract
from streams.facts.facts import STATUSES

ARRIVAL_US = times.to_us(datetime(2026, 12, 1, tzinfo=UTC))

offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.one_of(
    st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 3), timezones=offsets),  # noqa: DTZ001
    st.datetimes(timezones=offsets),
)


def _spell(moment: datetime, how: int) -> str:
    text = moment.isoformat()
    if how == 1:
        return text.replace("T", " ")
    if how == 2:
        return moment.replace(tzinfo=None).isoformat() + "Z"
    if how == 3:
        return moment.replace(tzinfo=None).isoformat()
    if how == 4:
        return moment.isoformat(timespec="milliseconds")
    if how == 5:
        return text + "0"
    if how == 6:
        return text.replace(".", ",")
    if how == 7:
        return text[:-3] + text[-2:]
    return text


time_texts = st.one_of(
    st.builds(_spell, moments, st.integers(0, 12)),
    st.sampled_from(
        [
            "",
            "2026-11-20",
            "2026-11-20T10:00:00.5.5Z",
            "2026-11-20T10:00:00.123456789Z",
            "2026-11-20T10:00:00.١٢٣٤٥٦+08:00",
            "2026-11-20T10:00:00.1_2_34+08:00",
            "2026-11-20T10:00:60Z",
            "2026-11-20T10:60:00Z",
            "2026-11-20T24:00:00+08:00",
            "2026-11-20X10:00:00+08:00",
            "2026-11-20T10:00:00 +08:00",
            "2014-12-31T23:59:59.999999Z",
            "2015-01-01T00:00:00Z",
            "2026-12-02T00:00:00Z",
            "2026-12-02T00:00:00.000001Z",
            "9999-12-31T23:59:59-12:00",
        ]
    ),
    st.text(max_size=35),
    st.text("0123456789-:.TZ+ ", min_size=15, max_size=33),
)
junk: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**39),
    st.just(-(10**39)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
good_times = st.builds(
    _spell,
    st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 30), timezones=offsets),  # noqa: DTZ001
    st.sampled_from([0, 0, 0, 0, 1, 4, 5, 6, 7]),
)
good_ids = st.one_of(
    st.text("0123456789abXY- ", min_size=1, max_size=20).filter(str.strip),
    st.text(min_size=1, max_size=8).filter(str.strip),
    st.sampled_from(["78123456789012", "ｙｔ００１", "ß", "x" * MAX_ID_LENGTH]),
)
ids = st.one_of(
    st.text("0123456789abXY- ", max_size=20),
    st.text(max_size=8),
    st.integers(),
    st.integers(0, 2**70),
    st.sampled_from(["", " ", "\u3000", "ｙｔ００１", "ß", "x" * MAX_ID_LENGTH]),
    st.just("x" * (MAX_ID_LENGTH + 1)),
)
words = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["浙江省", "杭州市", "上海"]))
DIRT = [
    "",
    " ",
    "\t",
    "\u200b",
    "\ufeff",
    "\u3000",
    "\x1f",
    "\u00ad",
    "'",
    "`",
    '="',
    '"',
    "\u0301",
]


def dirty(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Now and then with what people, spreadsheets and feeds leave around a text, and inside."""
    return st.one_of(
        *[good] * 4,
        st.builds(
            lambda text, before, inside, after, at: (
                before + text[:at] + inside + text[at:] + after if isinstance(text, str) else text
            ),
            good,
            st.sampled_from(DIRT),
            st.sampled_from(DIRT),
            st.sampled_from(DIRT),
            st.integers(0, 9),
        ),
        st.sampled_from(
            [
                '="12345678"',
                '="\'1"',
                "''1",
                '=""',
                "４．９２Ｅ＋１８",
                "4.92E+18",
                "\ufdfa" * 60,
                "e\u200d\u0301",
            ]
        ),
    )


def often(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nearly always what is meant, sometimes anything."""
    return st.integers(0, 99).flatmap(lambda n: junk if n == 99 else good)


places = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "country": often(dirty(st.sampled_from(["CN", "cn", "", "HK", "tw", "US", None]))),
            "province": often(dirty(words)),
            "city": often(dirty(words)),
            "district": often(dirty(words)),
            "region_code": often(st.one_of(words, st.sampled_from(["330100", 440305]))),
            "postal_code": often(dirty(st.sampled_from(["10001-1234", "518000", 518000, None]))),
            "address_key": often(dirty(words)),
            "person_key": often(dirty(words)),
            "site": often(dirty(words)),
        },
    ),
)
extras = st.one_of(
    st.just({}),
    st.fixed_dictionaries({}, optional={"received_at": good_times, "source": often(words)}),
    st.fixed_dictionaries({}, optional={"received_at": junk, "x": junk, "é": junk}),
)
platforms = st.one_of(words, st.sampled_from(["douyin", "Tmall", "天猫", ""]))
qualities = st.sampled_from(["exact", "estimated", "", "about", None])
flags = st.sampled_from([True, False, None])
odd = st.one_of(
    junk,
    time_texts,
    ids,
    st.just(10**39),
    st.sampled_from(["HUB", "pigeon", "a:b", 2, 1.0, True, 2**63, [None], [" "], [1, "2", 1]]),
)
trackings = st.builds(
    lambda required, more, extra: {**required, **more, **extra},
    st.fixed_dictionaries(
        {
            "carrier": often(dirty(st.sampled_from(["zto", " ZTO ", "中通快递", "sf", "İ"]))),
            "tracking_number": often(dirty(good_ids)),
            "status": often(dirty(st.sampled_from(STATUSES))),
            "occurred_at": often(good_times),
        }
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "schema_version": often(st.sampled_from([1, None])),
            "order_ids": often(st.lists(often(dirty(good_ids)), max_size=3)),
            "shop_id": often(dirty(good_ids)),
            "platform": often(dirty(platforms)),
            "location": often(places),
            "recipient": often(places),
            "description": often(dirty(words)),
            "raw_status": often(st.one_of(dirty(words), st.integers())),
            "time_quality": often(dirty(qualities)),
            "voided": often(flags),
            "next": often(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "carrier": often(dirty(st.sampled_from(["ems", "EMS", "", "a:b", None]))),
                        "tracking_number": often(dirty(ids)),
                    },
                )
            ),
        },
    ),
    extras,
)
items = st.lists(
    often(
        st.fixed_dictionaries(
            {},
            optional={
                "product_id": often(dirty(ids)),
                "sku_id": often(dirty(ids)),
                "quantity": often(st.integers(0, 9)),
            },
        )
    ),
    max_size=2,
)
needed = {
    "shop_id": often(dirty(good_ids)),
    "platform": often(dirty(platforms)),
    "paid_at": often(dirty(good_times)),
}
optional_times = st.one_of(st.none(), good_times, time_texts)
optional: dict[str, st.SearchStrategy[Any]] = {
    "schema_version": often(st.sampled_from([1, None])),
    "final_paid_at": often(optional_times),
    "promised_ship_by": often(optional_times),
    "promised_delivery_by": often(optional_times),
    "refund_requested_at": often(optional_times),
    "paid_at_quality": often(dirty(qualities)),
    "parcels_expected": often(st.integers(-1, 3)),
    "amount_paid": often(st.integers(-(2**63), 2**63 - 1)),
    "amount_goods": often(st.integers(-(2**63), 2**63 - 1)),
    "currency": often(dirty(words)),
    "delivery_method": often(dirty(st.sampled_from(["express", "virtual", "drone", "", None]))),
    "presale": often(dirty(st.sampled_from(["none", "full", "deposit", "later", None]))),
    "state": often(dirty(st.sampled_from(["paid", "closed", None]))),
    "recipient": often(places),
    "ship_from": often(places),
    "via": often(places),
    "items": often(items),
    "closed_reason": often(dirty(words)),
}
full = st.builds(
    lambda required, more, extra: {**required, **more, **extra},
    st.fixed_dictionaries({"order_id": often(dirty(good_ids)), **needed}),
    st.fixed_dictionaries(
        {},
        optional={
            **optional,
            "updated_at": often(st.one_of(st.none(), good_times)),
            "partial": often(st.sampled_from([False, None])),
        },
    ),
    extras,
)
partial = st.builds(
    lambda required, more, extra: {**required, **more, **extra},
    st.fixed_dictionaries(
        {
            "order_id": often(dirty(good_ids)),
            "updated_at": often(dirty(good_times)),
            "partial": st.just(True),
        }
    ),
    st.fixed_dictionaries({}, optional={**needed, **optional}),
    extras,
)
orders = st.one_of(full, partial)


@st.composite
def raws(draw: st.DrawFn, messages: st.SearchStrategy[dict[str, Any]]) -> bytes:
    """A message as bytes: escaped or not, sometimes damaged."""
    message = draw(messages)
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        target = message
        name = draw(st.sampled_from(sorted(message)))
        if isinstance(message[name], dict) and message[name]:
            target = message[name]
            name = draw(st.sampled_from([*sorted(target), "extra"]))
        target[name] = draw(odd)
    text = json.dumps(
        message,
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": ")])),
    )
    raw = text.encode("utf-8", "surrogatepass")
    damage = draw(st.integers(0, 19))
    at = draw(st.integers(0, len(raw)))
    if damage == 0:
        return raw[:at] + draw(st.binary(max_size=3)) + raw[at:]
    if damage == 1:
        return raw[:at] + raw[at + 1 :]
    if damage == 2:
        piece = draw(
            st.sampled_from(
                [
                    b'"x":NaN,',
                    b'"x":1e400,',
                    b'"x":-0,',
                    b'"x":"\\ud800",',
                    b'"x":"\\ud83d\\ude00",',
                    b'"x":"\xff",',
                    b'"shop_id":1e2,',
                    b'"shop_id":-0,',
                    b'"shop_id":"\\ud800xxxxxxx",',
                    b'"x":' + b"[" * 210 + b"]" * 210 + b",",
                    b'"x":' + b"[" * 199 + b"]" * 199 + b",",
                    b'"x":' + b"9" * 5000 + b",",
                    b'"status":7,',
                    b'"order_id":7,',
                ]
            )
        )
        return raw[:1] + piece + raw[1:] if message else raw
    return raw


LEAST = b'"carrier":"zto","tracking_number":"1234567","status":"hub","occurred_at":'


@settings(max_examples=600)
@given(raws(trackings))
@example(b"{" + LEAST + b'"2026-11-20T10:00:00+08:00","x":"\\ud800 half a character"}')
@example(b"{" + LEAST + b'"2026-11-20T10:00:00+08:00","x":"\xff"}')
@example(b"{" + LEAST + b'"2026-11-20T10:00:00+08:00","x":' + b"[" * 205 + b"]" * 205 + b"}")
@example(b"{" + LEAST + b'"2026-11-20T10:00:00+08:00"}')
def test_tracking_agrees(raw: bytes) -> None:
    """Equal facts, or equal refusals, whichever way a tracking update is read."""
    for first in (False, True):
        lenient.open_tracking = first
        assert decode_tracking(raw, ARRIVAL_US, 3, 9) == tracking_by_contract(raw, ARRIVAL_US, 3, 9)


@settings(max_examples=600)
@given(raws(orders))
def test_order_agrees(raw: bytes) -> None:
    """Equal versions, or equal refusals, whichever way an order is read."""
    for first in (False, True):
        lenient.open_orders = first
        fast = decode_order(raw, None, ARRIVAL_US, ARRIVAL_US, 3, 9)
        assert fast == order_by_contract(raw, ARRIVAL_US, 3, 9)


@settings(max_examples=1500)
@given(time_texts)
@example("2026-11-20T10:00:00.123456+08:00")
@example("2026-11-20T10:00:00,123456+08:00")
@example("2026-11-20T10:00:00.5.123456Z")
def test_times_agree(text: str) -> None:
    """A time that the fast way accepts is the instant that the contract says."""
    for _ in range(2):  # the second time from the cache
        us = parse_us(text)
        if us is not None:
            assert us == times.to_us(times.parse(text))


@given(st.binary(max_size=40))
def test_any_bytes_are_judged(raw: bytes) -> None:
    """No bytes at all raise; they are refused."""
    assert isinstance(decode_tracking(raw, ARRIVAL_US), Bad)
    assert isinstance(decode_order(raw, None, ARRIVAL_US, ARRIVAL_US), Bad)


def test_the_limit_on_size_is_an_argument() -> None:
    """A value one byte over the limit is refused by both decoders."""
    raw = b"{" + LEAST + b'"2026-11-20T10:00:00+08:00"}'
    assert not isinstance(decode_tracking(raw, ARRIVAL_US, max_value_bytes=len(raw)), Bad)
    verdict = decode_tracking(raw, ARRIVAL_US, max_value_bytes=len(raw) - 1)
    assert isinstance(verdict, Bad)
    assert verdict.reason == "too_large"
    huge = b" " * (MAX_VALUE_BYTES + 1)
    late = decode_order(huge, None, ARRIVAL_US, ARRIVAL_US)
    assert isinstance(late, Bad)
    assert late.reason == "too_large"
