"""Days of shops and of products, as far back as they are kept; and what products lack now."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from streams.desk.database.sight import Sight, within
from streams.desk.database.tables import product_days, product_stock, shop_days

MOST = 5_000
"""Rows of one answer."""


def of_shops(
    connection: Connection,
    since: str,
    only_shops: Sight,
    platform: str | None = None,
    shop_id: str | None = None,
) -> list[dict[str, Any]]:
    """What the topic `shop-risk` says of each day from `since` (YYYY-MM-DD) on, by shop and day."""
    return _of(connection, shop_days, since, only_shops, platform, shop_id)


def of_products(
    connection: Connection,
    since: str,
    only_shops: Sight,
    platform: str | None = None,
    shop_id: str | None = None,
) -> list[dict[str, Any]]:
    """The same of `product-risk`."""
    return _of(connection, product_days, since, only_shops, platform, shop_id)


def of_stock(
    connection: Connection,
    only_shops: Sight,
    platform: str | None = None,
    shop_id: str | None = None,
) -> list[dict[str, Any]]:
    """What it says of products' stock, those that lack most first."""
    table = product_stock
    query = select(table.c.value).order_by(table.c.short_by.desc(), *table.primary_key)
    return _found(connection, query, table, only_shops, platform, shop_id)


def _of(
    connection: Connection,
    table: Table,
    since: str,
    only_shops: Sight,
    platform: str | None,
    shop_id: str | None,
) -> list[dict[str, Any]]:
    query = select(table.c.value).where(table.c.day >= since).order_by(*table.primary_key)
    return _found(connection, query, table, only_shops, platform, shop_id)


def _found(
    connection: Connection,
    query: Select[Any],
    table: Table,
    only_shops: Sight,
    platform: str | None,
    shop_id: str | None,
) -> list[dict[str, Any]]:
    query = query.where(*within(table.c, only_shops))
    if platform is not None:
        query = query.where(table.c.platform == platform)
    if shop_id is not None:
        query = query.where(table.c.shop_id == shop_id)
    return [json.loads(value) for value in connection.execute(query.limit(MOST)).scalars()]
