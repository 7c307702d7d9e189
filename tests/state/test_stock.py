"""What a product lacks: each boundary of the count, of since when, and of who is named."""

from __future__ import annotations

from itertools import permutations

import pytest

from streams.facts.facts import OwedFacts, StockFact
from streams.facts.times import DAY, HOUR, RETENTION, STATE_KEPT
from streams.state import stock
from streams.state.batch import apply_levels, apply_owed
from streams.state.codec import dump, load_stock
from streams.state.stock import (
    MOST_SHORT,
    OWED_KEPT,
    ShortOrder,
    Stock,
    ends_at,
    hear_level,
    hear_owed,
    part_key,
    part_of,
    product_of,
    shortage,
    stock_key,
    unshipped,
)

NOW = 1_795_000_000_000_000
PRODUCT = ("douyin", "s-1", "p1")


def level(at: int, available: int) -> StockFact:
    """A level of the product."""
    return StockFact(*PRODUCT, at, available)


def owed(order_id: str, pieces: int, paid_at: int = NOW) -> OwedFacts:
    """What an order is owed of the product."""
    return OwedFacts(order_id, *PRODUCT, pieces, paid_at, paid_at + 2 * DAY)


ANY_ORDER = list(permutations([level(NOW, 5), level(NOW, 3), level(NOW - 1, 9), level(NOW, 3)]))


@pytest.mark.parametrize("levels", ANY_ORDER)
def test_the_newest_level_stands_and_of_equal_times_the_smaller(
    levels: tuple[StockFact, ...],
) -> None:
    """In whatever order they come."""
    row = Stock(*PRODUCT)
    hear_level(row, levels)
    assert row.level == (NOW, 3)


def test_a_level_older_than_retention_is_late() -> None:
    """One at retention is old and no news; a microsecond more, and it is counted as late."""
    row = Stock(*PRODUCT)
    hear_level(row, [level(NOW, 5)])
    assert hear_level(row, [level(NOW - RETENTION, 1)])[:2] == (0, 0)
    assert hear_level(row, [level(NOW - RETENTION - 1, 1)])[:2] == (0, 1)
    assert row.level == (NOW, 5)


def test_the_last_word_of_an_order_stands() -> None:
    """Repeats are no news; fewer pieces are; none at all end it."""
    row = Stock(*PRODUCT)
    assert hear_owed(row, [owed("1", 2), owed("1", 2)]) == (True, ())
    assert hear_owed(row, [owed("1", 2), None]) == (False, ())
    assert hear_owed(row, [owed("1", 1)]) == (True, ())
    assert unshipped(row) == 1
    assert hear_owed(row, [owed("1", 0), owed("2", 0)]) == (True, ())
    assert (row.owed, row.named) == ({}, 0)


def test_orders_for_which_a_part_has_no_room_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are still heard, and there is room again once one has gone."""
    monkeypatch.setattr(stock, "MOST_ORDERS", 2)
    row = Stock(*PRODUCT)
    assert hear_owed(row, [owed("1", 1), owed("2", 1), owed("3", 1)]) == (True, (2,))
    assert hear_owed(row, [owed("2", 5)]) == (True, ())
    assert hear_owed(row, [owed("1", 0), owed("3", 1)]) == (True, ())
    assert sorted(row.owed) == ["2", "3"]


def test_short_by_is_what_more_is_owed_than_there_is() -> None:
    """As much as there is is enough; a level below 0 is short without any order."""
    orders = [("1", (2, NOW, None)), ("2", (1, NOW, None))]
    assert shortage((NOW, 3), orders).short_by == 0
    assert shortage((NOW, 2), orders).short_by == 1
    assert shortage((NOW, -1), []) == (1, NOW, ())
    assert shortage((NOW, 0), []) == (0, None, ())


def test_short_since_is_the_level_or_the_payment_after_it() -> None:
    """The payment with which it was too much; what is paid before the level counts from there."""
    orders = [(str(n), (1, NOW + n * HOUR, None)) for n in range(4)]
    assert shortage((NOW, 2), orders).since == NOW + 2 * HOUR
    assert shortage((NOW + 2 * HOUR + 1, 2), orders).since == NOW + 2 * HOUR + 1
    assert shortage((NOW + 2 * HOUR, 2), orders).since == NOW + 2 * HOUR
    assert shortage((NOW - DAY, -1), orders).since == NOW - DAY


def test_named_are_the_orders_that_the_stock_does_not_reach() -> None:
    """It goes to the earliest promises; ties to who paid first; those without one come last."""
    late, soon = NOW + 3 * DAY, NOW + DAY
    orders = [
        ("none", (1, NOW - DAY, None)),
        ("late", (1, NOW - DAY, late)),
        ("soon", (2, NOW, soon)),
        ("tie", (1, NOW + 1, soon)),
    ]
    assert shortage((NOW, 3), orders).orders == (
        ShortOrder("late", 1, late),
        ShortOrder("none", 1, None),
    )
    assert [each.order_id for each in shortage((NOW, 1), orders).orders] == [
        *("soon", "tie", "late", "none")
    ]
    many = [(f"{n:03}", (1, NOW, NOW + n)) for n in range(50)]
    named = [each.order_id for each in shortage((NOW, 5), many).orders]
    assert named == [f"{n:03}" for n in range(5, 5 + MOST_SHORT)]


def test_parts_know_their_product_and_no_name_mixes_them_up() -> None:
    """A colon in a name is no colon of the key."""
    assert stock_key(*PRODUCT) == part_key((*PRODUCT, 0)) == b"douyin:s-1:p1"
    assert part_key((*PRODUCT, 7)) == b"douyin:s-1:p1:7"
    assert product_of(b"douyin:s-1:p1:7") == product_of(b"douyin:s-1:p1") == b"douyin:s-1:p1"
    keys = {
        stock_key(*names) for names in (("a", "b:c", "d"), ("a", "b", "c:d"), ("a", "b%3Ac", "d"))
    }
    assert len(keys) == 3
    assert part_key(("a", "b", "c:7", 0)) != part_key(("a", "b", "c", 7))


def test_the_first_part_knows_what_the_others_come_to() -> None:
    """And forgets them as they empty; a part that is owed nothing has no state left."""
    order = next(str(n) for n in range(100) if part_of(str(n)))
    names = [(*PRODUCT, part_of(order)), (*PRODUCT, 0)]
    part, first = apply_owed(names, [None, None], [[owed(order, 3)], [None]], NOW)
    assert part.changed
    assert first.changed
    assert first.state is not None
    assert first.state.parts == {part_of(order): 3}
    stored = [load_stock(dump(each.state)) for each in (part, first) if each.state is not None]
    part, first = apply_owed(names, stored, [[owed(order, 0)], [None]], NOW + 1)
    assert (part.state, first.state) == (None, None)
    assert part.changed
    assert first.changed


def test_a_part_of_nothing_is_not_made() -> None:
    """An order that takes nothing of a product of which nothing is known leaves no state."""
    names = [(*PRODUCT, 0)]
    (first,) = apply_owed(names, [None], [[owed("0", 0)]], NOW)
    assert not first.changed


def test_a_product_ends_once_nothing_is_heard_of_it() -> None:
    """A level as long as any state; with open orders only what a loss of states left behind."""
    (first,) = apply_levels([(*PRODUCT, 0)], [None], [[level(NOW, 5)]], NOW)
    assert first.state is not None
    assert first.state.due == ends_at(first.state) == NOW + STATE_KEPT
    first.state.parts = {3: 1}
    assert ends_at(first.state) == NOW + OWED_KEPT
