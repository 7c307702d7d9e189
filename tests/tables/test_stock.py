"""What products lack is what a count of the facts gives, however records travel."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from oracle.stock import counted
from oracle.stock_differ import differing, of_seed, travelled
from support.builders import (
    DAY,
    HOUR,
    PAID,
    PROMISE,
    order,
    picked_up,
    release,
    upload,
    us,
)
from support.two_sides import TOPICS, Loop

from schemas import MODELS
from streams.decode import decode_order
from streams.facts.facts import OrderVersion, OwedFacts, StockFact
from streams.facts.times import STATE_KEPT
from streams.shops.contributions import is_owed
from streams.state.codec import dump_message, load_order, load_stock
from streams.state.state import OrderState
from streams.state.stock import part_of, stock_key
from streams.tables.observations import Stocked
from streams.tables.recover_stock import recover_stock
from streams.tables.shop_days import SLOWEST

Message = dict[str, Any]

PRODUCT = ("douyin", "s-1", "p1")


def level(available: int, at: datetime = PAID, **fields: Any) -> Message:
    """A level of the product."""
    names = {"platform": "douyin", "shop_id": "s-1", "product_id": "p1"}
    return {**names, "available": available, "at": at.isoformat(), **fields}


def of(order_id: str, pieces: int | None = None, **fields: Any) -> Message:
    """An order of so many pieces of the product."""
    return order(order_id, items=[{"product_id": "p1", "quantity": pieces}], **fields)


def told(loop: Loop, *messages: Message) -> None:
    """Messages on partition 0 of their topics, read to the end at the wall clock."""
    for value in messages:
        topic = TOPICS.tracking if "tracking_number" in value else TOPICS.orders
        topic = TOPICS.stock if "available" in value else topic
        loop.produce(topic, json.dumps(value).encode(), None, 0)
    loop.drain(loop.now)
    # What changed waits a moment for more to come.
    loop.now += SLOWEST
    loop.drain(loop.now)


def stock_of(loop: Loop) -> Message:
    """The newest record of the product's stock; empty where there is none."""
    found = [v for t, _, v in loop.risks if t == TOPICS.product_risk and v["day"] is None]
    return max(found, key=lambda each: int(each["revision"]), default={})


def numbers(loop: Loop) -> tuple[int, int, int]:
    """Unshipped, available and short by."""
    value = stock_of(loop)
    return value["unshipped"], value["available"], value["short_by"]


def stocked(partitions: int = 3, now: datetime = PAID + HOUR) -> Loop:
    """Tables that read stock."""
    return Loop(partitions, us(now), stocked=True)


@pytest.mark.parametrize("seed", range(12))
def test_replay_and_tables_that_crash_count_what_the_facts_give(seed: int) -> None:
    """Orders, progress, releases, moves and levels out of order: the brute-force count, by
    `replay`, by `replay` in another order, and through tables that lose what they had not kept."""
    assert differing(7_000 + seed) == []


def test_histories_have_products_that_are_short_and_some_that_are_not() -> None:
    """Else the comparison would say little."""
    found = [each for seed in range(7_000, 7_012) for each in counted(*of_seed(seed)).values()]
    short = [each for each in found if each["short_by"]]
    assert len(short) > 30
    assert len(found) - len(short) > 30
    assert any(each["short_since"] != each["level_at"] for each in short)


def test_without_the_input_nothing_is_said_and_nothing_sent() -> None:
    """No record of stock, no word to products, and contributions as they were."""
    history, levels = of_seed(7_000)
    loop = Loop(2, us(PAID + HOUR))
    told(loop, of("1"), of("2", 5), upload("1"), picked_up())
    topics = {topic for topic, _ in loop.logs}
    assert not topics & {TOPICS.stock, TOPICS.stock_rekey, TOPICS.stock_facts}
    states = [load_order(value) for value in loop.values("orders")]
    assert all(sent.owed is None for state in states for sent in state.contributions)
    assert "stock" not in loop.tables
    assert travelled(history, [], 7_000, 0.0) == {}
    assert levels


