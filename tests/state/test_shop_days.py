"""One shop's day: what a change of an order does to it, and where it has no room."""

from __future__ import annotations

import msgspec
import pytest

from streams.facts.times import DAY, HOUR
from streams.state import contributions, shop_days
from streams.state.codec import UnknownStateVersion, dump, load_shop_day
from streams.state.contributions import Contribution, Delta, deltas
from streams.state.shop_days import (
    KEPT,
    Change,
    add,
    day_text,
    new_row,
    product_key,
    row_key,
    shop_key,
)
from streams.state.shop_lines import Meter

DUE = Contribution("douyin", "s-1", due=10, products=("p1", "p2"))
SHIPPED = Contribution("douyin", "s-1", due=10, shipped=9, products=("p1", "p2"))
LATE = Contribution("douyin", "s-1", 10, 11, late=True, abnormal=(10, 12), products=("p1",))


def said(
    old: Contribution | None, new: Contribution | None
) -> dict[int, tuple[list[int], dict[str, object]]]:
    """What a change does, by day."""
    return {
        day: (delta.counts, {name: each for name, each in delta.products.items() if any(each)})
        for day, delta in deltas(old, new)
    }


def test_a_change_touches_the_days_that_it_changes_and_no_other() -> None:
    """An order that ships leaves the day on which it is due as it was."""
    assert said(None, DUE) == {10: ([1, 0, 0, 0, 0], {"p1": (1, 0), "p2": (1, 0)})}
    assert said(DUE, SHIPPED) == {9: ([0, 0, 0, 1, 0], {})}
    assert said(SHIPPED, SHIPPED) == {}
    assert said(SHIPPED, LATE) == {
        9: ([0, 0, 0, -1, 0], {}),
        10: ([0, 1, 0, 0, 1], {"p1": (0, 1), "p2": (-1, 0)}),
        11: ([0, 0, 0, 1, 0], {}),
        12: ([0, 0, 0, 0, 1], {}),
    }
    assert said(LATE, None) == {
        10: ([-1, -1, 0, 0, -1], {"p1": (-1, -1)}),
        11: ([0, 0, 0, -1, 0], {}),
        12: ([0, 0, 0, 0, -1], {}),
    }


def test_a_row_counts_a_message_once_and_survives_its_storage() -> None:
    """Changes of one message share an offset; what is read again is passed over."""
    row = new_row("douyin", "s-1", 10, Meter())
    change = Change(7, next(delta for _, delta in deltas(None, DUE)))
    assert add(row, [change, change]) == (True, 0)
    row = load_shop_day(dump(row))
    assert add(row, [change]) == (False, 0)
    assert add(row, [change, Change(8, change.delta)]) == (True, 0)
    assert row.counts == [3, 0, 0, 0, 0]
    assert row.products["p1"].due == 3
    assert row.ends_at == 11 * DAY - 8 * HOUR + KEPT == row.due
    with pytest.raises(UnknownStateVersion):
        load_shop_day(b"\x7f" + dump(row)[1:])


