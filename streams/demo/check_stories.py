"""What is not as it should be about a number, a track or an address: a function a story.

Of each kind something is put right, something is told late and taken back, and something stays.
"""

from __future__ import annotations

from streams.demo.ledger import Ledger, Order, Parcel
from streams.demo.stories import shipped
from streams.demo.world import FAR, NEAR, Shop
from streams.reference.numbers import fits

# -- duplicate_tracking_number


def wrong_order_then_released(book: Ledger, shop: Shop, paid: float) -> None:
    """The number went to a wrong order first and is taken back from there."""
    wrong, right = book.order(shop, paid), book.order(shop, paid + 0.5)
    parcel = _used_twice(book, wrong, right, paid + 4)
    book.release(parcel, paid + 17, wrong)
    parcel.to = right.to
    book.journey(parcel, paid + 18)
    own, uploaded = shipped(book, wrong, paid + 17.2)
    book.journey(own, uploaded + 2)


def later_order_refunded(book: Ledger, shop: Shop, paid: float) -> None:
    """The order that got a used number is refunded."""
    first, second = book.order(shop, paid), book.order(shop, paid + 0.5)
    parcel = _used_twice(book, first, second, paid + 4)
    book.journey(parcel, paid + 14)
    book.update(second, paid + 21, state="closed", closed_reason="refunded")


def release_back_filled(book: Ledger, shop: Shop, paid: float) -> None:
    """The first order had been released in time; the shop's system says so later."""
    first, second = book.order(shop, paid), book.order(shop, paid + 0.5)
    parcel = _used_twice(book, first, second, paid + 4)
    book.release(parcel, paid + 4.5, first, arrives=paid + 19)
    parcel.to = second.to
    book.journey(parcel, paid + 12)
    own, uploaded = shipped(book, first, paid + 20)
    book.journey(own, uploaded + 2)


def mistyped_then_released(book: Ledger, shop: Shop, paid: float) -> None:
    """A used number is typed on an order and taken back from it."""
    first, second = book.order(shop, paid), book.order(shop, paid + 0.5)
    parcel = _used_twice(book, first, second, paid + 4)
    book.journey(parcel, paid + 9)
    book.release(parcel, paid + 18, second)
    own, uploaded = shipped(book, second, paid + 18.2)
    book.journey(own, uploaded + 2)


def used_twice(book: Ledger, shop: Shop, paid: float) -> None:
    """One number, two buyers, and nobody does anything about it."""
    first, second = book.order(shop, paid), book.order(shop, paid + 0.5)
    parcel = _used_twice(book, first, second, paid + 4)
    book.journey(parcel, paid + 12)


# -- malformed_tracking_number


def placeholder_corrected(book: Ledger, shop: Shop, paid: float) -> None:
    """Somebody types a number of the test system, and notices it."""
    order = book.order(shop, paid)
    wrong = _typed(book, order, f"TEST{book.rng.randrange(10**6):06}", paid + 2)
    book.release(wrong, paid + 8, order)
    right, uploaded = shipped(book, order, paid + 8.1)
    book.journey(right, uploaded + 3)


def placeholder_left(book: Ledger, shop: Shop, paid: float) -> None:
    """A row of equal digits, and nobody looks at it again."""
    _typed(book, book.order(shop, paid, 96), str(1 + round(paid) % 9) * 12, paid + 2)


def placeholder_of_no_parcel(book: Ledger, shop: Shop, paid: float) -> None:
    """Typed only to satisfy a form: the buyer fetches it, as the shop's system says later."""
    order = book.order(shop, paid)
    _typed(book, order, f"TEST{book.rng.randrange(10**6):06}", paid + 2)
    book.update(order, paid + 9, delivery_method="self_pickup")


def misfit_corrected(book: Ledger, shop: Shop, paid: float) -> None:
    """A digit of a UPS number is wrong, its check digit says so; it is typed again."""
    order = book.order(shop, paid)
    right, wrong = _ups(book)
    book.release(_typed(book, order, wrong, paid + 2, "ups"), paid + 9, order)
    parcel = _typed(book, order, right, paid + 9.1, "ups")
    book.journey(parcel, paid + 12)


def misfit_left(book: Ledger, shop: Shop, paid: float) -> None:
    """The number fits no format, and the parcel travels all the same."""
    order = book.order(shop, paid)
    book.journey(_typed(book, order, _ups(book)[1], paid + 2, "ups"), paid + 7)


def misfit_of_no_parcel(book: Ledger, shop: Shop, paid: float) -> None:
    """The order turns out to need no carrier."""
    order = book.order(shop, paid)
    _typed(book, order, _ups(book)[1], paid + 2, "ups")
    book.update(order, paid + 9, delivery_method="self_pickup")


# -- address_mismatch