def test_an_order_takes_its_pieces_until_it_moves_or_closes() -> None:
    """A line without a quantity is one piece; a correction counts, and so does a release."""
    loop = stocked()
    told(loop, level(4), of("1"), of("2", 3))
    assert numbers(loop) == (4, 4, 0)
    told(loop, of("1", 2, updated_at=PAID + HOUR))
    assert numbers(loop) == (5, 4, 1)
    told(loop, upload("1"), picked_up())
    assert numbers(loop) == (3, 4, 0)
    told(loop, release("1", PAID + 9 * HOUR))
    assert numbers(loop) == (5, 4, 1)
    told(loop, of("2", 3, updated_at=PAID + 2 * HOUR, state="closed"))
    assert numbers(loop) == (2, 4, 0)
    told(loop, of("1", 2, updated_at=PAID + 3 * HOUR, delivery_method="virtual"))
    assert numbers(loop) == (0, 4, 0)


def test_an_order_that_moves_to_another_shop_takes_its_pieces_along() -> None:
    """Also where a partial version says so, and nothing else."""
    loop = stocked()
    told(loop, level(0), level(0, shop_id="s-2"), of("1", 2))
    moved = {"order_id": "1", "partial": True, "shop_id": "s-2"}
    told(loop, {**moved, "updated_at": (PAID + HOUR).isoformat()})
    newest = {v["shop_id"]: v for t, _, v in loop.risks if t == TOPICS.product_risk}
    assert {shop: each["unshipped"] for shop, each in newest.items()} == {"s-1": 0, "s-2": 2}


@pytest.mark.parametrize(
    ("before", "counts"),
    [(timedelta(minutes=5), False), (timedelta(minutes=5, microseconds=1), True)],
)
def test_progress_counts_from_the_base_less_the_tolerance_on(
    before: timedelta, counts: bool
) -> None:
    """A microsecond earlier it is no progress of this order."""
    loop = stocked()
    told(loop, level(1), of("1"), upload("1"), picked_up(PAID - before))
    assert stock_of(loop)["unshipped"] == int(counts)


def test_a_deposit_presale_counts_from_its_deposit_on_and_stands_last() -> None:
    """It has no base yet, so nothing can be progress; its promise runs once the rest is paid."""
    loop = stocked()
    told(loop, level(0), of("1", presale="deposit", promised_ship_by=None), of("2"))
    named = [each["order_id"] for each in stock_of(loop)["short_orders"]]
    assert named == ["2", "1"]
    assert stock_of(loop)["short_orders"][1]["promised_ship_by"] is None
    told(loop, upload("1"), picked_up())
    assert numbers(loop) == (2, 0, 2)


def test_orders_of_platforms_without_a_profile_have_their_platforms_stock() -> None:
    """Two of them are judged by one profile, and are two all the same."""
    loop = stocked()
    told(loop, level(5, platform="pinduoduo"), level(5, platform="kuaishou"))
    told(loop, of("1", 2, platform="pinduoduo"), of("2", platform="快手"))
    newest = {v["platform"]: v for t, _, v in loop.risks if t == TOPICS.product_risk}
    assert {name: each["unshipped"] for name, each in newest.items()} == {
        "pinduoduo": 2,
        "kuaishou": 1,
    }


def test_what_is_published_is_what_the_contract_says() -> None:
    """Each record satisfies its model and is keyed by its own names; a repeat is not published."""
    loop = stocked(1)
    told(loop, level(1, product_id="p|1:x"), order(items=[{"product_id": "p|1:x", "quantity": 3}]))
    stock = [(key, v) for t, key, v in loop.risks if t == TOPICS.product_risk]
    for key, value in stock:
        model = MODELS[TOPICS.product_risk].model_validate_json(json.dumps(value))
        assert model.model_dump(mode="json", exclude_unset=True).keys() == value.keys()
        assert key == b"douyin|s-1|p%7C1:x"
    assert stock[-1][1]["short_orders"] == [
        {"order_id": "1", "pieces": 3, "promised_ship_by": "2026-11-22T02:00:00+00:00"}
    ]
    told(loop, level(1, product_id="p|1:x"))
    assert [v for t, _, v in loop.risks if t == TOPICS.product_risk] == [v for _, v in stock]


