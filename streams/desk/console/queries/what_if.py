"""What the desk knows of the warnings and orders that a saved comparison names."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from streams.desk.database.sight import Sight, within
from streams.desk.database.tables import order_versions, warnings


def known_warnings(connection: Connection, ids: Collection[str], sight: Sight) -> set[str]:
    """Those of some ids that have a page for whoever asks."""
    query = select(warnings.c.warning_id).where(
        warnings.c.warning_id.in_(sorted(ids)), *within(warnings.c, sight)
    )
    return set(connection.execute(query).scalars())


def known_orders(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of some orders of which a version is known."""
    query = select(order_versions.c.order_id).where(order_versions.c.order_id.in_(sorted(ids)))
    return set(connection.execute(query.distinct()).scalars())
