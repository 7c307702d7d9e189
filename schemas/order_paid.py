"""`order-paid`: an order as its producer knows it now, once it has been paid for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from schemas.fields import (
    Code,
    Flag,
    Id,
    Message,
    Money,
    Name,
    OptionalTime,
    OptionalTimeAhead,
    SchemaVersion,
    StatedId,
    StatedName,
    StatedTime,
    Text,
    VersionTime,
    Whole,
    Word,
)
from schemas.place import Place

_PARTIAL: dict[str, JsonValue] = {
    "properties": {"partial": {"const": True}},
    "required": ["partial"],
}


class OrderItem(Message):
    """One line of an order."""

    product_id: Code | None = None
    sku_id: Code | None = None
    quantity: Whole | None = None


class OrderPaid(Message):
    """One version of an order: all that is known of it, or with `partial` what has changed.

    A message with the same `order_id` and `updated_at` is the same version. Defaults:
    `updated_at` = `paid_at`, `delivery_method` = express, `presale` = none, `state` = paid,
    `partial` = false, `parcels_expected` = 1, `paid_at_quality` = exact.
    A partial version needs `order_id` and `updated_at` alone: a field that is absent is not stated,
    null is. Money is in minor units (fen, cents).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": _PARTIAL,
            "then": {"required": ["updated_at"]},
            "else": {"required": ["shop_id", "platform", "paid_at"]},
        }
    )

    schema_version: SchemaVersion | None = 1
    partial: Flag = None
    order_id: Id = Field(description="The marketplace's order number; also the record's key.")
    shop_id: StatedId
    platform: StatedName
    paid_at: StatedTime = Field(description="The first payment.")
    updated_at: VersionTime = Field(
        default=None, description="When the producer knew this version; default: paid_at."
    )
    final_paid_at: OptionalTime = Field(
        default=None, description="A deposit presale's last payment, once it is made."
    )
    paid_at_quality: Name | None = Field(
        default=None,
        description="estimated: the time of payment is a date, or an export's; else exact.",
    )
    promised_ship_by: OptionalTimeAhead = None
    promised_delivery_by: OptionalTimeAhead = None
    refund_requested_at: OptionalTime = Field(
        default=None, description="When the buyer asked for the money or the parcel back."
    )
    parcels_expected: Whole | None = Field(
        default=None, description="How many parcels the order takes; null or below 1: one."
    )
    amount_paid: Money | None = Field(default=None, description="Minor units.")
    amount_goods: Money | None = Field(
        default=None,
        description="What of amount_paid is for the goods, without postage; minor units.",
    )
    currency: Name | None = None
    delivery_method: Name | None = Field(
        default=None,
        description="express, self_delivery, self_pickup, virtual; others are not express.",
    )
    presale: Name | None = Field(
        default=None, description="none, full, deposit; others count as none."
    )
    recipient: Place | None = None
    via: Place | None = Field(
        default=None,
        description="The transit or inspection warehouse to which the parcel is sent first.",
    )
    ship_from: Place | None = None
    items: tuple[OrderItem, ...] | None = None
    state: Annotated[Literal["paid", "closed"], Word] | None = None
    closed_reason: Text | None = None