def labels_swapped(book: Ledger, shop: Shop, paid: float) -> None:
    """Two parcels with each other's label: each arrives where the other should."""
    near = book.order(shop, paid, to=NEAR[shop.home])
    far = book.order(shop, paid + 0.3, to=FAR)
    for order, other in ((near, far), (far, near)):
        parcel, uploaded = shipped(book, order, paid + 4)
        parcel.to = other.to
        book.journey(parcel, uploaded + 3)


def neighbours_number_typed(book: Ledger, shop: Shop, paid: float) -> None:
    """The number is a stranger's parcel for another place; it is corrected when that shows."""
    order = book.order(shop, paid, to=FAR)
    wrong, uploaded = shipped(book, order, paid + 3)
    book.waybill(wrong, uploaded + 5, NEAR[shop.home], "a stranger")
    book.scan(wrong, "picked_up", uploaded + 4)
    book.release(wrong, uploaded + 15, order)
    right, again = shipped(book, order, uploaded + 15.1)
    book.journey(right, again + 3)


def waybill_put_right(book: Ledger, shop: Shop, paid: float) -> None:
    """The waybill had the buyer's old address; the carrier readdresses the parcel."""
    order = book.order(shop, paid, to=NEAR[shop.home])
    parcel, uploaded = shipped(book, order, paid + 3)
    book.waybill(parcel, uploaded + 1, order.to, f"{order.id}, where he lived before")
    book.waybill(parcel, uploaded + 9, order.to, order.id)
    book.journey(parcel, uploaded + 3)


# -- tracked_before_paid


def old_number_corrected(book: Ledger, shop: Shop, paid: float) -> None:
    """Yesterday's number on today's order, until somebody sees it."""
    order = book.order(shop, paid)
    old = book.parcel(order)
    book.scan(old, "picked_up", paid - 7)
    book.scan(old, "hub", paid - 2, shop.home)
    book.upload(old, paid + 1, order)
    book.release(old, paid + 9, order)
    parcel, uploaded = shipped(book, order, paid + 9.1)
    book.journey(parcel, uploaded + 3)


def sent_before_paid(book: Ledger, shop: Shop, paid: float) -> None:
    """A regular customer: the parcel leaves before the payment."""
    order = book.order(shop, paid)
    parcel = book.parcel(order)
    book.journey(parcel, paid - 3)
    book.upload(parcel, paid + 1, order)


def payment_told_wrong(book: Ledger, shop: Shop, paid: float) -> None:
    """The same as it seems; the shop's system had the payment's time wrong and corrects it."""
    order = book.order(shop, paid)
    parcel = book.parcel(order)
    book.journey(parcel, paid - 3)
    book.upload(parcel, paid + 1, order)
    book.update(order, paid + 8, paid_at=book.iso(paid - 5))


# -- repeated_track


def going_round(book: Ledger, shop: Shop, paid: float) -> None:
    """The same hub four times, in the same words, before it goes on."""
    _, parcel, at = _round(book, shop, paid)
    book.onward(parcel, at + 5)


def going_round_refunded(book: Ledger, shop: Shop, paid: float) -> None:
    """The buyer has enough of it and gets his money back."""
    order, _, at = _round(book, shop, paid)
    book.update(order, at + 7, state="closed", closed_reason="refunded")


def going_round_released(book: Ledger, shop: Shop, paid: float) -> None:
    """The order had got another number long before; the shop's system says so later."""
    order, parcel, at = _round(book, shop, paid)
    book.release(parcel, paid + 6, order, arrives=at + 4)
    other = book.parcel(order)
    book.upload(other, paid + 6.1, order, arrives=at + 4.1)
    book.journey(other, paid + 9)


# -- cloned_track


def cloned(book: Ledger, shop: Shop, paid: float) -> None:
    """Two buyers, two numbers, one track: somebody has copied it."""
    _twins(book, shop, paid)


def cloned_refunded(book: Ledger, shop: Shop, paid: float) -> None:
    """One of the two buyers complains and is refunded."""
    order, _, delivered = _twins(book, shop, paid)
    book.update(order, delivered + 6, state="closed", closed_reason="refunded")


def cloned_told_apart(book: Ledger, shop: Shop, paid: float) -> None:
    """A scan that the feed had kept back shows that the parcels went different ways."""
    _, parcel, delivered = _twins(book, shop, paid)
    book.scan(parcel, "in_transit", paid + 16, shop.home, arrives=delivered + 5)


# -- recalled


def called_back(book: Ledger, shop: Shop, paid: float) -> None:
    """The seller calls the parcel back and leaves the order open."""
    parcel, hub = _in_a_hub(book, book.order(shop, paid), paid)
    book.scan(parcel, "returning", hub + 6, shop.home)


