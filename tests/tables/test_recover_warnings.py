"""Warnings read back from their topic are the findings that were published, to the last field."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import MODELS, Refusal, parse
from streams.engine.kafka.murmur2 import partition_of
from streams.judge.warnings import Revision
from streams.outputs.message import encode_warning, warning_value
from streams.profiles.loader import load
from streams.profiles.model import Profiles
from streams.state.state import Finding, Published
from streams.tables.recover_warnings import judged_with_orders, recover_published

NOW = 1_795_000_000_000_000
ALL = frozenset(range(4))
RESHIPPED = "reshipped_while_late"
"""It names a parcel, and it is the order's state that knows of it."""

times = st.integers(1_420_070_400_000_000, 4_000_000_000_000_000)
some_time = st.none() | times
names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
carriers = names.filter(lambda name: ":" not in name)
sums = st.integers(0, 10**15)
money = st.none() | st.tuples(st.just("CNY"), sums, sums, st.none() | sums)

findings = st.builds(
    Finding,
    rule=st.sampled_from(("ship_overdue", RESHIPPED, "address_mismatch", "of_a_pack")),
    stage=st.sampled_from(("violation", "serious", "notice")),
    severity=st.sampled_from(("critical", "warning", "info")),
    profile=names,
    platform=names,
    shop_id=st.none() | names,
    order_ids=st.lists(names, min_size=1, max_size=4).map(tuple),
    parcel=st.none() | st.builds("{}:{}".format, carriers, names),
    anchor=times,
    state=st.sampled_from(("open", "breached", "resolved", "withdrawn")),
    opened_at=times,
    deadline=some_time,
    breached_at=some_time,
    resolved_at=some_time,
    limit=st.none() | st.integers(1, 10**14),
    lane=st.none() | st.sampled_from(("near", "cross_province", "remote", "unknown")),
    exposure=st.just("strike"),
    exemptions=st.lists(names, max_size=3).map(tuple),
    detail=st.none() | st.sampled_from(("province", "too_short", "said")),
    comparator=st.sampled_from((None, "gt", "ge")),
    advice=st.lists(
        st.tuples(st.sampled_from(("earlier_order", "origin_unknown")), st.just("") | names),
        max_size=3,
    ).map(tuple),
).flatmap(
    lambda finding: st.one_of(
        st.just(finding),
        money.map(
            lambda paid: msgspec.structs.replace(finding, exposure="compensation", money=paid)
        ),
    )
)


def as_published(finding: Finding) -> Finding:
    """A finding whose comparator goes with its limit, as every finding that is made has it."""
    if finding.limit is None:
        return msgspec.structs.replace(finding, comparator=None)
    return finding


@given(findings.map(as_published), st.integers(0, 10**13), st.sampled_from(("ok", "silent")))
def test_what_was_published_is_read_back(finding: Finding, revision: int, feed: str) -> None:
    """Every field of the content, under the key and on the partition of its state."""
    value = encode_warning(Revision("0" * 32, revision, finding, (), NOW), feed)
    (place, (entries,)) = _one(recover_published([value], 4, ALL))
    assert entries == {"0" * 32: Published("0" * 32, revision, finding)}
    if finding.parcel is None or finding.rule == RESHIPPED:
        assert place == ("orders", finding.order_ids[0].encode())
    else:
        assert place == ("parcels", finding.parcel.encode())


@given(findings.map(as_published), st.sampled_from(("ok", "silent")))
def test_what_is_published_keeps_the_contract(finding: Finding, feed: str) -> None:
    """The published model accepts every warning that can be made."""
    value = encode_warning(Revision("0" * 32, 1, finding, (), NOW), feed)
    verdict = parse(MODELS["shipment-warnings"], value, NOW)
    assert not isinstance(verdict, Refusal), verdict


def _one(recalled: dict[Any, Any]) -> tuple[tuple[str, bytes], tuple[Any, ...]]:
    """The only key recalled, with its table, and what was published under it."""
    ((table, partition), keys) = next(iter(recalled.items()))
    assert len(recalled) == len(keys) == 1
    (key,) = keys
    assert partition == partition_of(key, 4)
    return (table, key), (keys[key],)


