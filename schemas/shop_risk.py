"""`shop-risk`: one day of one shop against the lines that its platform draws."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import AwareTime, Message

Number = Annotated[int, Field(ge=0)]
BasisPoints = Annotated[int, Field(ge=0)]
"""Hundredths of a percent, rounded down."""
Measure = Literal["due", "late", "unshipped", "shipped", "abnormal"]


class ShopCounts(Message):
    """Orders of one day: due on it, of these late, of these still not shipped; shipped on it;
    judged abnormal on it."""

    due: Number
    late: Number
    unshipped: Number
    shipped: Number
    abnormal: Number


class ShopRates(Message):
    """Shares in basis points: late and unshipped of the orders due, abnormal of those shipped.

    Null where there is nothing to take a share of; above 10000 where more orders were judged
    abnormal than shipped that day.
    """

    late: BasisPoints | None
    unshipped: BasisPoints | None
    abnormal: BasisPoints | None


class Threshold(Message):
    """Where a line is: a share, passed (`gt`) or reached (`ge`), and a least number of orders.

    `counting` says of which orders `least` is a number; `days` on how many days running.
    """

    basis_points: BasisPoints
    comparator: Literal["gt", "ge"]
    least: Number
    counting: Measure
    days: Annotated[int, Field(ge=1)]


class RiskLine(Message):
    """One line: how many more `orders` would cross it. At a distance of 0 it is crossed."""

    name: str
    orders: Measure
    among: Measure
    threshold: Threshold
    distance: Number
    crossed: bool


class ShopRisk(Message):
    """One day of one shop; of one platform, shop and day the greatest `revision` counts."""

    schema_version: Literal[1] = 1
    platform: str
    shop_id: str
    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    revision: Number
    detected_at: AwareTime
    profile: str
    counts: ShopCounts
    rates: ShopRates
    lines: tuple[RiskLine, ...] = ()
