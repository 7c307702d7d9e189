"""Shop and product meters are what a count of the facts gives, however records travel."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from oracle.histories import History
from support.builders import DAY, HOUR, PAID, PROMISE, order, picked_up, release, upload, us
from support.replaying import arrival_of, replay, standing
from support.shop_days import counted
from support.travelling import RUNNING, gates_of, in_order, sent_anywhere, suitable
from support.two_sides import TOPICS, Loop, run

from schemas import MODELS
from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.times import DAY as DAY_US
from streams.facts.times import SECOND, from_datetime
from streams.profiles.loader import load
from streams.replay.machine import Machine
from streams.replay.shop_days import ShopDays
from streams.state.codec import load_contributions, load_shop_day
from streams.state.contributions import Contribution, ContributionChange
from streams.state.shop_days import KEPT
from streams.tables.recover_risks import recover_risks
from streams.tables.recover_shop_days import LONGEST, contribution_outputs
from streams.tables.shop_days import SLOWER_BY, SLOWEST

HISTORIES = 40

Message = dict[str, Any]


def newest(loop: Loop, topic: str) -> dict[bytes, Message]:
    """The newest revision of each key of a topic."""
    kept: dict[bytes, Message] = {}
    for found, key, value in loop.risks:
        if found == topic and (key not in kept or value["revision"] >= kept[key]["revision"]):
            kept[key] = value
    return kept


def shop_counts(loop: Loop) -> dict[tuple[str, str, str], dict[str, int]]:
    """The newest counts of each shop and day, zeros left out."""
    found = {}
    for value in newest(loop, TOPICS.shop_risk).values():
        counts = {name: number for name, number in value["counts"].items() if number}
        if counts:
            found[value["platform"], value["shop_id"], value["day"]] = counts
    return found


def product_counts(loop: Loop) -> dict[tuple[str, str, str, str], dict[str, int]]:
    """The newest counts of each product and day of which something is late."""
    return {
        (v["platform"], v["shop_id"], v["product_id"], v["day"]): v["counts"]
        for v in newest(loop, TOPICS.product_risk).values()
        if v["counts"]["late"]
    }


def compare(loop: Loop, history: History) -> None:
    """What was published last is what a count of the facts gives, of the days that are kept."""
    warnings = standing(replay(history.orders, history.tracking, history.until)[0])
    shops, products = counted(history, load(), warnings)
    oldest = (history.until - timedelta(microseconds=KEPT)).date().isoformat()
    for found, wanted in ((shop_counts(loop), shops), (product_counts(loop), products)):
        assert _since(found, oldest) == _since(wanted, oldest)


def _since(counts: dict[Any, dict[str, int]], oldest: str) -> dict[Any, dict[str, int]]:
    return {key: numbers for key, numbers in counts.items() if key[-1] > oldest}


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_any_chunking_and_partition_gives_the_count_of_the_facts(seed: int) -> None:
    """Random partitions, chunks, gates and interleavings: the same counts."""
    rng = Random(f"meters/{seed}")
    history = suitable(2_000 + seed)
    until = from_datetime(history.until)
    loop = Loop(rng.choice((1, 2, 3, 4, 7)), until - RUNNING)
    loop.apart = seed % 2 == 1
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng))
    loop.drain(until)
    compare(loop, history)


FORGOTTEN = (434, 549, 656, 811, 1322, 1325, 1352, 1373)
"""Histories in which a crash takes a state that had told, or published, something else."""


@pytest.mark.parametrize("seed", [*range(HISTORIES), *FORGOTTEN])
def test_crashes_change_no_count(seed: int) -> None:
    """Partitions lose what they had not committed, again and again: the same counts and warnings.

    No revision of a record is ever published with two contents.
    """
    rng = Random(f"meters/crash/{seed}")
    history = suitable(3_000 + seed)
    until = from_datetime(history.until)
    loop = Loop(rng.choice((1, 2, 3, 4)), until - RUNNING)
    loop.apart = seed % 2 == 1
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng), crashes=0.08)
    loop.drain(until)
    compare(loop, history)
    warnings = standing(replay(history.orders, history.tracking, history.until)[0])
    assert standing(loop.newest()) == warnings
    contents: dict[tuple[str, bytes, int], Message] = {}
    for topic, key, value in loop.risks:
        assert contents.setdefault((topic, key, value["revision"]), value) == value


@pytest.mark.parametrize("seed", range(10))
def test_a_replay_ends_with_what_the_worker_published_last(seed: int) -> None:
    """Files and Kafka: the same counts, rates and lines."""
    rng = Random(f"meters/replay/{seed}")
    history = suitable(4_000 + seed)
    until = from_datetime(history.until)
    loop = Loop(3, until - RUNNING)
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng))
    loop.drain(until)
    meters = ShopDays(load())
    machine = Machine(load(), lambda revision: None, meters)
    for topic, value in in_order(history):
        raw, arrival = json.dumps(value).encode(), arrival_of(value)
        if topic == TOPICS.orders:
            version = decode_order(raw, None, arrival, arrival)
            assert not isinstance(version, Bad)
            machine.order(version, arrival)
        else:
            fact = decode_tracking(raw, arrival)
            assert not isinstance(fact, Bad)
            machine.tracking(fact, arrival)
    machine.advance(until)
    oldest = (history.until - timedelta(microseconds=KEPT)).date().isoformat()
    topics = (TOPICS.shop_risk, TOPICS.product_risk)
    for topic, lines in zip(topics, meters.written(until), strict=True):
        written = [json.loads(line) for line in lines]
        found, wanted = list(newest(loop, topic).values()), written
        assert _content(found, oldest) == _content(wanted, oldest)


def _content(values: list[Message], oldest: str) -> dict[tuple[Any, ...], Message]:
    """Records by key, without their revisions, and without those in which nothing is left."""
    return {
        (value["platform"], value["shop_id"], value.get("product_id"), value["day"]): {
            name: field for name, field in value.items() if name not in ("revision", "detected_at")
        }
        for value in values
        if value["day"] > oldest and any(value["counts"].values())
    }


def told(loop: Loop, *messages: Message) -> None:
    """Messages on partition 0 of their topics, read to the end at the wall clock."""
    for value in messages:
        topic = TOPICS.tracking if "tracking_number" in value else TOPICS.orders
        loop.produce(topic, json.dumps(value).encode(), None, 0)
    loop.drain(loop.now)
    # A changed row waits a moment for more to come.
    loop.now += DAY_US // 24
    loop.drain(loop.now)


def one_day(shop: str, day: str, **counts: int) -> dict[tuple[str, str, str], dict[str, int]]:
    """The counts of one day of a shop."""
    return {("douyin", shop, day): counts}


def test_an_order_that_moves_leaves_where_it_was() -> None:
    """Its promise moves to another day, then the order to another shop."""
    loop = Loop(3, us(PAID + HOUR))
    told(loop, order(items=[{"product_id": "p1"}]))
    assert shop_counts(loop) == one_day("s-1", "2026-11-22", due=1)
    told(loop, order(updated_at=PAID + HOUR, promised_ship_by=PROMISE + DAY))
    assert shop_counts(loop) == one_day("s-1", "2026-11-23", due=1)
    told(loop, order(updated_at=PAID + 2 * HOUR, promised_ship_by=PROMISE + DAY, shop_id="s-2"))
    assert shop_counts(loop) == one_day("s-2", "2026-11-23", due=1)


def test_where_late_orders_are_not_judged_only_a_stated_promise_counts(tmp_path: Path) -> None:
    """With `ship_overdue` off, an order that brings no promise is due on no day."""
    pack = '[rules]\nship_overdue = "off"\n'
    (tmp_path / "own.toml").write_text(f'extends = "douyin-2026-07-09"\n{pack}')
    loop = Loop(1, us(PAID + HOUR), load([tmp_path]))
    told(loop, order("1", promised_ship_by=None), order("2", promised_ship_by=PROMISE))
    assert shop_counts(loop) == one_day("s-1", "2026-11-22", due=1)


@pytest.mark.parametrize("offset", ["+08:00", "+00:00", "-08:00"])
def test_a_promise_for_the_end_of_time_is_not_metered(offset: str) -> None:
    """A date that stands for "never" stops nobody; once a real one comes, it counts."""
    loop = Loop(2, us(PAID + HOUR))
    told(loop, order(promised_ship_by=f"9999-12-31T23:59:59{offset}"), order("2"))
    assert shop_counts(loop) == one_day("s-1", "2026-11-22", due=1)
    told(loop, order(updated_at=PAID + HOUR, promised_ship_by=PROMISE + DAY))
    assert shop_counts(loop) == {
        **one_day("s-1", "2026-11-22", due=1),
        **one_day("s-1", "2026-11-23", due=1),
    }


def test_many_orders_of_many_products_are_told_in_several_messages() -> None:
    """A message that is too long for Kafka would end the worker, and again after each start."""
    names = tuple(f"{number:0128d}" for number in range(100))
    share = Contribution("douyin", "s-1", 20_000, products=names)
    changes = [ContributionChange(str(number), share, share) for number in range(1_000)]
    values = [
        output.value or b"" for output in contribution_outputs(TOPICS.meter_totals, 3, changes)
    ]
    assert max(map(len, values)) <= LONGEST
    assert [change for value in values for change in load_contributions(value)] == changes


def test_a_message_read_twice_counts_once() -> None:
    """A crash after the state was durable and before the offsets were: it is read again."""
    loop = Loop(1, us(PAID + HOUR))
    told(loop, order("1"), order("2"))
    for value in ("3", "4"):
        loop.produce(TOPICS.orders, json.dumps(order(value)).encode(), None, 0)
        loop.step((TOPICS.orders, 0), 1, loop.now)
    place = (TOPICS.meter_totals, 0)
    while place in loop.waiting():
        loop.step(place, 1, loop.now)
    loop.read[place] = 0
    told(loop)
    assert shop_counts(loop) == one_day("s-1", "2026-11-22", due=4)


def test_late_orders_make_a_product_known_and_shipping_makes_them_shipped() -> None:
    """Three orders of a product: one in time, one late and shipped, one late and not shipped."""
    loop = Loop(2, us(PAID + HOUR))
    wares = [{"product_id": "p1"}, {"product_id": "p1"}, {"product_id": "p|2"}, {"sku_id": "k"}]
    told(loop, *(order(number, items=wares) for number in ("1", "2", "3")))
    told(loop, upload("1"), picked_up(), upload("2", number="N-200002"))
    assert product_counts(loop) == {}
    loop.now = us(PROMISE + HOUR)
    told(loop)
    assert shop_counts(loop) == {
        **one_day("s-1", "2026-11-20", shipped=1),
        **one_day("s-1", "2026-11-22", due=3, late=2, unshipped=2),
    }
    told(loop, picked_up(PROMISE + HOUR, "N-200002"))
    assert shop_counts(loop) == {
        **one_day("s-1", "2026-11-20", shipped=1),
        **one_day("s-1", "2026-11-22", due=3, late=2, unshipped=1, shipped=1),
    }
    late = {"due": 3, "late": 2}
    assert product_counts(loop) == {
        ("douyin", "s-1", "p1", "2026-11-22"): late,
        ("douyin", "s-1", "p|2", "2026-11-22"): late,
    }
    keys = {key for topic, key, _ in loop.risks if topic == TOPICS.product_risk}
    assert keys == {b"douyin|s-1|p1|2026-11-22", b"douyin|s-1|p%7C2|2026-11-22"}


def test_what_is_published_is_what_the_contract_says() -> None:
    """Every record satisfies its model and is keyed by its own fields; revisions rise."""
    loop = Loop(1, us(PROMISE + HOUR))
    told(loop, *(order(str(n), items=[{"product_id": "p1"}]) for n in range(1, 6)))
    told(loop, upload("1", number="TEST-1234567"))
    assert {topic for topic, _, _ in loop.risks} == {TOPICS.shop_risk, TOPICS.product_risk}
    seen: dict[tuple[str, bytes], int] = {}
    for topic, key, value in loop.risks:
        model = MODELS[topic].model_validate_json(json.dumps(value))
        assert model.model_dump(mode="json", exclude_unset=True).keys() == value.keys()
        assert value["revision"] > seen.get((topic, key), 0)
        seen[topic, key] = value["revision"]
    shop = newest(loop, TOPICS.shop_risk)[b"douyin|s-1|2026-11-22"]
    assert shop["rates"] == {"late": 10_000, "unshipped": 10_000, "abnormal": None}
    assert {line["name"]: line["distance"] for line in shop["lines"]} == {
        # Nobody picked up the number that was uploaded: 48 hours of that are over on this day.
        "track_abnormal": 19,
        "late_two_days": 395,
        "late_one_day": 195,
        "out_of_stock": 25,
    }


def test_a_day_that_changes_moves_the_line_of_the_day_after() -> None:
    """Two days running: the second day's record hears of the first day's last late order."""
    loop = Loop(2, us(PROMISE + 3 * DAY))
    first = [order(f"a{n}") for n in range(200)]
    second = [order(f"b{n}", PAID + DAY) for n in range(200)]
    shipped = [upload([f"a{n}" for n in range(200)], number="N-300003")]
    told(loop, *first, *second, *shipped, picked_up(PAID + 3 * HOUR, "N-300003"))

    def distance() -> int:
        lines = newest(loop, TOPICS.shop_risk)[b"douyin|s-1|2026-11-23"]["lines"]
        return next(int(line["distance"]) for line in lines if line["name"] == "late_two_days")

    assert distance() == 80
    told(loop, release([f"a{n}" for n in range(80)], PAID + 4 * HOUR, "N-300003"))
    assert distance() == 0
    assert shop_counts(loop)["douyin", "s-1", "2026-11-23"] == {
        "due": 200,
        "late": 200,
        "unshipped": 200,
    }


def test_the_counts_of_a_day_end() -> None:
    """65 days after the day nothing is counted there; a day later, when no line can look back to it
    any more, nothing is left of it, and a straggler does not bring it back."""
    loop = Loop(2, us(PROMISE + HOUR))
    told(loop, order("1"), order("2", PAID + 3 * DAY))
    end = us(PROMISE.replace(hour=0)) + DAY_US + KEPT
    loop.now = end - 10 * DAY_US // 24
    told(loop)
    assert len(rows(loop)) == 2
    loop.now = end
    told(loop, order("4"))
    kept = load_shop_day(next(v for v in loop.values("meters") if load_shop_day(v).day == 20_779))
    assert kept.counts[0] == 1
    loop.now = end + DAY_US
    told(loop)
    assert rows(loop) == {b"douyin|s-1|2026-11-25"}
    told(loop, order("3"))
    assert rows(loop) == {b"douyin|s-1|2026-11-25"}


def rows(loop: Loop) -> set[bytes]:
    """The keys of the meters table."""
    tables = loop.store.tables
    return {key for (table, _), rows in tables.items() if table == "meters" for key in rows}


def test_strangers_words_become_dead_letters() -> None:
    """What is none of our messages changes no count and stops nobody."""
    loop = Loop(1, us(PAID + HOUR))
    for topic in (TOPICS.meter_totals, TOPICS.meter_facts):
        loop.produce(topic, b"not ours", b"1", 0)
    told(loop, order())
    assert [letter["reason"] for letter in loop.dead_letters] == ["processing_failed"] * 2
    assert shop_counts(loop) == one_day("s-1", "2026-11-22", due=1)


def test_the_more_rows_a_chunk_changes_the_longer_they_wait() -> None:
    """A hundred rows a second and no more are published; a single one waits for a tick only."""
    loop = Loop(1, us(PAID + HOUR))
    for shop in range(500):
        loop.produce(
            TOPICS.orders, json.dumps(order(str(shop), shop_id=f"s-{shop}")).encode(), None, 0
        )
    while loop.waiting():
        loop.step(loop.waiting()[0], 1_000, loop.now)
    waits = {due - loop.now for due, _ in loop.store.due("meters", 0, loop.now + 10**10)}
    assert waits == {500 * SLOWER_BY}
    assert SLOWER_BY * 100 <= SECOND
    assert 500 * SLOWER_BY <= SLOWEST


def earlier_life(product: str = "p1", **counts: int) -> bytes:
    """A product's day as a worker published it that remembers nothing of it."""
    value = {
        "schema_version": 1,
        "platform": "douyin",
        "shop_id": "s-1",
        "product_id": product,
        "day": "2026-11-22",
        "revision": us(PAID) // 1_000,
        "counts": counts,
    }
    return json.dumps(value).encode()


