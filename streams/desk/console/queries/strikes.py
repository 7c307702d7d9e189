"""What counts against shops: warnings that were breached and may be a strike each."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from streams.desk.database.sight import Sight, within
from streams.desk.database.tables import IS_STRIKE, shop_sums, warnings
from streams.desk.database.wanted import STANDING


class Strikes(NamedTuple):
    """Of one shop: breaches since a moment that may each be a strike, and what stands now."""

    breached: int = 0
    standing: int = 0


Shop = tuple[str, str]


def of_shops(connection: Connection, since: int, only_shops: Sight) -> dict[Shop, Strikes]:
    """By (platform, shop): strikes possible by breaches since a moment (µs), and what stands."""
    breached = (
        select(warnings.c.platform, warnings.c.shop_id, func.count())
        .where(
            warnings.c.breached_at >= since,
            IS_STRIKE,
            warnings.c.state != "withdrawn",
        )
        .group_by(warnings.c.platform, warnings.c.shop_id)
    )
    standing = (
        select(shop_sums.c.platform, shop_sums.c.shop_id, func.sum(shop_sums.c.n))
        .where(shop_sums.c.state.in_(STANDING), shop_sums.c.n > 0)
        .group_by(shop_sums.c.platform, shop_sums.c.shop_id)
    )
    breached = breached.where(*within(warnings.c, only_shops))
    standing = standing.where(*within(shop_sums.c, only_shops))
    found: dict[Shop, Strikes] = {}
    for platform, shop, n in connection.execute(breached):
        found[platform, shop] = Strikes(int(n))
    for platform, shop, n in connection.execute(standing):
        known = found.get((platform, shop), Strikes())
        found[platform, shop] = known._replace(standing=int(n))
    return found
