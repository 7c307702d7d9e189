"""What a history holds: how many orders and parcels, of which carriers, platforms and shops."""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

from streams.facts.facts import STATUS_CODE, OrderVersion, StockFact, TrackingFact
from streams.facts.statuses import NOT_RECORDS
from streams.state.stock import stock_key

REMEMBERED = 65 * 24 * 3_600 * 1_000_000
"""µs for which a key is remembered at least: as long as a state is kept."""

MOST_SHARED = 1_000
"""Ids with two owners that are gathered; the rest would not be read."""

_CANCELLED = STATUS_CODE["cancelled"]
_ORDERED = STATUS_CODE["ordered"]

V = TypeVar("V")


class _Recent(Generic[V]):
    """A dictionary that forgets what was not asked for during REMEMBERED to twice that."""

    def __init__(self) -> None:
        self._new: dict[str, V] = {}
        self._old: dict[str, V] = {}
        self._turned_at: int | None = None

    def get(self, key: str, now: int) -> V | None:
        age = REMEMBERED + 1 if self._turned_at is None else now - self._turned_at
        if age > REMEMBERED:
            self._old = self._new if age <= 2 * REMEMBERED else {}
            self._new, self._turned_at = {}, now
        found = self._new.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self._new[key] = found
        return found

    def set(self, key: str, value: V) -> None:
        self._new[key] = value


class Seen:
    """Counts what arrives; memory follows the states that live, not the length of the history.

    An order or parcel that comes again after more than 65 days counts anew. `shared` are order ids
    with two shops or platforms, and what these are; `records` are of parcels alone,
    `products` those of which a level of stock came. `estimated`
    counts times that are guesses: of orders' payments, of uploads, of records.
    """

    def __init__(self) -> None:
        self.orders = 0
        self.parcels = 0
        self.records = 0
        self.products = 0
        self.carriers: Counter[str] = Counter()
        self.platforms: Counter[str] = Counter()
        self.shared: dict[str, set[str]] = {}
        self.estimated: Counter[str] = Counter()
        self._known_orders: _Recent[bool] = _Recent()
        self._known_parcels: _Recent[bool] = _Recent()
        self._known_products: _Recent[bool] = _Recent()
        self._owners: _Recent[tuple[str | None, str | None]] = _Recent()

    def order(self, version: OrderVersion, now: int) -> None:
        """An order version arrives at `now` (µs)."""
        if self._known_orders.get(version.order_id, now) is None:
            self._known_orders.set(version.order_id, True)
            self.orders += 1
            if version.paid_estimated:
                self.estimated["estimated_payments"] += 1
        if version.platform:
            self.platforms[version.platform] += 1
        if version.known:
            self._owned(version.order_id, version.platform, version.shop_id, now)

    def tracking(self, fact: TrackingFact, now: int) -> None:
        """A tracking fact arrives at `now` (µs)."""
        if self._known_parcels.get(fact.key, now) is None:
            self._known_parcels.set(fact.key, True)
            self.parcels += 1
            self.carriers[fact.key.partition(":")[0]] += 1
        released = fact.status == _CANCELLED and fact.order_ids
        if fact.estimated:
            uploaded = fact.status == _ORDERED and fact.order_ids
            self.estimated["estimated_uploads" if uploaded else "estimated_records"] += 1
        self.records += fact.status not in NOT_RECORDS and not released
        for order_id in fact.order_ids:
            self._owned(order_id, fact.platform, fact.shop_id, now)

    def level(self, fact: StockFact, now: int) -> None:
        """A level of stock arrives at `now` (µs)."""
        key = stock_key(fact.platform, fact.shop_id, fact.product_id).decode()
        if self._known_products.get(key, now) is None:
            self._known_products.set(key, True)
            self.products += 1
        if fact.platform:
            self.platforms[fact.platform] += 1

    def _owned(self, order_id: str, platform: str | None, shop: str | None, now: int) -> None:
        platform, shop = platform or None, shop or None
        before = self._owners.get(order_id, now)
        if before is None:
            self._owners.set(order_id, (platform, shop))
            return
        other_platform = platform and before[0] and platform != before[0]
        other_shop = shop and before[1] and shop != before[1]
        if other_platform or other_shop:
            if order_id in self.shared or len(self.shared) < MOST_SHARED:
                pairs = (before, (platform, shop))
                self.shared.setdefault(order_id, set()).update(
                    " of ".join(part for part in (pair[1], pair[0]) if part) for pair in pairs
                )
        elif None in before:
            self._owners.set(order_id, (before[0] or platform, before[1] or shop))
