"""Which exemptions of a profile hold a clock. Rules know nothing of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.facts.facts import Place
from streams.rules.episodes import Clock
from streams.rules.pauses import Exemption, dated, overlapping, reached
from streams.rules.snapshot import OrderSnapshot, ParcelLife
from streams.state.state import city_in, place_code, province_in


def held(
    clock: Clock,
    rows: Sequence[Exemption],
    regions: Iterable[int],
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
        if row.covers(clock.rule, regions, carriers) and (row.promises or not given)
    ]
    if not rows:
        return clock
    if clock.after is not None and clock.after.length > length:
        length = clock.after.length
    started_at = clock.started_at
    pauses, names = overlapping(rows, started_at, length)
    later, by = dated(rows, started_at, length, reached(started_at, length, pauses))
    if later:
        pauses, names = later, by
    return clock._replace(pauses=pauses, exemptions=names) if names else clock


def regions_of_parcel(life: ParcelLife) -> frozenset[int]:
    """Provinces and cities where a parcel comes from and goes to, as far as they are known: of its
    earliest pickup that has a province, else of its lead order's sender, and of its lead order's
    recipient."""
    return _known(*life.origin_place(), *_codes(life.lead.recipient))


def regions_of_order(order: OrderSnapshot) -> frozenset[int]:
    """Provinces and cities where an order is sent from and to, as far as they are known."""
    return _known(*_codes(order.version.ship_from), *_codes(order.version.recipient))


def carriers_of_order(order: OrderSnapshot) -> frozenset[str]:
    """The carriers of the numbers that the order is linked to now."""
    return frozenset(parcel.key.partition(":")[0] for parcel, _ in order.lives)


def _codes(place: Place | None) -> tuple[int | None, int | None]:
    code = place_code(place)
    return province_in(code), city_in(code)


def _known(*regions: int | None) -> frozenset[int]:
    return frozenset(region for region in regions if region is not None)