def test_bad_levels_become_dead_letters_that_say_field_and_place() -> None:
    """Wherever they lie, also where the key would be somewhere else; good ones are counted."""
    loop = stocked()
    bad = [
        (level("5"), "wrong_type", "available"),  # type: ignore[arg-type]
        ({**level(5), "product_id": "\u200b"}, "empty_value", "product_id"),
        ({**level(5), "at": "2026-11-20T10:00:00"}, "naive_time", "at"),
        (level(5, PAID + 30 * DAY), "time_in_future", "at"),
        ({**level(5), "shop_id": "1.2E+18"}, "damaged_id", "shop_id"),
    ]
    told(loop, *(value for value, _, _ in bad), level(5))
    assert [(d["reason"], d["field"], d["origin"]["offset"]) for d in loop.dead_letters] == [
        (reason, field, offset) for offset, (_, reason, field) in enumerate(bad)
    ]
    assert numbers(loop) == (0, 5, 0)


def test_strangers_words_become_dead_letters() -> None:
    """What no table can have said of a product changes no count and stops nobody."""
    loop = stocked(1)
    told(loop, level(5), of("1"))
    facts = OwedFacts("9", *PRODUCT, 7, us(PAID), None)
    forged = [
        (TOPICS.stock_facts, dump_message(facts), b"another:key:here"),
        (TOPICS.stock_facts, b"\x93", stock_key(*PRODUCT)),
        (TOPICS.stock_facts, None, stock_key(*PRODUCT)),
        (TOPICS.stock_rekey, dump_message(StockFact(*PRODUCT, us(PAID) + 1, 1)), b"another"),
        (TOPICS.stock_rekey, json.dumps(level(1, PAID + HOUR)).encode(), stock_key(*PRODUCT)),
    ]
    for topic, value, key in forged:
        loop.produce(topic, value, key, 0)
    told(loop)
    assert [each["reason"] for each in loop.dead_letters] == ["processing_failed"] * 5
    assert numbers(loop) == (1, 5, 0)


def test_orders_that_were_judged_before_stock_was_read_are_found_and_counted() -> None:
    """Those that are owed something, and no others; once they have said it, none."""
    before = Loop(2, us(PAID + HOUR))
    told(before, of("1", 2), of("2"), of("3", state="closed"), upload("2"), picked_up(), order("4"))
    loop = stocked(2)
    loop.store, loop.now = before.store, before.now
    for processor in loop.processors:
        processor.states = before.store
    told(loop, level(0))
    assert numbers(loop) == (0, 0, 0)

    def behind() -> list[bytes]:
        states = map(load_order, loop.values("orders"))
        return [each.order_id.encode() for each in states if loop.orders.is_behind(each)]

    assert behind() == [b"1"]
    loop.orders.look_again(behind())
    for partition in range(2):
        loop.tick(partition, loop.now)
    told(loop)
    assert numbers(loop) == (2, 0, 2)
    assert behind() == []


def test_an_order_that_was_not_judged_yet_is_not_left_behind() -> None:
    """It will say what it is owed when it is: a backlog is no release of before."""
    loop = stocked(1)
    version = decode_order(json.dumps(of("1")).encode(), None, loop.now, loop.now, 0, 0)
    assert isinstance(version, OrderVersion)
    state = OrderState("1", [version], touched=loop.now, due=loop.now)
    assert is_owed(state)
    assert not loop.orders.is_behind(state)
    state.due += 1
    assert loop.orders.is_behind(state)


def test_an_order_that_is_forgotten_takes_nothing_any_more() -> None:
    """Nobody shipped it and nobody closed it; its end takes its pieces out."""
    loop = stocked()
    told(loop, level(0), of("1", 2))
    assert numbers(loop) == (2, 0, 2)
    for _ in range(3):
        loop.now += STATE_KEPT
        told(loop)
    assert loop.values("orders") == []
    assert numbers(loop) == (0, 0, 0)


