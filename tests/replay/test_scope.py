"""Ids that are unique within a shop or platform only, and what a history is seen to hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.builders import HOUR, PAID, PICKED, Message, order, picked_up, upload, us
from support.reading import shop_file

from streams.inputs.files import BadLine
from streams.inputs.messages import TRACKING
from streams.inputs.sources.payload import Canonical
from streams.inputs.sources.scope import Scope, owner_of, scoped
from streams.profiles.loader import load
from streams.replay.history import play
from streams.replay.machine import Machine
from streams.replay.seen import REMEMBERED, Seen


def played(
    folder: Path, orders: list[Message], tracking: list[Message], scope: Scope | None = None
) -> tuple[Machine, Seen, list[BadLine]]:
    """A history, played."""
    paths = folder / "o.jsonl", folder / "t.jsonl"
    for path, messages in zip(paths, (orders, tracking), strict=True):
        path.write_text("".join(json.dumps(message) + "\n" for message in messages))
    machine, seen, bad = Machine(load(), lambda _: None), Seen(), list[BadLine]()
    files = shop_file(paths[0]), shop_file(paths[1], message=TRACKING)
    play(machine, files, us(PICKED), bad.append, lambda _: None, scope, seen)
    return machine, seen, bad


ORDERS = [order("1001", shop_id="a"), order("1001", shop_id="b")]
UPLOADS = [
    upload("1001", number="78123456780001", shop_id="a"),
    upload("1001", number="78123456780002", shop_id="b"),
    picked_up(number="78123456780001"),
]


def test_a_shop_before_the_id(tmp_path: Path) -> None:
    """Two orders, each with its own parcel; records that name no order need no shop."""
    machine, seen, bad = played(tmp_path, ORDERS, UPLOADS, "shop")
    assert bad == []
    assert machine.known("orders") == ["a/1001", "b/1001"]
    assert (seen.orders, seen.parcels, seen.shared) == (2, 2, {})


def test_a_platform_before_the_id(tmp_path: Path) -> None:
    """The same by platform."""
    orders = [order("1", platform="douyin"), order("1", platform="tmall")]
    machine, _, bad = played(tmp_path, orders, [upload("1", platform="tmall")], "platform")
    assert bad == []
    assert machine.known("orders") == ["douyin/1", "tmall/1"]


@pytest.mark.parametrize("platform", ["douyin", "抖店", " Douyin "])
def test_sources_and_spreadsheets_say_the_same_id(tmp_path: Path, platform: str) -> None:
    """However the platform is written: else an order and its upload would not find each other."""
    value = order("1", platform=platform)
    machine, _, bad = played(tmp_path, [value], [upload("1", platform=platform)], "platform")
    assert bad == []
    owner = owner_of(value, "platform")
    assert machine.known("orders") == [scoped(Canonical("order-paid", "1", value), owner).key]
    said = scoped(Canonical("tracking-update", "k", upload("1", platform=platform)), owner)
    assert said.value is not None
    assert said.value["order_ids"] == machine.known("orders")


def test_the_same_upload_of_two_shops_is_two_facts(tmp_path: Path) -> None:
    """Number, time and id are equal; the shop alone tells them apart."""
    both = [upload("1001", shop_id=shop) for shop in ("a", "b")]
    machine, _, _ = played(tmp_path, ORDERS, both, "shop")
    (key,) = machine.known("parcels")
    state = machine.parcel_state(key)
    assert state is not None
    assert {fact.order_ids for fact in state.named} == {("a/1001",), ("b/1001",)}


def test_an_upload_without_a_shop_cannot_be_placed(tmp_path: Path) -> None:
    """A dead letter that names the field and the option."""
    _, _, (bad,) = played(tmp_path, ORDERS, [{**upload("1001"), "shop_id": None}], "shop")
    assert (bad.number, bad.bad.reason, bad.bad.field) == (1, "missing_field", "shop_id")
    assert "--scope shop" in bad.bad.message


def test_a_shared_id_is_seen(tmp_path: Path) -> None:
    """Without a scope two shops' orders become one; that is gathered, whoever says it."""
    for orders, tracking in (
        (ORDERS, []),
        (ORDERS[:1], UPLOADS[1:2]),
        ([order("1001", platform="douyin"), order("1001", platform="tmall")], []),
    ):
        _, seen, _ = played(tmp_path, orders, tracking)
        assert set(seen.shared) == {"1001"}
    _, seen, _ = played(tmp_path, ORDERS[:1], [*UPLOADS[:1], {**upload("1001"), "shop_id": None}])
    assert seen.shared == {}


def test_what_is_seen_is_forgotten() -> None:
    """Memory follows what lives: an id is remembered for 65 days after it was last seen."""
    from streams.decode import decode_order
    from streams.facts.facts import OrderVersion

    version = decode_order(json.dumps(order("1")).encode(), None, us(PAID), us(PAID))
    assert isinstance(version, OrderVersion)
    seen = Seen()
    for at in (0, REMEMBERED, 2 * REMEMBERED):
        seen.order(version, us(PAID) + at)
        assert seen.orders == 1
    seen.order(version, us(PAID) + 6 * REMEMBERED)
    assert seen.orders == 2


def test_a_tombstone_closes_its_order(tmp_path: Path) -> None:
    """`{"key", "value": null, "timestamp"}` is a record without a value."""
    at = PAID + HOUR
    tombstone = {"key": "1", "value": None, "timestamp": at.isoformat()}
    machine, _, bad = played(tmp_path, [order("1"), tombstone], [])
    assert bad == []
    state = machine.order_state("1")
    assert state is not None
    assert any(version.closed and version.updated_at == us(at) for version in state.versions)
    _, _, (bad_line,) = played(tmp_path, [{**tombstone, "timestamp": "2026-11-20"}], [])
    assert (bad_line.bad.reason, bad_line.bad.field) == ("wrong_type", "timestamp")
