"""Which exemptions of a profile hold a clock. Rules know nothing of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.facts.facts import Place
from streams.rules.episodes import Clock
from streams.rules.pauses import Exemption, overlapping
from streams.rules.snapshot import OrderSnapshot, ParcelLife


def held(
    clock: Clock,
    rows: Sequence[Exemption],
    provinces: Iterable[int],
    carriers: Iterable[str],
    promised: int | None = None,
) -> Clock:
    """The clock with the pauses of the rows that cover it; the clock itself where none does.

    `promised` (µs) is the time that the order itself gives, or its profile by working days, for
    clocks that may run to it: business days are already in such a promise, a force majeure is not.
    """
    length = clock.limit.length
    given = promised is not None and clock.started_at + length == promised
    rows = [
        row
        for row in rows
        if row.covers(clock.rule, provinces, carriers) and (row.promises or not given)
    ]
    if not rows:
        return clock
    if clock.after is not None and clock.after.length > length:
        length = clock.after.length
    pauses, names = overlapping(rows, clock.started_at, length)
    return clock._replace(pauses=pauses, exemptions=names) if names else clock


def provinces_of_parcel(life: ParcelLife) -> frozenset[int]:
    """Where a parcel comes from and goes to, as far as that is known: the province of its earliest
    pickup that has one, else its lead order's sender, and its lead order's recipient."""
    return _known(life.origin(), life.destination())


def provinces_of_order(order: OrderSnapshot) -> frozenset[int]:
    """Where an order is sent from and to, as far as that is known."""
    return _known(_province(order.version.ship_from), _province(order.version.recipient))


def carriers_of_order(order: OrderSnapshot) -> frozenset[str]:
    """The carriers of the numbers that the order is linked to now."""
    return frozenset(parcel.key.partition(":")[0] for parcel, _ in order.lives)


def _province(place: Place | None) -> int | None:
    return None if place is None or place.province is None else int(place.province)


def _known(*provinces: int | None) -> frozenset[int]:
    return frozenset(province for province in provinces if province is not None)
