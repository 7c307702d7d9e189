"""`product-risk`: one day of one product of a shop, once an order of it is late."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.fields import AwareTime, Message
from schemas.shop_risk import BasisPoints, Number, RiskLine


class ProductCounts(Message):
    """Orders of the product that are due on the day, and of these the late ones."""

    due: Number
    late: Number


class ProductRates(Message):
    """Late orders of those due in basis points, rounded down; null where none is due."""

    late: BasisPoints | None


class ProductRisk(Message):
    """One day of one product; of one platform, shop, product and day the greatest `revision`
    counts."""

    schema_version: Literal[1] = 1
    platform: str
    shop_id: str
    product_id: str
    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    revision: Number
    detected_at: AwareTime
    profile: str
    counts: ProductCounts
    rates: ProductRates
    lines: tuple[RiskLine, ...] = ()
