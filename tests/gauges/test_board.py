"""The board says what the states say: after any history, any crash, and while it still counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest
from oracle.stock import stocked
from support.replaying import profiles
from support.travelling import RUNNING, gates_of, sent_anywhere, suitable
from support.two_sides import TOPICS, Loop, run

from streams.engine.kafka.types import Effects
from streams.facts.times import from_datetime
from streams.gauges.board import Board
from streams.state.codec import load_shop_day
from streams.state.standing import UNKNOWN_SHOP

HISTORIES = 25
PARTITIONS = 3


class Watched(Loop):
    """The pipeline with a board beside it, told and assigned as the engine does it."""

    def __init__(self, partitions: int, now: int, rng: Random, *, stocked: bool = False) -> None:
        super().__init__(partitions, now, stocked=stocked)
        self.board = Board(profiles(), lambda: self.now, lambda: 0.0)
        self.rng = rng
        self.counting: list[tuple[int, Callable[[int], None]]] = []
        self.assign()

    def assign(self) -> None:
        """A new assignment: the states are counted as they are now, and taken over later."""
        self.board.assigned(frozenset(range(self.partitions)))
        self.counting = []
        for partition in range(self.partitions):
            for table in self.tables:
                rows = list(self.store.tables[table, partition].items())
                self.counting.append((partition, self.board.count(table, batches(rows))))

    def count_on(self) -> bool:
        """Take over one more table; False: all are."""
        if not self.counting:
            return False
        partition, take_over = self.counting.pop(0)
        take_over(partition)
        if all(other != partition for other, _ in self.counting):
            self.board.counted(partition)
        return True

    def _happen(self, work: Effects, partition: int) -> None:
        super()._happen(work, partition)
        self.board.accepted(work)
        if self.rng.random() < 0.2:
            self.count_on()

    def crash(self, partition: int) -> None:
        """A worker that takes over has counted nothing."""
        super().crash(partition)
        self.assign()


def batches(rows: list[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    """Stored states as a scan gives them."""
    for start in range(0, len(rows), 4):
        yield rows[start : start + 4]


def published(loop: Loop) -> Counter[tuple[str, ...]]:
    """What consumers of the warnings would count."""
    return Counter(
        (
            warning["platform"],
            warning["shop_id"] or UNKNOWN_SHOP,
            warning["rule"],
            warning["stage"],
            warning["state"],
        )
        for warning in loop.newest().values()
        if warning["state"] in ("open", "breached")
    )


def lived(seed: int, *, crashes: float) -> Watched:
    """A random history, lived through to its end, everything counted."""
    history = suitable(seed)
    rng = Random(seed)
    until = from_datetime(history.until)
    loop = Watched(PARTITIONS, until - RUNNING, rng)
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng), crashes=crashes)
    loop.drain(until)
    while loop.count_on():
        pass
    return loop


@pytest.mark.parametrize("crashes", [0.0, 0.05])
def test_the_board_shows_what_consumers_count(crashes: float) -> None:
    """Open and breached warnings by platform, shop, rule, stage and state: 25 random histories,
    read in any order, with takeovers in the middle of counting; 0 differences."""
    seen: Counter[tuple[str, ...]] = Counter()
    for seed in range(HISTORIES):
        loop = lived(seed, crashes=crashes)
        wanted = published(loop)
        assert loop.board.standing.counts == dict(wanted), f"history {seed}"
        seen += wanted
    assert len(seen) > 20, "the histories leave too little standing to compare"


def test_money_strikes_and_deadlines_are_those_of_the_warnings() -> None:
    """Sums over what consumers have: minor units, strikes, the minute of each open deadline."""
    money: dict[tuple[str, ...], list[int]] = {}
    strikes: Counter[tuple[str, ...]] = Counter()
    deadlines: Counter[tuple[str, str, int]] = Counter()
    found: list[dict[Any, Any]] = [{}, {}, {}]
    for seed in range(HISTORIES):
        loop = lived(seed, crashes=0.02)
        for warning in loop.newest().values():
            state = warning["state"]
            if state not in ("open", "breached"):
                continue
            place = warning["platform"], warning["shop_id"] or UNKNOWN_SHOP
            if state == "open" and warning["deadline"] is not None:
                deadlines[(*place, minute(warning["deadline"]))] += 1
            exposure = warning["exposure"]
            if exposure["kind"] == "strike":
                strikes[(*place, state)] += warning["stage"] != "notice"
            elif exposure.get("least") is not None:
                sums = money.setdefault((*place, state, exposure["currency"]), [0, 0])
                sums[0] += exposure["least"]
                sums[1] += exposure["most"]
        board = loop.board.standing
        for key, sums in board.money.items():
            old = found[0].setdefault(key, [0, 0])
            found[0][key] = [old[0] + sums[0], old[1] + sums[1]]
        for place, number in board.strikes.items():
            found[1][place] = found[1].get(place, 0) + number
        for until, number in board.deadlines.items():
            found[2][until] = found[2].get(until, 0) + number
    assert found[0] == {key: sums for key, sums in money.items() if sums != [0, 0]}
    assert found[1] == dict(+strikes)
    assert found[2] == dict(deadlines)
    assert money
    assert strikes
    assert deadlines


def test_states_are_counted_one_by_one() -> None:
    """The number of states of each table is exact, after takeovers too."""
    for seed in range(HISTORIES):
        loop = lived(seed, crashes=0.03)
        wanted = {table: len(loop.values(table)) for table in loop.tables}
        assert {table: loop.board.states.get(table, 0) for table in loop.tables} == wanted


def test_the_present_day_of_a_shop_is_its_row() -> None:
    """Orders of the day and distances are those of the stored row, whoever counted it."""
    compared = 0
    for seed in range(HISTORIES):
        loop = lived(seed, crashes=0.03)
        rows = {
            ((row.platform, row.shop_id), row.day): tuple(row.counts)
            for row in map(load_shop_day, loop.values("meters"))
        }
        for today in loop.board.days.at(loop.now)():
            day = loop.board.days.present(today.shop[0], loop.now)
            assert rows[today.shop, day] == tuple(today.counts)
            compared += 1
    assert compared


def test_the_board_shows_what_products_lack() -> None:
    """Products that are short and their pieces, by shop: what consumers of the records count, with
    takeovers in the middle of counting."""
    short = 0
    for seed in range(8):
        history, levels = stocked(suitable(seed), seed)
        rng, until = Random(seed), from_datetime(history.until)
        loop = Watched(PARTITIONS, until - RUNNING, rng, stocked=True)
        sent_anywhere(loop, history, rng)
        for level in levels:
            raw = json.dumps(level, ensure_ascii=False).encode()
            loop.produce(TOPICS.stock, raw, None, rng.randrange(PARTITIONS))
        run(loop, rng, gates_of(history, rng), crashes=0.03)
        loop.drain(until)
        while loop.count_on():
            pass
        newest: dict[bytes, dict[str, Any]] = {}
        for topic, key, value in loop.risks:
            if topic == TOPICS.product_risk and value["day"] is None:
                newest[key] = max(newest.get(key, value), value, key=lambda v: v["revision"])
        products: Counter[tuple[str, str]] = Counter()
        pieces: Counter[tuple[str, str]] = Counter()
        for value in newest.values():
            if value["short_by"]:
                products[value["platform"], value["shop_id"]] += 1
                pieces[value["platform"], value["shop_id"]] += value["short_by"]
        assert loop.board.shortages.products == products, f"history {seed}"
        assert loop.board.shortages.pieces == pieces, f"history {seed}"
        short += products.total()
    assert short > 10


def test_a_partition_is_left_out_until_it_is_counted() -> None:
    """Changes to states that are not counted yet would show as less than nothing."""
    loop = lived(1, crashes=0.0)
    before = dict(loop.board.standing.counts)
    assert before
    loop.assign()
    assert loop.board.standing.counts == {}
    while loop.count_on():
        assert all(number > 0 for number in loop.board.standing.counts.values())
    assert loop.board.standing.counts == before


def minute(text: str) -> int:
    """The minute of an ISO time, since the epoch."""
    return int(datetime.fromisoformat(text).timestamp()) // 60
