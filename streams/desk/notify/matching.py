"""A route as conditions of a query: the same warnings as `streams.notify.decide.matches` says."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_

from streams.desk.database.tables import warnings
from streams.notify.routes import Route

_DIMENSIONS = (
    ("state", "states"),
    ("platform", "platforms"),
    ("rule", "rules"),
    ("stage", "stages"),
    ("severity", "severities"),
)


def is_of(route: Route, columns: Any = warnings.c) -> list[ColumnElement[bool]]:
    """All that a route asks of a standing warning but how near its deadline is. Of a route that
    asks for no money, `columns` may be those of `cells`."""
    found = [
        columns[name].in_(values)
        for name, field in _DIMENSIONS
        if (values := getattr(route, field))
    ]
    if route.shops:
        pairs = (shop.partition("/") for shop in route.shops)
        found.append(
            or_(*(and_(columns.platform == p, columns.shop_id == shop) for p, _, shop in pairs))
        )
    if route.money is not None:
        found += [
            columns.currency == route.currency,
            func.coalesce(columns.most, 0) >= route.money,
        ]
    return found


def unattended(now: int) -> ColumnElement[bool]:
    """Neither acknowledged nor snoozed now."""
    return or_(warnings.c.cared_until.is_(None), warnings.c.cared_until <= now)
