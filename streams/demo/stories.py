"""What happens to parcels in the demo's history: one function a kind of trouble, and the good days.

Here are the good days and the clocks up to the first hub; the stalls are in `lane_stories`, the
checks in `check_stories`. Every story takes the ledger, a shop and the hour of the payment; where
it ends "late", its clock breaches first. Back-filled means: it happened in time, but the feed told
it hours later, and as feeds do, newest first.
"""

from __future__ import annotations

from collections.abc import Callable

from streams.demo.ledger import Ledger, Order, Parcel
from streams.demo.world import Shop

Story = Callable[[Ledger, Shop, float], None]


def fine(book: Ledger, shop: Shop, paid: float) -> None:
    """Paid, uploaded, picked up, delivered."""
    order = book.order(shop, paid)
    parcel, uploaded = shipped(book, order, paid + book.rng.uniform(1, 14))
    book.journey(parcel, uploaded + book.rng.uniform(0.5, 9))


def combined(book: Ledger, shop: Shop, paid: float) -> None:
    """Two orders of one buyer in one parcel: the number is shared, and rightly so."""
    first = book.order(shop, paid)
    second = book.order(shop, paid + 1, to=first.to, buyer=first.id)
    parcel = book.parcel(first)
    book.upload(parcel, paid + 6, first, second)
    book.journey(parcel, paid + 9)


def split(book: Ledger, shop: Shop, paid: float) -> None:
    """One order in two parcels."""
    order = book.order(shop, paid)
    for hours in (4, 7):
        parcel, uploaded = shipped(book, order, paid + hours)
        book.journey(parcel, uploaded + 3)


def deposit(book: Ledger, shop: Shop, paid: float) -> None:
    """A deposit presale: the clock starts with the final payment."""
    order = book.order(shop, paid, None, presale="deposit")
    final = paid + book.rng.uniform(30, 50)
    book.update(order, final, final_paid_at=book.iso(final), promised_ship_by=book.iso(final + 48))
    parcel, uploaded = shipped(book, order, final + 5)
    book.journey(parcel, uploaded + 4)


def self_pickup(book: Ledger, shop: Shop, paid: float) -> None:
    """The buyer fetches it: no carrier, no clock."""
    book.order(shop, paid, delivery_method="self_pickup")


# -- ship_overdue


def shipped_at_the_last_moment(book: Ledger, shop: Shop, paid: float) -> None:
    """Picked up when the promise was nearly over."""
    order = book.order(shop, paid)
    parcel, uploaded = shipped(book, order, paid + 37)
    book.journey(parcel, uploaded + book.rng.uniform(4, 9))


def shipped_late(book: Ledger, shop: Shop, paid: float) -> None:
    """Picked up after the promise."""
    order = book.order(shop, paid)
    parcel, uploaded = shipped(book, order, paid + 50)
    book.journey(parcel, uploaded + book.rng.uniform(3, 12))


def never_shipped(book: Ledger, shop: Shop, paid: float) -> None:
    """Nobody ships it, nobody says why."""
    book.order(shop, paid)


def refunded_in_time(book: Ledger, shop: Shop, paid: float) -> None:
    """Out of stock; the buyer takes a refund before the promise is over."""
    order = book.order(shop, paid)
    book.update(order, paid + 44, state="closed", closed_reason="refunded")


def refunded_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same after the promise; the order's record is deleted."""
    order = book.order(shop, paid)
    book.tombstone(order, paid + 56)


def handover_back_filled(book: Ledger, shop: Shop, paid: float) -> None:
    """Shipped in time, but shop and feed were down until the warning stood."""
    order = book.order(shop, paid)
    parcel = book.parcel(order)
    told = paid + book.rng.choice((42, 55))
    book.scan(parcel, "hub", paid + 16, shop.home, arrives=told)
    book.scan(parcel, "picked_up", paid + 11, arrives=told + 0.02)
    book.upload(parcel, paid + 7, order, arrives=told + 0.04)
    book.onward(parcel, told + 3)


def promise_moved(book: Ledger, shop: Shop, paid: float) -> None:
    """The buyer agrees to a later date, and that one is kept."""
    order = book.order(shop, paid)
    book.update(order, paid + 41, promised_ship_by=book.iso(paid + 96))
    parcel, uploaded = shipped(book, order, paid + 62)
    book.journey(parcel, uploaded + 3)


def promise_moved_in_vain(book: Ledger, shop: Shop, paid: float) -> None:
    """The later date comes near as well."""
    order = book.order(shop, paid)
    book.update(order, paid + 41, promised_ship_by=book.iso(paid + 84))
    parcel, uploaded = shipped(book, order, paid + 75)
    book.journey(parcel, uploaded + 4)


def same_day(book: Ledger, shop: Shop, paid: float) -> None:
    """Promised within twelve hours, picked up in the last two."""
    order = book.order(shop, paid, 12)
    parcel, uploaded = shipped(book, order, paid + 5)
    book.journey(parcel, uploaded + 5.5)


