"""Everything known of a parcel or an order, for its time line; of other shops nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from streams.desk.database.lists import WITH_WORK
from streams.desk.database.sight import Sight, sees
from streams.desk.database.tables import (
    checkpoints,
    links,
    order_versions,
    warning_orders,
    warnings,
)

MOST = 2_000
"""Records of one parcel, and orders of one parcel, that are shown: as many as a state holds."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as known now: `stated` is what its versions say together, the last word first."""

    order_id: str
    stated: dict[str, Any]
    versions: int
    updated_at: int

    @property
    def platform(self) -> str | None:
        """Where it was placed."""
        return self.stated.get("platform")

    @property
    def shop_id(self) -> str | None:
        """Whose it is there."""
        return self.stated.get("shop_id")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel: `carrier:NUMBER`, its records in order of time, its orders and its warnings."""

    key: str
    records: Sequence[Row[Any]]
    orders: Sequence[Order]
    warnings: Sequence[Row[Any]]


def parcel(connection: Connection, key: str, only_shops: Sight) -> Parcel | None:
    """A parcel by its key; None where nothing is known of it, or it is another shop's."""
    records = connection.execute(
        select(checkpoints)
        .where(checkpoints.c.parcel == key)
        .order_by(checkpoints.c.at, checkpoints.c.digest, checkpoints.c.voided)
        .limit(MOST)
    ).all()
    order_ids = connection.execute(
        select(links.c.order_id).where(links.c.parcel == key).order_by(links.c.at).limit(MOST)
    ).scalars()
    orders = [
        each
        for each in _orders(connection, order_ids)
        if sees(only_shops, each.platform, each.shop_id)
    ]
    carrier, _, number = key.partition(":")
    query = WITH_WORK.where(warnings.c.carrier == carrier, warnings.c.tracking_number == number)
    found = [
        row
        for row in connection.execute(query.order_by(warnings.c.opened_at, warnings.c.id))
        if sees(only_shops, row.platform, row.shop_id)
    ]
    mine = only_shops is None or any(sees(only_shops, row.platform, row.shop_id) for row in records)
    if not (orders or found or (records and mine)):
        return None
    return Parcel(key, records, orders, found)


def order(connection: Connection, order_id: str, only_shops: Sight) -> Order | None:
    """An order by its id; None where nothing is known of it, or it is another shop's."""
    found = _orders(connection, [order_id])
    return found[0] if found and sees(only_shops, found[0].platform, found[0].shop_id) else None


def parcels_of(connection: Connection, order_id: str) -> list[str]:
    """The keys of an order's parcels, by the earliest record that links them."""
    query = select(links.c.parcel).where(links.c.order_id == order_id)
    return list(connection.execute(query.order_by(links.c.at).limit(MOST)).scalars())


def warnings_of(connection: Connection, order_id: str, only_shops: Sight) -> list[Row[Any]]:
    """The warnings that name an order."""
    query = WITH_WORK.join(
        warning_orders, warning_orders.c.warning_id == warnings.c.warning_id
    ).where(warning_orders.c.order_id == order_id)
    rows = connection.execute(query.order_by(warnings.c.opened_at, warnings.c.id))
    return [row for row in rows if sees(only_shops, row.platform, row.shop_id)]


def _orders(connection: Connection, order_ids: Iterable[str]) -> list[Order]:
    """Orders as known now, in the order given; those of which no version is known are left out."""
    ids = list(order_ids)
    versions: dict[str, list[Row[Any]]] = {}
    for begin in range(0, len(ids), 500):
        some = order_versions.c.order_id.in_(ids[begin : begin + 500])
        for row in connection.execute(select(order_versions).where(some)):
            versions.setdefault(row.order_id, []).append(row)
    return [_known(each, versions[each]) for each in ids if each in versions]


def _known(order_id: str, versions: Sequence[Row[Any]]) -> Order:
    """Each field as the last version states it that does: by time, then partial, then closed."""
    stated: dict[str, Any] = {}
    said = sorted(
        ((row.updated_at, json.loads(row.stated), row.digest) for row in versions),
        key=lambda each: (each[0], each[1]["partial"], bool(each[1].get("closed")), each[2]),
    )
    for _, fields, _ in said:
        stated |= fields
    del stated["partial"]
    return Order(order_id, stated, len(said), said[-1][0])
