"""`product-risk`: one day of one product of a shop, once an order of it is late; and its stock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from schemas.fields import AwareTime, Message
from schemas.shop_risk import BasisPoints, Number, RiskLine


class ProductCounts(Message):
    """Orders of the product that are due on the day, and of these the late ones."""

    due: Number
    late: Number


class ProductRates(Message):
    """Late orders of those due in basis points, rounded down; null where none is due."""

    late: BasisPoints | None


class ShortOrder(Message):
    """An order for which the stock does not reach, and how many pieces it is still to be sent."""

    order_id: str
    pieces: Number
    promised_ship_by: AwareTime | None


def _required(of_a_day: bool) -> Callable[..., Any]:
    """Demand a field of a record of a day, or of one of the stock; the other may leave it out."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        if value is not None:
            return handler(value)
        if (info.data.get("day") is not None) == of_a_day:
            raise PydanticCustomError("missing_field", "is required")
        return None

    return check


_Absent = Field(default=None, validate_default=True)
_Day = WrapValidator(_required(of_a_day=True))
_Stock = WrapValidator(_required(of_a_day=False))

_OF_A_DAY: JsonValue = ["profile", "counts", "rates"]
_OF_THE_STOCK: JsonValue = ["unshipped", "available", "level_at", "short_by"]


class ProductRisk(Message):
    """One day of one product, or with `day` null its stock; of one platform, shop, product and day
    the greatest `revision` counts."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"day": {"type": "null"}}},
            "then": {"required": _OF_THE_STOCK},
            "else": {"required": _OF_A_DAY},
        }
    )

    schema_version: Literal[1] = 1
    platform: str
    shop_id: str
    product_id: str
    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None
    revision: Number
    detected_at: AwareTime
    profile: Annotated[str | None, _Day, _Absent]
    counts: Annotated[ProductCounts | None, _Day, _Absent]
    rates: Annotated[ProductRates | None, _Day, _Absent]
    lines: tuple[RiskLine, ...] = ()
    unshipped: Annotated[Number | None, _Stock, _Absent] = Field(
        description="Pieces of open express orders of which nothing has moved."
    )
    available: Annotated[int | None, _Stock, _Absent] = Field(
        description="Pieces in stock, by the newest level."
    )
    level_at: Annotated[AwareTime | None, _Stock, _Absent] = Field(
        description="When that level was taken."
    )
    short_by: Annotated[Number | None, _Stock, _Absent] = Field(
        description="Pieces that are lacking: unshipped less available, at least 0."
    )
    short_since: AwareTime | None = Field(
        default=None, description="Since when they are: the level, or a payment after it."
    )
    short_orders: tuple[ShortOrder, ...] = Field(
        default=(), description="Orders that the stock does not reach, earliest promise first."
    )