def same_day_late(book: Ledger, shop: Shop, paid: float) -> None:
    """Promised within twelve hours, picked up after fifteen."""
    order = book.order(shop, paid, 12)
    parcel, uploaded = shipped(book, order, paid + 6)
    book.journey(parcel, uploaded + 9)


# -- pickup_overdue


def picked_up_slowly(book: Ledger, shop: Shop, paid: float) -> None:
    """Picked up a little before the limit."""
    order = book.order(shop, paid)
    parcel, uploaded = shipped(book, order, paid + 2)
    book.journey(parcel, uploaded + book.rng.uniform(21.5, 23.5))


def picked_up_late(book: Ledger, shop: Shop, paid: float) -> None:
    """Picked up after the limit, before it is serious."""
    order = book.order(shop, paid, 72)
    parcel, uploaded = shipped(book, order, paid + 2)
    book.journey(parcel, uploaded + book.rng.uniform(30, 42))


def picked_up_very_late(book: Ledger, shop: Shop, paid: float) -> None:
    """Picked up after more than two days."""
    order = book.order(shop, paid, 96)
    parcel, uploaded = shipped(book, order, paid + 2)
    book.journey(parcel, uploaded + 53)


def never_picked_up(book: Ledger, shop: Shop, paid: float) -> None:
    """A number without a parcel."""
    order = book.order(shop, paid)
    shipped(book, order, paid + 3)


def pickup_back_filled(book: Ledger, shop: Shop, paid: float) -> None:
    """Picked up in time; the scan comes when the warning stands."""
    _pickup_told(book, shop, paid, 22.5)


def pickup_back_filled_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same when the limit has passed."""
    _pickup_told(book, shop, paid, 34)


def pickup_back_filled_very_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same when it has become serious."""
    _pickup_told(book, shop, paid, 54)


def number_corrected(book: Ledger, shop: Shop, paid: float) -> None:
    """A mistyped number is taken back and the right one uploaded."""
    order = book.order(shop, paid, 72)
    wrong, uploaded = shipped(book, order, paid + 3)
    book.release(wrong, uploaded + 22, order)
    right, again = shipped(book, order, uploaded + 22.1)
    book.journey(right, again + 2)


# -- inactive_after_pickup


def hub_slow(book: Ledger, shop: Shop, paid: float) -> None:
    """The first hub scan comes a little before the limit."""
    parcel, picked_up = _picked_up(book, shop, paid)
    book.onward(parcel, picked_up + book.rng.uniform(21.5, 23.5))


def hub_late(book: Ledger, shop: Shop, paid: float) -> None:
    """It comes after the limit."""
    parcel, picked_up = _picked_up(book, shop, paid)
    book.onward(parcel, picked_up + book.rng.uniform(30, 42))


def hub_very_late(book: Ledger, shop: Shop, paid: float) -> None:
    """It comes when the silence has become serious on every marketplace."""
    parcel, picked_up = _picked_up(book, shop, paid)
    book.onward(parcel, picked_up + 78)


def lost(book: Ledger, shop: Shop, paid: float) -> None:
    """Nothing is heard of the parcel again."""
    _picked_up(book, shop, paid)


def cancelled_by_carrier(book: Ledger, shop: Shop, paid: float) -> None:
    """The carrier gives up."""
    parcel, picked_up = _picked_up(book, shop, paid)
    book.scan(parcel, "cancelled", picked_up + 31, shop.home)


def hub_back_filled(book: Ledger, shop: Shop, paid: float) -> None:
    """The hub scan was made in time and comes when the warning stands."""
    _hub_told(book, shop, paid, 22.5)


def hub_back_filled_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same when the limit has passed."""
    _hub_told(book, shop, paid, 36)


def hub_back_filled_very_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same when it has become serious on every marketplace."""
    _hub_told(book, shop, paid, 80)


# -- what stories share


def shipped(book: Ledger, order: Order, at: float) -> tuple[Parcel, float]:
    """A parcel with its number uploaded; returns both."""
    parcel = book.parcel(order)
    book.upload(parcel, at, order)
    return parcel, at


def _picked_up(book: Ledger, shop: Shop, paid: float) -> tuple[Parcel, float]:
    order = book.order(shop, paid)
    parcel, uploaded = shipped(book, order, paid + 3)
    picked_up = uploaded + book.rng.uniform(2, 6)
    book.scan(parcel, "picked_up", picked_up)
    return parcel, picked_up


def _pickup_told(book: Ledger, shop: Shop, paid: float, after: float) -> None:
    order = book.order(shop, paid, 96)
    parcel, uploaded = shipped(book, order, paid + 2)
    told = uploaded + after
    book.scan(parcel, "hub", uploaded + 12, shop.home, arrives=told)
    book.scan(parcel, "picked_up", uploaded + 5, arrives=told + 0.02)
    book.onward(parcel, told + 4)


def _hub_told(book: Ledger, shop: Shop, paid: float, after: float) -> None:
    parcel, picked_up = _picked_up(book, shop, paid)
    book.scan(parcel, "hub", picked_up + 6, shop.home, arrives=picked_up + after)
    book.onward(parcel, picked_up + after + 3)
