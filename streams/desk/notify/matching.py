"""A route as conditions of a query: the same warnings as `streams.notify.decide.matches` says."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_

from streams.desk.database.tables import warnings
from streams.desk.database.wanted import STANDING
from streams.notify.routes import Route

_DIMENSIONS = (
    ("platform", "platforms"),
    ("rule", "rules"),
    ("stage", "stages"),
    ("severity", "severities"),
)


def by_dimensions(columns: Any, route: Route) -> list[ColumnElement[bool]]:
    """What a route asks of the columns that `cells` and `warnings` both have."""
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
    return found


def is_of(route: Route) -> list[ColumnElement[bool]]:
    """All that a route asks of a standing warning but how near its deadline is."""
    found = [warnings.c.state.in_(route.states), *by_dimensions(warnings.c, route)]
    if route.money is not None:
        found += [
            warnings.c.currency == route.currency,
            func.coalesce(warnings.c.most, 0) >= route.money,
        ]
    return found


def unattended(now: int) -> ColumnElement[bool]:
    """Neither acknowledged nor snoozed now."""
    return or_(warnings.c.cared_until.is_(None), warnings.c.cared_until <= now)


def standing(columns: Any) -> ColumnElement[bool]:
    """What can still be acted upon."""
    condition: ColumnElement[bool] = columns.state.in_(STANDING)
    return condition
