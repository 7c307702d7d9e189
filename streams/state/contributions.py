"""What one order contributes to its shop's days, as it is kept and as it crosses Kafka.

An order is the only one that speaks for itself: its contribution says on which day it is due,
whether it is late, on which day it shipped, on which days it was judged abnormal. It remembers what
it sent, so a day adds up what changed. Fields are only ever appended, with a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec

from streams.facts.facts import Id, Instant, Many, OwedFacts, Pieces, Promise, Text
from streams.state.shop_lines import ALWAYS, DAYS, MEASURES

Day = Annotated[int, msgspec.Meta(ge=0, le=3_000_000)]
"""A day that an order or parcel can name, counted or not: to the end of 9999."""

Days = Annotated[tuple[Day, ...], msgspec.Meta(max_length=10_000)]


CONFIRMED: Final = 5
DELIVERY_DUE: Final = 7
PAID: Final = 9
"""Places in MEASURES."""


Further = tuple[Literal[5, 7, 9], Day, bool]
"""An order counts as one of MEASURES that are not always counted: (its place in them, on which day,
whether also as the one after it, which goes wrong)."""


class Owed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an open order is still to be sent: `pieces` by product id, sorted.

    `platform` is the order's own, whosever profile judges it.
    """

    platform: Text
    paid_at: Instant
    promise: Promise | None
    pieces: Annotated[tuple[tuple[Text, Pieces], ...], msgspec.Meta(max_length=1_000)]


class Contribution(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one order adds to the days of one shop; days count from 1970-01-01.

    `late` and `unshipped` are about the day on which it is due; so are its `products`. `owed` is
    for the stock of products, None where nothing is, or where no stock is read.
    """

    platform: Text
    shop_id: Text
    due: Day | None = None
    shipped: Day | None = None
    late: bool = False
    unshipped: bool = False
    abnormal: Days = ()
    products: Annotated[tuple[Text, ...], msgspec.Meta(max_length=1_000)] = ()
    owed: Owed | None = None
    further: Annotated[tuple[Further, ...], Many] = ()


class ContributionChange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An order's contribution to one shop: what it last sent, and what holds from now on."""

    order_id: Id
    old: Contribution | None
    new: Contribution | None


class AbnormalDays(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The days on which a parcel's findings make an order abnormal, whole: the last word stands."""

    key: Id
    order_id: Id
    days: Days


class Delta(msgspec.Struct, gc=False):
    """What a change of one order does to one day: a number for each of MEASURES, and by product.

    What is not always counted is left out where nothing of it changes.
    """

    counts: list[int]
    products: dict[str, tuple[int, int]]


def deltas(old: Contribution | None, new: Contribution | None) -> Iterator[tuple[int, Delta]]:
    """What a change of one order does to each day that it touches."""
    days: dict[int, Delta] = {}
    if old is None or new is None or _promised(old) != _promised(new):
        if old is not None:
            _add_due(days, old, -1)
        if new is not None:
            _add_due(days, new, 1)
    gone = None if old is None else old.shipped
    here = None if new is None else new.shipped
    if gone != here:
        if gone is not None:
            _of(days, gone).counts[3] -= 1
        if here is not None:
            _of(days, here).counts[3] += 1
    before = () if old is None else old.abnormal
    after = () if new is None else new.abnormal
    if before != after:
        for day in before:
            _of(days, day).counts[4] -= 1
        for day in after:
            _of(days, day).counts[4] += 1
    if old is None or new is None or old.further != new.further:
        if old is not None:
            _add_further(days, old, -1)
        if new is not None:
            _add_further(days, new, 1)
    for day, delta in days.items():
        if day in DAYS and (
            any(delta.counts) or any(each != (0, 0) for each in delta.products.values())
        ):
            yield day, delta


def owed_changes(change: ContributionChange) -> Iterator[OwedFacts]:
    """What products must hear of a change of one order."""
    before = _owed(change.order_id, change.old)
    after = _owed(change.order_id, change.new)
    for product in {**before, **after}:
        facts = after.get(product, OwedFacts(change.order_id, *product))
        if before.get(product) != facts:
            yield facts


def _owed(
    order_id: str, contribution: Contribution | None
) -> dict[tuple[str, str, str], OwedFacts]:
    """What a contribution is of products, by (platform, shop id, product id)."""
    if contribution is None or contribution.owed is None:
        return {}
    shop, owed = contribution.shop_id, contribution.owed
    return {
        (owed.platform, shop, product): OwedFacts(
            order_id, owed.platform, shop, product, pieces, owed.paid_at, owed.promise
        )
        for product, pieces in owed.pieces
    }


def _promised(contribution: Contribution) -> tuple[int | None, bool, bool, tuple[str, ...]]:
    return contribution.due, contribution.late, contribution.unshipped, contribution.products


def _add_due(days: dict[int, Delta], contribution: Contribution, sign: int) -> None:
    if contribution.due is None:
        return
    delta = _of(days, contribution.due)
    counts = delta.counts
    counts[0] += sign
    late = sign if contribution.late else 0
    counts[1] += late
    if contribution.unshipped:
        counts[2] += sign
    for name in contribution.products:
        due, other = delta.products.get(name, (0, 0))
        delta.products[name] = due + sign, other + late


def _add_further(days: dict[int, Delta], contribution: Contribution, sign: int) -> None:
    for measure, day, wrong in contribution.further:
        counts = _of(days, day).counts
        counts += [0] * (len(MEASURES) - len(counts))
        counts[measure] += sign
        counts[measure + 1] += sign if wrong else 0


def _of(days: dict[int, Delta], day: int) -> Delta:
    delta = days.get(day)
    if delta is None:
        delta = days[day] = Delta([0] * ALWAYS, {})
    return delta