def earlier_day(day: str, **counts: int) -> bytes:
    """A shop's day as a worker published it that remembers nothing of it."""
    value = {
        "schema_version": 1,
        "platform": "douyin",
        "shop_id": "s-1",
        "day": day,
        "revision": us(PAID) // 1_000,
        "profile": "douyin-2026-07-09",
        "counts": counts,
        "rates": {},
        "lines": [],
        "windows": [],
    }
    return json.dumps(value).encode()


def remember(loop: Loop, *values: bytes, days: Iterable[bytes] = ()) -> None:
    """What an assignment reads back of products and of shops' days."""
    shown = recover_risks(days, values, loop.partitions, frozenset(range(loop.partitions)))
    loop.shop_days.recover_risks(shown, range(loop.partitions))
    assert not all(map(loop.shop_days.matched, range(loop.partitions)))
    for partition in range(loop.partitions):
        loop.tick(partition, loop.now)
        assert loop.shop_days.matched(partition)


@pytest.mark.parametrize("first", [True, False], ids=["before-its-orders", "after-them"])
def test_a_product_that_an_earlier_life_published_is_corrected(first: bool) -> None:
    """Of one nothing is late, the other nobody has: zeros, with a greater revision; once. What is
    still true is not said again."""
    loop = Loop(2, us(PAID + HOUR))
    said = earlier_life(due=1, late=1), earlier_life("p2", due=4, late=2)
    wares = [{"product_id": "p1"}, {"product_id": "p3"}]
    if first:
        remember(loop, *said)
        assert loop.risks == []
    told(loop, order("1", items=wares))
    if not first:
        remember(loop, *said)
    told(loop)
    found = {
        value["product_id"]: (value["counts"], value["revision"] > us(PAID) // 1_000)
        for topic, _, value in loop.risks
        if topic == TOPICS.product_risk
    }
    assert found == {"p1": ({"due": 1, "late": 0}, True), "p2": ({"due": 0, "late": 0}, True)}
    number = len(loop.risks)
    remember(loop, *said, earlier_life("p4", due=0, late=0))
    told(loop)
    assert len(loop.risks) == number


def test_a_day_to_which_no_order_contributes_is_left_as_it_stands() -> None:
    """It may be somebody else's, or of orders that the inputs no longer hold; a day beside it that
    is published changes nothing, and in the end nothing is left of it."""
    loop = Loop(2, us(PAID + HOUR))
    remember(loop, earlier_life(due=1, late=1))
    told(loop, order("1", PAID - DAY, items=[{"product_id": "p1"}]))
    assert shop_counts(loop) == one_day("s-1", "2026-11-21", due=1)
    assert [topic for topic, *_ in loop.risks] == [TOPICS.shop_risk]
    # A line of two days running has it kept for a day more.
    loop.now = us(PROMISE.replace(hour=0)) + 2 * DAY_US + KEPT
    told(loop)
    assert rows(loop) == set()


def test_a_day_that_is_said_for_an_earlier_one_still_wakes_the_later_ones() -> None:
    """A day changes while the day before it is about to be published: it is published with that
    one, and the day after it, whose line looks back two days, hears of it all the same."""
    loop = Loop(1, us(PAID + HOUR))

    def read(number: str, paid: datetime) -> None:
        loop.produce(TOPICS.orders, json.dumps(order(number, paid)).encode(), None, 0)
        while loop.waiting():
            loop.step(loop.waiting()[0], 1_000, loop.now)

    told(loop, order("1", PAID), order("2", PAID - DAY))
    read("3", PAID - 2 * DAY)
    (first,) = (due for due, _ in loop.store.due("meters", 0, loop.now + SLOWEST))
    read("4", PAID - DAY)
    loop.tick(0, first)
    early = {value["day"]: value["counts"]["due"] for _, _, value in loop.risks}
    assert early == {"2026-11-22": 1, "2026-11-21": 2, "2026-11-20": 1}
    told(loop)
    distances = {
        value["day"]: line["distance"]
        for value in newest(loop, TOPICS.shop_risk).values()
        for line in value["lines"]
        if line["name"] == "late_two_days"
    }
    assert distances == {"2026-11-20": 399, "2026-11-21": 397, "2026-11-22": 397}


def test_a_published_day_that_nothing_counts_for_any_more_is_corrected_once() -> None:
    """The shop has orders of days before it, so its orders are at hand: zeros, with a greater
    revision. A day before all orders at hand is left as it stands."""
    loop = Loop(2, us(PAID + HOUR))
    told(loop, order("1", PAID - DAY))
    before = len(loop.risks)
    days = earlier_day("2026-11-22", abnormal=1), earlier_day("2026-11-20", abnormal=2)
    remember(loop, days=days)
    told(loop)
    (corrected,) = loop.risks[before:]
    topic, _, value = corrected
    assert (topic, value["day"]) == (TOPICS.shop_risk, "2026-11-22")
    assert not any(value["counts"].values())
    assert value["revision"] > us(PAID) // 1_000
    remember(loop, days=[*days, json.dumps(value).encode()])
    told(loop)
    assert len(loop.risks) == before + 1


def test_a_published_day_that_is_still_true_is_not_said_again() -> None:
    """A state that begins anew counts the same, and knows what was published."""
    loop = Loop(2, us(PAID + HOUR))
    told(loop, order("1"))
    ((_, _, value),) = loop.risks
    anew = Loop(2, us(PAID + HOUR))
    anew.produce(TOPICS.orders, json.dumps(order("1")).encode(), None, 0)
    while anew.waiting():
        anew.step(anew.waiting()[0], 1_000, anew.now)
    remember(anew, days=[json.dumps(value).encode()])
    told(anew)
    assert anew.risks == []
    told(anew, order("2"))
    ((_, _, later),) = anew.risks
    assert later["counts"]["due"] == 2
    assert later["revision"] > value["revision"]


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"day": "2100-01-01"},
        {"day": None},
        {"revision": 1 << 53},
        {"counts": {"due": -1}},
        {"counts": None},
        {"profile": None},
        {"lines": "many"},
        {"shop_id": "\ud800"},
    ],
    ids=str,
)
def test_what_is_no_row_of_a_shop_is_passed_over(change: Message) -> None:
    value = {**json.loads(earlier_day("2026-11-22", due=1)), **change}
    assert recover_risks([json.dumps(value).encode(), b"", None], [], 1, frozenset({0})) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"day": "2100-01-01"},
        {"day": "1969-12-31"},
        {"day": "soon"},
        {"revision": 1 << 53},
        {"counts": {"due": 1}},
        {"counts": {"due": -1, "late": 0}},
        {"product_id": None},
        {"shop_id": "\ud800"},
    ],
    ids=str,
)
def test_what_is_no_row_of_a_product_is_passed_over(change: Message) -> None:
    value = {**json.loads(earlier_life(due=1, late=1)), **change}
    assert recover_risks([], [json.dumps(value).encode(), b"", None], 1, frozenset({0})) == {}
