"""The messages as the hot path reads them, before anything is made of their values.

Fields stand in alphabetical order, so that writing a struct gives the canonical JSON: of a message
every field, of an object within it those that have a value. What these structs accept, the contract
in `schemas` accepts too, with equal values (a test generates messages to show it); what they
refuse, the contract judges.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from schemas.fields import INT64_MAX, INT64_MIN, MAX_ID_LENGTH

Short = Annotated[str, msgspec.Meta(max_length=MAX_ID_LENGTH)]
Whole = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
Version = Annotated[int, msgspec.Meta(ge=1, le=1)]


class RawPlace(
    msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False, frozen=True
):
    """A recipient, sender, warehouse or checkpoint's location as sent."""

    address_key: Short | None = None
    city: Short | None = None
    country: Short | None = None
    district: Short | None = None
    person_key: Short | None = None
    postal_code: Short | None = None
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


class RawNext(msgspec.Struct, forbid_unknown_fields=True, gc=False, frozen=True):
    """Where a parcel goes on, as sent."""

    carrier: Short | None = None
    tracking_number: Short | None = None


class RawTracking(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """`tracking-update` as sent. `received_at` belongs to replays; its value is not read here."""

    carrier: Short
    occurred_at: str
    status: str
    tracking_number: Short
    description: str | None = None
    location: RawPlace | None = None
    next: RawNext | None = None
    order_ids: tuple[Short, ...] | None = None
    platform: Short | None = None
    raw_status: Short | None = None
    received_at: str | None = None
    recipient: RawPlace | None = None
    schema_version: Version | None = None
    shop_id: Short | None = None
    source: Short | None = None
    time_quality: Short | None = None
    voided: bool | None = None


class RawOrder(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """`order-paid` as sent. `received_at` belongs to replays; its value is not read here.

    Once its strings are clean and its times are instants, it is written as the canonical JSON:
    `received_at` is unset then, which leaves it out, and so is `amount_goods` where there is none:
    a version without it keeps the form that it had before there was such a field.
    """

    amount_goods: Whole | msgspec.UnsetType | None = None
    amount_paid: Whole | None = None
    closed_reason: str | None = None
    currency: Short | None = None
    delivery_method: Short | None = None
    final_paid_at: str | None = None
    items: tuple[RawItem | None, ...] | None = None
    order_id: Short
    paid_at: str | None = None
    paid_at_quality: Short | None = None
    parcels_expected: Whole | None = None
    partial: bool | None = None
    platform: Short | None = None
    presale: Short | None = None
    promised_delivery_by: str | None = None
    promised_ship_by: str | None = None
    received_at: str | msgspec.UnsetType | None = None
    recipient: RawPlace | None = None
    refund_requested_at: str | None = None
    schema_version: Version | None = None
    ship_from: RawPlace | None = None
    shop_id: Short | None = None
    state: str | None = None
    updated_at: str | None = None
    via: RawPlace | None = None


class OpenTracking(RawTracking, forbid_unknown_fields=False, gc=False):
    """`tracking-update` with fields that are not the contract's: they are skipped, unchecked."""


class OpenOrder(RawOrder, forbid_unknown_fields=False, gc=False):
    """`order-paid` with fields that are not the contract's: they are skipped, unchecked."""


_Said = msgspec.Raw | msgspec.UnsetType
_U = msgspec.UNSET


class Stated(msgspec.Struct, gc=False):
    """Which fields a partial version carries: what it can leave out, unread."""

    amount_goods: _Said = _U
    amount_paid: _Said = _U
    currency: _Said = _U
    delivery_method: _Said = _U
    final_paid_at: _Said = _U
    items: _Said = _U
    paid_at: _Said = _U
    paid_at_quality: _Said = _U
    parcels_expected: _Said = _U
    platform: _Said = _U
    presale: _Said = _U
    promised_delivery_by: _Said = _U
    promised_ship_by: _Said = _U
    recipient: _Said = _U
    refund_requested_at: _Said = _U
    ship_from: _Said = _U
    shop_id: _Said = _U
    state: _Said = _U
    via: _Said = _U


class CanonicalUpload(msgspec.Struct, gc=False):
    """What two facts of one parcel, one time and some orders can differ by, in alphabetical order.

    Carrier, number and time are equal wherever two are compared, so leaving them out changes no
    order; the description is free text and stays out of state.
    """

    location: RawPlace | None
    order_ids: tuple[str, ...]
    raw_status: str | None
    recipient: RawPlace | None
    status: str
