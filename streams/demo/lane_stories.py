"""Parcels that stand still on their way: by lane, for how long, and what is told of it later.

The limits are 48 h in the neighbourhood, 72 h across provinces, 120 h where it is remote; on Tmall
twice as long, roughly, is serious.
"""

from __future__ import annotations

from streams.demo.ledger import Ledger, Parcel
from streams.demo.stories import shipped
from streams.demo.world import FAR, LINE_HUBS, NEAR, REMOTE, City, Shop


def stalled_nearby(book: Ledger, shop: Shop, paid: float) -> None:
    """Between neighbouring provinces; it moves when the limit is near."""
    parcel, hub = _on_its_way(book, shop, paid, NEAR[shop.home])
    book.onward(parcel, hub + book.rng.uniform(41, 46))


def stalled_nearby_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same, moving after the limit."""
    parcel, hub = _on_its_way(book, shop, paid, NEAR[shop.home])
    book.onward(parcel, hub + 62)


def stalled_nearby_very_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same, when it has become serious where there is a second stage."""
    parcel, hub = _on_its_way(book, shop, paid, NEAR[shop.home])
    book.onward(parcel, hub + 100)


def stalled_nearby_for_good(book: Ledger, shop: Shop, paid: float) -> None:
    """It never moves again."""
    _on_its_way(book, shop, paid, NEAR[shop.home])


def stalled_across_provinces(book: Ledger, shop: Shop, paid: float) -> None:
    """Three days in one hub, and half a day more."""
    parcel, hub = _on_its_way(book, shop, paid, FAR)
    book.onward(parcel, hub + 84)


def stalled_remote(book: Ledger, shop: Shop, paid: float) -> None:
    """Five days for Xinjiang, and they pass."""
    _on_its_way(book, shop, paid, REMOTE)


def stalled_back_filled(book: Ledger, shop: Shop, paid: float) -> None:
    """It moved in time; the feed tells it when the limit has passed."""
    parcel, hub = _on_its_way(book, shop, paid, NEAR[shop.home])
    told = hub + 55
    book.scan(parcel, "in_transit", hub + 26, shop.home, arrives=told)
    book.onward(parcel, told + 1)


def stalled_back_filled_very_late(book: Ledger, shop: Shop, paid: float) -> None:
    """The same when it has become serious where there is a second stage."""
    parcel, hub = _on_its_way(book, shop, paid, NEAR[shop.home])
    told = hub + 100
    for number, after in enumerate((95, 65, 33)):
        city = LINE_HUBS[number]
        book.scan(parcel, "in_transit", hub + after, city, arrives=told + number / 100)
    book.onward(parcel, told + 2)


def _on_its_way(book: Ledger, shop: Shop, paid: float, to: City) -> tuple[Parcel, float]:
    """A parcel in its first hub, and when it came there."""
    order = book.order(shop, paid, to=to)
    parcel, uploaded = shipped(book, order, paid + 3)
    picked_up = uploaded + book.rng.uniform(2, 5)
    hub = picked_up + book.rng.uniform(3, 6)
    book.scan(parcel, "picked_up", picked_up)
    book.scan(parcel, "hub", hub, shop.home)
    return parcel, hub
