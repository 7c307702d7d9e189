"""`order-paid`: an order as its producer knows it now, once it has been paid for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.fields import (
    Code,
    Id,
    Message,
    Name,
    OptionalTime,
    OptionalTimeAhead,
    RequiredTime,
    SchemaVersion,
    Text,
    Whole,
)


class OrderPlace(Message):
    """Where an order goes to or comes from: names as the shop has them, or a region code.

    `address_key` and `person_key` are opaque keyed hashes made by the producer.
    """

    province: Name | None = None
    city: Name | None = None
    district: Name | None = None
    region_code: Code | None = None
    address_key: Code | None = None
    person_key: Code | None = None


class OrderItem(Message):
    """One line of an order."""

    product_id: Id | None = None
    sku_id: Id | None = None
    quantity: Whole | None = None


class OrderPaid(Message):
    """One version of an order; the version with the greatest `updated_at` is the one that counts.

    A message with the same `order_id` and `updated_at` is the same version. Defaults:
    `updated_at` = `paid_at`, `delivery_method` = express, `presale` = none, `state` = paid.
    Money is in minor units (fen, cents).
    """

    schema_version: SchemaVersion | None = 1
    order_id: Id = Field(description="The marketplace's order number; also the record's key.")
    shop_id: Code
    platform: Name
    paid_at: RequiredTime = Field(description="The first payment.")
    updated_at: OptionalTime = Field(
        default=None, description="When the producer knew this version; default: paid_at."
    )
    final_paid_at: OptionalTime = Field(
        default=None, description="A deposit presale's last payment, once it is made."
    )
    promised_ship_by: OptionalTimeAhead = None
    amount_paid: Whole | None = Field(default=None, description="Minor units.")
    currency: Name | None = None
    delivery_method: Literal["express", "self_delivery", "self_pickup", "virtual"] | None = None
    presale: Literal["none", "full", "deposit"] | None = None
    recipient: OrderPlace | None = None
    ship_from: OrderPlace | None = None
    items: tuple[OrderItem, ...] | None = None
    state: Literal["paid", "closed"] | None = None
    closed_reason: Text | None = None