def test_a_product_s_state_ends() -> None:
    """65 days after its last level, where no order takes anything of it."""
    loop = stocked()
    told(loop, level(5), of("1"), upload("1"), picked_up())
    assert len(loop.values("stock")) == 1
    loop.now += STATE_KEPT
    told(loop)
    assert loop.values("stock") == []


def test_many_orders_lie_in_parts_and_all_of_them_count() -> None:
    """The first part knows what the others come to, and all are read where the product is short."""
    loop = stocked(2)
    ids = [f"order-{number}" for number in range(200)]
    told(loop, level(150), *(of(each) for each in ids))
    assert numbers(loop) == (200, 150, 50)
    rows = [load_stock(value) for value in loop.values("stock")]
    assert {row.part for row in rows} == {part_of(each) for each in ids} | {0}
    assert sum(len(row.owed) for row in rows) == 200
    assert stock_of(loop)["short_orders"][0]["order_id"] == sorted(ids)[150]


def test_what_a_crash_forgot_of_what_was_published_is_taken_over() -> None:
    """A record went out and its state was lost; the facts lead back to what the state remembers:
    it is corrected, with a greater revision."""
    loop = stocked(1)
    told(loop, level(1), of("1"))
    loop.commit(0)
    told(loop, of("2"))
    assert numbers(loop) == (2, 1, 1)
    wrong = stock_of(loop)
    # The second order was never there.
    for place in [place for place in loop.logs if place[0] != TOPICS.stock]:
        del loop.logs[place][loop._committed[0][1].get(place, 0) :]
    loop.crash(0)
    loop.tick(0, loop.now)
    told(loop)
    assert numbers(loop) == (1, 1, 0)
    assert stock_of(loop)["revision"] > wrong["revision"]


def test_what_is_read_back_and_is_no_record_of_stock_is_passed_over() -> None:
    """Rows of days, other people's, and revisions after which none can come."""
    loop = stocked(1)
    told(loop, level(0), of("1"))
    good = stock_of(loop)
    spoilt = [
        {**good, "revision": 1 << 60},
        {**good, "day": "2026-11-20"},
        {name: value for name, value in good.items() if name != "day"},
        {**good, "shop_id": "\ud800"},
        {**good, "short_orders": None},
    ]
    values = [json.dumps(each).encode() for each in spoilt]
    assert recover_stock([*values, b"", None, b"\xff"], 1, frozenset({0})) == {}
    found = recover_stock([json.dumps(good).encode()], 1, frozenset({0}))
    assert found[0][stock_key(*PRODUCT)][::2] == (good["revision"], 1)


def test_the_observer_hears_what_a_product_lacked_and_lacks() -> None:
    """As it is published, and at a product's end."""
    loop = stocked(1)
    seen: list[Stocked] = []
    happen = loop._happen

    def listen(effects: Any, partition: int) -> None:
        seen.extend(each for each in effects.observations if isinstance(each, Stocked))
        happen(effects, partition)

    loop._happen = listen  # type: ignore[method-assign]
    told(loop, level(0), of("1", 2))
    told(loop, of("1", 2, updated_at=PAID + HOUR, state="closed"))
    lacks = [(each.before, each.after) for each in seen]
    assert lacks[0][0] == 0
    assert lacks[-1] == (2, 0)
    assert [before for before, _ in lacks[1:]] == [after for _, after in lacks[:-1]]


def test_a_held_partition_takes_levels_in_and_says_nothing_before_it_goes_on() -> None:
    """What lies there is read first; then it is said once, and right."""
    loop = stocked(1)
    for value in (level(3), level(1, PAID + HOUR)):
        loop.produce(TOPICS.stock, json.dumps(value).encode(), None, 0)
    loop.produce(TOPICS.orders, json.dumps(of("1", 2)).encode(), None, 0)
    while loop.waiting():
        loop.step(loop.waiting()[0], 1, None)
    loop.tick(0, None)
    assert loop.risks == []
    loop.now = us(PROMISE)
    told(loop)
    stock = [v for t, _, v in loop.risks if t == TOPICS.product_risk and v["day"] is None]
    assert [(each["unshipped"], each["available"]) for each in stock][-1] == (2, 1)
    assert {each["available"] for each in stock} == {1}