def called_back_refunded(book: Ledger, shop: Shop, paid: float) -> None:
    """The same, and the buyer is refunded some hours later."""
    order = book.order(shop, paid)
    parcel, hub = _in_a_hub(book, order, paid)
    book.scan(parcel, "returning", hub + 6, shop.home)
    book.update(order, hub + 16, state="closed", closed_reason="refunded")


def called_back_in_vain(book: Ledger, shop: Shop, paid: float) -> None:
    """It turns round once more and is delivered."""
    parcel, hub = _in_a_hub(book, book.order(shop, paid), paid)
    book.scan(parcel, "returning", hub + 6, shop.home)
    book.onward(parcel, hub + 20)


def cancelled_after_delivery(book: Ledger, shop: Shop, paid: float) -> None:
    """Cancelled by a clerk when it had been delivered; the delivery is told last."""
    parcel, hub = _in_a_hub(book, book.order(shop, paid, to=NEAR[shop.home]), paid)
    book.scan(parcel, "cancelled", hub + 14)
    book.scan(parcel, "delivered", hub + 12, arrives=hub + 22)


# -- reshipped_while_late


def second_number_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The promise has passed, nothing has moved, and a second number appears."""
    _, _, second = _two_numbers(book, shop, paid)
    book.journey(second, paid + 57)


def second_number_taken_back(book: Ledger, shop: Shop, paid: float) -> None:
    """The same, but it is the first parcel that ships after all."""
    order, first, second = _two_numbers(book, shop, paid)
    book.release(second, paid + 62, order)
    book.journey(first, paid + 63)


def second_number_instead(book: Ledger, shop: Shop, paid: float) -> None:
    """The first number had been taken back before; the shop's system says so later."""
    order, first, second = _two_numbers(book, shop, paid)
    book.release(first, paid + 52, order, arrives=paid + 61)
    book.journey(second, paid + 57)


# -- what stories share


def _used_twice(book: Ledger, first: Order, second: Order, at: float) -> Parcel:
    parcel = book.parcel(first)
    book.upload(parcel, at, first)
    book.upload(parcel, at + 1, second)
    return parcel


def _typed(
    book: Ledger, order: Order, number: str, at: float, carrier: str | None = None
) -> Parcel:
    """A number as somebody typed it."""
    carrier = carrier or book.rng.choice(order.shop.carriers)
    parcel = Parcel(carrier, number, order.shop, order.to)
    book.upload(parcel, at, order)
    return parcel


def _ups(book: Ledger) -> tuple[str, str]:
    """A UPS number, and the same with a wrong check digit."""
    head = f"1Z5R8939{book.rng.randrange(10**9):09}"
    right = next(f"{head}{digit}" for digit in range(10) if fits("ups", f"{head}{digit}"))
    return right, f"{head}{(int(right[-1]) + 4) % 10}"


def _in_a_hub(book: Ledger, order: Order, paid: float) -> tuple[Parcel, float]:
    parcel, uploaded = shipped(book, order, paid + 3)
    book.scan(parcel, "picked_up", uploaded + 3)
    book.scan(parcel, "hub", uploaded + 7, order.shop.home)
    return parcel, uploaded + 7


def _round(book: Ledger, shop: Shop, paid: float) -> tuple[Order, Parcel, float]:
    order = book.order(shop, paid)
    parcel, uploaded = shipped(book, order, paid + 3)
    book.scan(parcel, "picked_up", uploaded + 3)
    for again in range(4):
        book.scan(parcel, "hub", uploaded + 7 + 5 * again, shop.home, coded=0)
    return order, parcel, uploaded + 22


def _twins(book: Ledger, shop: Shop, paid: float) -> tuple[Order, Parcel, float]:
    """One of two parcels with one track, its order, and when they are delivered."""
    to = NEAR[shop.home]
    first, second = book.order(shop, paid, to=to), book.order(shop, paid + 0.4, to=to)
    parcel, uploaded = shipped(book, first, paid + 4)
    at = uploaded + 4
    for status, after in (
        ("picked_up", 0),
        ("hub", 6),
        ("arrived_dest_city", 20),
        ("out_for_delivery", 26),
        ("delivered", 29),
    ):
        book.scan(parcel, status, at + after, shop.home if status == "hub" else None)
    clone = book.copy(parcel, book.number(parcel.carrier))
    book.upload(clone, paid + 5, second)
    return first, parcel, at + 29


def _two_numbers(book: Ledger, shop: Shop, paid: float) -> tuple[Order, Parcel, Parcel]:
    """A number that never moves, and a second one five hours after the promise."""
    order = book.order(shop, paid)
    first, _ = shipped(book, order, paid + 30)
    second, _ = shipped(book, order, paid + 53)
    return order, first, second