GOOD: dict[str, Any] = warning_value(
    Revision(
        "0" * 32, 1,
        Finding("ship_overdue", "violation", "critical", "p", "douyin", "s", ("1",), None, NOW,
                "open", NOW, NOW, None, None, 5, comparator="gt"),
        (), NOW,
    )
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"evidence": None},
        {"evidence": "none"},
        {"evidence": {**GOOD["evidence"], "advice": 5}},
        {"evidence": {**GOOD["evidence"], "advice": ["x"]}},
        {"evidence": {**GOOD["evidence"], "advice": [{"code": 5, "value": None}]}},
        {"evidence": {**GOOD["evidence"], "advice": [{"code": "moves_as"}]}},
        {"evidence": {**GOOD["evidence"], "threshold": "24 h"}},
        {"evidence": {**GOOD["evidence"], "started_at": "soon"}},
        {"exposure": None},
        {"exposure": {}},
        {"exposure": "strike"},
        {"opened_at": None},
        {"order_ids": []},
        {"order_ids": None},
    ],
)
def test_what_is_no_warning_of_ours_is_passed_over(change: dict[str, Any]) -> None:
    """Others may write to the topic; nothing that they write ends a worker."""
    assert recover_published([json.dumps(GOOD).encode()], 4, ALL) != {}
    assert (
        recover_published([json.dumps({**GOOD, **change}).encode(), b"[]", b"", None], 4, ALL) == {}
    )


def test_a_warning_of_an_earlier_form_is_still_one() -> None:
    """Without the fields that were added later it is read back as far as it goes."""
    evidence = {name: GOOD["evidence"][name] for name in ("started_at", "limit_hours", "lane")}
    old = {**GOOD, "evidence": evidence, "exposure": {"kind": "strike"}}
    ((table, key), (entries,)) = _one(recover_published([json.dumps(old).encode()], 4, ALL))
    assert (table, key) == ("orders", b"1")
    assert entries["0" * 32].finding.limit is None


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("reshipped_while_late", ("orders", b"1")),
        ("address_mismatch", ("parcels", b"zto:78")),
        ("recalled", ("parcels", b"zto:78")),
        ("transit_stalled", ("parcels", b"zto:78")),
    ],
)
def test_a_warning_goes_back_to_the_state_that_published_it(
    rule: str, place: tuple[str, bytes]
) -> None:
    """A further number is the order's warning, though it names a parcel as others do."""
    finding = Finding(
        rule, "violation", "critical", "p", "douyin", "s", ("1",), "zto:78", NOW, "open", NOW,
        None, None, None,
    )  # fmt: skip
    value = encode_warning(Revision("0" * 32, 7, finding, (), NOW))
    found, (entries,) = _one(recover_published([value], 4, ALL, judged_with_orders(load())))
    assert found == place
    assert entries["0" * 32] == Published("0" * 32, 7, finding)


def test_a_rule_pack_may_have_rules_about_orders() -> None:
    """Whatever a profile judges with its orders is known to their states."""
    finding = Finding(
        "of_a_pack", "violation", "critical", "p", "douyin", "s", ("1",), "zto:78", NOW, "open",
        NOW, None, None, None,
    )  # fmt: skip
    value = encode_warning(Revision("0" * 32, 7, finding, (), NOW))
    douyin = load().at("douyin", NOW)
    rule = SimpleNamespace(name="of_a_pack")
    generic = load().at("", NOW)
    packed = Profiles([replace(douyin, order_rules=(*douyin.order_rules, rule)), generic])
    assert _one(recover_published([value], 4, ALL, judged_with_orders(packed)))[0] == (
        "orders",
        b"1",
    )
    assert _one(recover_published([value], 4, ALL, judged_with_orders(load())))[0] == (
        "parcels",
        b"zto:78",
    )


@pytest.mark.parametrize(
    "field",
    [
        {"rule": 5},
        {"severity": {"a": 1}},
        {"revision": "9"},
        {"revision": 1 << 80},
        {"warning_id": None},
        {"order_ids": [1]},
        {"shop_id": []},
    ],
    ids=str,
)
def test_what_a_stranger_made_of_a_field_reaches_no_state(field: dict[str, Any]) -> None:
    """A state with it could not be read again: the worker would end, and after each start."""
    value: dict[str, Any] = {
        "warning_id": "0" * 32,
        "revision": 1,
        "state": "open",
        "rule": "pickup_overdue",
        "stage": "violation",
        "severity": "critical",
        "profile": "p",
        "platform": "douyin",
        "shop_id": "s-1",
        "order_ids": ["1"],
        "carrier": "zto",
        "tracking_number": "1",
        "opened_at": "2026-11-20T10:00:00+08:00",
        "deadline": None,
        "breached_at": None,
        "resolved_at": None,
        "exposure": {"kind": "strike"},
        "evidence": {"started_at": "2026-11-20T10:00:00+08:00", "lane": None},
    }
    own = json.dumps(value).encode()
    strange = json.dumps({**value, **field}).encode()
    assert recover_published([own, strange], 4, ALL) == recover_published([own], 4, ALL) != {}
    assert recover_published([strange], 4, ALL) == {}
