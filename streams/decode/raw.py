"""The messages as the hot path reads them, before anything is made of their values.

Fields stand in alphabetical order and absent ones are left out when written, so that writing a
struct gives the canonical JSON. What these structs accept, the contract in `schemas` accepts too,
with equal values (a test generates messages to show it); what they refuse, the contract judges.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.fields import INT64_MAX, INT64_MIN, MAX_ID_LENGTH

Short = Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH)]
Whole = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
Version = Annotated[int, msgspec.Meta(ge=1, le=1)]


class RawRecipient(
    msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False, frozen=True
):
    """A recipient or sender as sent."""

    address_key: Short | None = None
    city: Short | None = None
    district: Short | None = None
    person_key: Short | None = None
    province: Short | None = None
    region_code: Short | None = None


class RawLocation(
    msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False, frozen=True
):
    """A checkpoint's location as sent."""

    city: Short | None = None
    district: Short | None = None
    province: Short | None = None
    region_code: Short | None = None
    site: Short | None = None


class RawItem(
    msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False, frozen=True
):
    """One line of an order as sent."""

    product_id: Short | None = None
    quantity: Whole | None = None
    sku_id: Short | None = None


class RawTracking(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """`tracking-update` as sent. `received_at` belongs to replays; its value is not read here."""

    carrier: Short
    occurred_at: str
    status: str
    tracking_number: Short
    description: str | None = None
    location: RawLocation | None = None
    order_ids: tuple[Short, ...] | None = None
    platform: Short | None = None
    raw_status: Short | None = None
    received_at: str | None = None
    recipient: RawRecipient | None = None
    schema_version: Version | None = None
    shop_id: Short | None = None
    source: Short | None = None


class RawOrder(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """`order-paid` as sent. `received_at` belongs to replays; its value is not read here."""

    order_id: Short
    paid_at: str
    platform: Short
    shop_id: Short
    amount_paid: Whole | None = None
    closed_reason: str | None = None
    currency: Short | None = None
    delivery_method: str | None = None
    final_paid_at: str | None = None
    items: tuple[RawItem, ...] | None = None
    presale: str | None = None
    promised_ship_by: str | None = None
    received_at: str | None = None
    recipient: RawRecipient | None = None
    schema_version: Version | None = None
    ship_from: RawRecipient | None = None
    state: str | None = None
    updated_at: str | None = None


class OpenTracking(RawTracking, forbid_unknown_fields=False, gc=False):
    """`tracking-update` with fields that are not the contract's: they are skipped, unchecked."""


class OpenOrder(RawOrder, forbid_unknown_fields=False, gc=False):
    """`order-paid` with fields that are not the contract's: they are skipped, unchecked."""


class CanonicalOrder(msgspec.Struct, omit_defaults=True, gc=False):
    """The contract's fields of an order, in alphabetical order: written, its canonical JSON."""

    amount_paid: int | None = None
    closed_reason: str | None = None
    currency: str | None = None
    delivery_method: str | None = None
    final_paid_at: str | None = None
    items: tuple[RawItem, ...] | None = None
    order_id: str | None = None
    paid_at: str | None = None
    platform: str | None = None
    presale: str | None = None
    promised_ship_by: str | None = None
    recipient: RawRecipient | None = None
    schema_version: int | None = None
    ship_from: RawRecipient | None = None
    shop_id: str | None = None
    state: str | None = None
    updated_at: str | None = None


class CanonicalUpload(msgspec.Struct, omit_defaults=True, gc=False):
    """What two facts of one parcel, one time and some orders can differ by, in alphabetical order.

    Carrier, number and time are equal wherever two are compared, so leaving them out changes no
    order; the description is free text and stays out of state.
    """

    location: RawLocation | None = None
    order_ids: tuple[str, ...] | None = None
    raw_status: str | None = None
    recipient: RawRecipient | None = None
    status: str | None = None