def test_products_without_room_are_not_counted_and_take_nothing_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first ones stay exact; those refused never go below zero, and the shop counts all."""
    monkeypatch.setattr(shop_days, "MOST_PRODUCTS", 1)
    row = new_row("douyin", "s-1", 10, Meter())
    first, other = ({name: (1, 0)} for name in ("p1", "p2"))
    assert add(row, [Change(1, Delta([1, 0, 0, 0, 0], first))]) == (True, 0)
    assert add(row, [Change(2, Delta([1, 0, 0, 0, 0], other))]) == (True, 1)
    late = {"p1": (0, 1), "p2": (0, 1)}
    assert add(row, [Change(3, Delta([0, 2, 0, 0, 0], late))]) == (True, 0)
    assert add(row, [Change(4, Delta([-1, -1, 0, 0, 0], {"p2": (-1, -1)}))]) == (True, 0)
    assert {name: (each.due, each.late) for name, each in row.products.items()} == {"p1": (1, 1)}
    assert row.counts == [1, 1, 0, 0, 0]


def test_a_day_of_a_million_orders_is_as_small_as_one_of_ten() -> None:
    """A row has counts, not members; with as many products as it holds it fits a message."""
    row = new_row("douyin", "s-1", 20_000, Meter())
    small = len(dump(row))
    add(row, [Change(1 << 40, Delta([1_000_000, 400_000, 300_000, 900_000, 100_000], {}))])
    assert len(dump(row)) < small + 40
    names = {f"{number:0128d}": (1_000, 10) for number in range(shop_days.MOST_PRODUCTS)}
    add(row, [Change(1 << 41, Delta([0, 0, 0, 0, 0], names))])
    assert len(row.products) == shop_days.MOST_PRODUCTS
    assert len(dump(row)) < 4 << 20


def test_product_ids_of_many_bytes_find_less_room() -> None:
    """A row fits a message whatever its ids are made of."""
    row = new_row("douyin", "s-1", 20_000, Meter())
    wide = {"\u8d27" * 120 + f"{number:08d}": (1, 0) for number in range(shop_days.MOST_PRODUCTS)}
    _, refused = add(row, [Change(1, Delta([1, 0, 0, 0, 0], {**wide, "p1": (1, 0)}))])
    assert len(row.products) + refused == shop_days.MOST_PRODUCTS + 1
    assert "p1" in row.products
    assert len(dump(row)) < 4 << 20
    assert add(load_shop_day(dump(row)), [Change(2, Delta([1, 0, 0, 0, 0], wide))])[1] == refused


def test_days_that_nobody_can_mean_are_not_metered() -> None:
    """Placeholders for "never", and what a stranger may write."""
    for day in (-1, contributions.DAYS.stop, 2_932_896, 2_932_897, 1 << 62):
        share = Contribution("douyin", "s-1", day, 10, products=("p1",), abnormal=(day,))
        assert said(None, share) == {10: ([0, 0, 0, 1, 0], {})}
    assert day_text(contributions.DAYS[-1]) == "2099-12-31"


def test_names_with_the_separator_give_keys_of_their_own() -> None:
    """No two subjects share a key, and keys of usual names are the names."""
    assert row_key("douyin", "s-1", 20_779) == b"douyin|s-1|2026-11-22"
    keys = {
        product_key("douyin", shop, product, 0)
        for shop, product in (("a|b", "c"), ("a", "b|c"), ("a%7Cb", "c"), ("a", "b%7Cc"))
    }
    assert len(keys) == 4
    assert shop_key("douyin", "a|b") == b"douyin|a%7Cb"


def test_a_topic_made_anew_has_other_messages_at_the_same_offsets() -> None:
    """What it says is counted, whatever offset the row holds of the former one; and once."""
    row = new_row("douyin", "s-1", 10, Meter())
    delta = next(delta for _, delta in deltas(None, DUE))
    assert add(row, [Change(900, delta, 7)]) == (True, 0)
    assert add(row, [Change(900, delta, 7)]) == (False, 0)
    assert add(row, [Change(3, delta, 8), Change(4, delta, 8)]) == (True, 0)
    assert (row.counts[0], row.applied, row.log) == (3, 4, 8)
    assert add(row, [Change(4, delta, 8)]) == (False, 0)


def test_a_row_of_release_0_1_0_goes_on_by_its_offset() -> None:
    """It does not say of which topic that is: taken for the one that is read now."""
    row = new_row("douyin", "s-1", 10, Meter())
    delta = next(delta for _, delta in deltas(None, DUE))
    add(row, [Change(900, delta)])
    old = load_shop_day(dump(row)[:9] + msgspec.msgpack.encode(msgspec.to_builtins(row)[:12]))
    assert (old.applied, old.log) == (900, 0)
    assert add(old, [Change(900, delta, 7)]) == (False, 0)
    assert add(old, [Change(901, delta, 7)]) == (True, 0)
    assert (old.counts[0], old.applied, old.log) == (2, 901, 7)
    # On a cluster that gives no ids it stays as it was.
    assert add(old, [Change(901, delta)]) == (False, 0)
