"""What the demo's history is written with: orders, uploads, checkpoints, each with its arrival."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from streams.demo.world import (
    CITIES,
    LINE_HUBS,
    NUMBER_FORMS,
    SITES,
    WITHOUT_KEYS,
    WORDS,
    City,
    Shop,
)

START = datetime.fromisoformat("2026-11-11T00:00:00+08:00")
HOURS = 180.0
"""How long the history is; every time in it is in hours after START."""


@dataclass(slots=True)
class Order:
    """An order: when it was paid, by which shop, for whom."""

    id: str
    shop: Shop
    paid: float
    to: City
    value: dict[str, Any]


@dataclass(slots=True)
class Parcel:
    """A parcel: its number, where it starts and where it goes."""

    carrier: str
    number: str
    shop: Shop
    to: City


@dataclass(slots=True)
class Ledger:
    """Collects records; `rng` makes everything that is left to chance."""

    rng: random.Random
    records: list[dict[str, Any]] = field(default_factory=list)
    _orders: int = 0

    def iso(self, hours: float) -> str:
        """A moment of the history, to the second, in Beijing time."""
        return (START + timedelta(seconds=round(hours * 3600))).isoformat()

    def order(self, shop: Shop, paid: float, promise: float | None = 48, **fields: Any) -> Order:
        """An order paid at `paid`, known a few seconds later; `promise` in hours after payment."""
        self._orders += 1
        order_id = f"69{self.rng.randrange(10**12):012}{self._orders:05}"
        to = fields.pop("to", None) or self.rng.choice(CITIES)
        buyer = fields.pop("buyer", order_id)
        value = {
            "schema_version": 1,
            "order_id": order_id,
            "shop_id": shop.id,
            "platform": shop.platform,
            "paid_at": self.iso(paid),
            "updated_at": self.iso(paid + 5 / 3600),
            "promised_ship_by": None if promise is None else self.iso(paid + promise),
            "amount_paid": self.rng.randrange(1_900, 59_900, 100),
            "currency": "CNY",
            "recipient": {
                "province": to.province,
                "city": to.name,
                "address_key": opaque(f"address:{buyer}"),
                "person_key": opaque(f"person:{buyer}"),
            },
            "ship_from": {"province": shop.home.province, "city": shop.home.name},
            "items": [
                {
                    "product_id": self.rng.choice(shop.products),
                    "quantity": self.rng.choice((1, 1, 2)),
                }
            ],
            **fields,
        }
        order = Order(order_id, shop, paid, to, value)
        self._put("order-paid", order_id, value, paid + self.rng.uniform(6, 40) / 3600)
        return order

    def update(
        self, order: Order, at: float, *, arrives: float | None = None, **fields: Any
    ) -> None:
        """A later version of an order: what `fields` say is different since `at`."""
        order.value = {**order.value, "updated_at": self.iso(at), **fields}
        self._put("order-paid", order.id, order.value, at + 0.01 if arrives is None else arrives)

    def tombstone(self, order: Order, at: float) -> None:
        """The order's record is deleted: it is closed."""
        self._put("order-paid", order.id, None, at)

    def parcel(self, order: Order, carrier: str | None = None) -> Parcel:
        """A parcel for an order, with a number nobody has had."""
        carrier = carrier or self.rng.choice(order.shop.carriers)
        return Parcel(carrier, self.number(carrier), order.shop, order.to)

    def upload(
        self, parcel: Parcel, at: float, *orders: Order, arrives: float | None = None
    ) -> None:
        """The seller uploads the number for these orders."""
        self._link("ordered", parcel, at, orders, arrives)

    def release(
        self, parcel: Parcel, at: float, *orders: Order, arrives: float | None = None
    ) -> None:
        """The seller takes the number back from these orders."""
        self._link("cancelled", parcel, at, orders, arrives)

    def scan(
        self,
        parcel: Parcel,
        status: str,
        at: float,
        city: City | None = None,
        arrives: float | None = None,
        *,
        coded: float = 0.2,
    ) -> None:
        """A checkpoint; it arrives within 3 to 25 minutes unless `arrives` says when.

        Its place has a code beside its name with the probability `coded`.
        """
        place = city or (parcel.shop.home if status == "picked_up" else parcel.to)
        site = SITES.get(status, "{name}").format(name=place.name.removesuffix("市"))
        location = {"province": place.province, "city": place.name, "site": site}
        if self.rng.random() < coded:
            location["region_code"] = place.code
        value = {
            "schema_version": 1,
            "carrier": parcel.carrier,
            "tracking_number": parcel.number,
            "status": status,
            "occurred_at": self.iso(at),
            "location": location,
            "description": WORDS[status].format(city=place.name, site=site),
            "source": "carrier-feed",
        }
        arrives = at + self.rng.uniform(3, 25) / 60 if arrives is None else arrives
        # Feeds that know no keys, and feeds that deliver twice, are the rule in this trade.
        key = None if parcel.carrier in WITHOUT_KEYS else f"{parcel.carrier}:{parcel.number}"
        self._put("tracking-update", key, value, arrives)
        if self.rng.random() < 0.04:
            self._put("tracking-update", key, value, arrives + self.rng.uniform(0.1, 2))

    def waybill(
        self, parcel: Parcel, at: float, to: City, buyer: str, *, arrives: float | None = None
    ) -> None:
        """The carrier says whom the parcel is for: a city, and whose address there."""
        value = {
            "schema_version": 1,
            "carrier": parcel.carrier,
            "tracking_number": parcel.number,
            "status": "unknown",
            "occurred_at": self.iso(at),
            "recipient": {
                "province": to.province,
                "city": to.name,
                "address_key": opaque(f"address:{buyer}"),
            },
            "source": "carrier-feed",
        }
        key = f"{parcel.carrier}:{parcel.number}"
        self._put("tracking-update", key, value, at + 0.1 if arrives is None else arrives)

    def copy(self, parcel: Parcel, number: str) -> Parcel:
        """Another parcel with the same track, record by record, each a little later."""
        clone = Parcel(parcel.carrier, number, parcel.shop, parcel.to)
        for record in list(self.records):
            value = record.get("value") or {}
            if value.get("tracking_number") == parcel.number and "order_ids" not in value:
                key = record["key"] and f"{clone.carrier}:{number}"
                arrival = datetime.fromisoformat(record["received_at"]) + timedelta(minutes=2)
                self.records.append(
                    {
                        **record,
                        "received_at": arrival.isoformat(),
                        "key": key,
                        "value": {**value, "tracking_number": number},
                    }
                )
        return clone

    def number(self, carrier: str) -> str:
        """A number of a carrier that nobody has had."""
        head, digits = NUMBER_FORMS[carrier]
        return f"{head}{self.rng.randrange(10 ** (digits - 1), 10**digits)}"

    def journey(self, parcel: Parcel, picked_up: float, hub_after: float | None = None) -> None:
        """From pickup to delivery, as it should be; the first hub `hub_after` hours later."""
        rng = self.rng
        home = parcel.shop.home
        self.scan(parcel, "picked_up", picked_up)
        at = picked_up + (rng.uniform(2, 9) if hub_after is None else hub_after)
        self.onward(parcel, at, home)

    def onward(self, parcel: Parcel, at: float, hub: City | None = None) -> None:
        """The rest of a journey, from its first hub at `at` on."""
        rng = self.rng
        self.scan(parcel, "hub", at, hub or parcel.shop.home)
        if rng.random() < 0.5:
            self.scan(parcel, "in_transit", at + rng.uniform(0.5, 3), hub or parcel.shop.home)
        if parcel.to.province != parcel.shop.home.province:
            at += rng.uniform(9, 20)
            self.scan(parcel, "hub", at, rng.choice(LINE_HUBS))
        at += rng.uniform(8, 18)
        self.scan(parcel, "arrived_dest_city", at)
        at += rng.uniform(3, 9)
        self.scan(parcel, "out_for_delivery", at)
        if rng.random() < 0.3:
            at += rng.uniform(1, 3)
            self.scan(parcel, "ready_for_pickup", at)
            at += rng.uniform(2, 15)
        self.scan(parcel, "delivered", at + rng.uniform(1, 5))

    def poison(self, topic: str, at: float, raw: bytes | None, key: str | None = None) -> None:
        """Bytes that are no message of the contract."""
        record: dict[str, Any] = {"received_at": self.iso(at), "topic": topic, "key": key}
        if raw is None:
            record["value"] = None
        else:
            record["base64"] = base64.b64encode(raw).decode()
        self.records.append(record)

    def _link(
        self,
        status: str,
        parcel: Parcel,
        at: float,
        orders: tuple[Order, ...],
        arrives: float | None,
    ) -> None:
        value = {
            "schema_version": 1,
            "carrier": parcel.carrier,
            "tracking_number": parcel.number,
            "status": status,
            "occurred_at": self.iso(at),
            "order_ids": [order.id for order in orders],
            "shop_id": parcel.shop.id,
            "platform": parcel.shop.platform,
            "source": "shop",
        }
        key = f"{parcel.carrier}:{parcel.number}"
        self._put("tracking-update", key, value, at + 0.02 if arrives is None else arrives)

    def _put(self, topic: str, key: str | None, value: Any, arrives: float) -> None:
        if arrives < HOURS:
            self.records.append(
                {"received_at": self.iso(arrives), "topic": topic, "key": key, "value": value}
            )


def opaque(text: str) -> str:
    """A stand-in for the keyed hash that a real producer makes of an address or a person."""
    return blake2b(text.encode(), digest_size=6).hexdigest()
