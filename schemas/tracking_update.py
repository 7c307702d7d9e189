"""`tracking-update`: one checkpoint of one parcel, an upload of its number, or a release."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.fields import CarrierName, Code, Id, Message, Name, RequiredTime, SchemaVersion, Text

Status = Literal[
    "ordered",
    "picked_up",
    "hub",
    "in_transit",
    "arrived_dest_city",
    "out_for_delivery",
    "ready_for_pickup",
    "delivered",
    "attempt_failed",
    "exception",
    "returning",
    "returned",
    "cancelled",
    "customs",
    "unknown",
]
"""The canonical statuses, in lower case."""


class TrackLocation(Message):
    """Where a checkpoint was recorded: names as the carrier writes them, or a region code."""

    province: Name | None = None
    city: Name | None = None
    district: Name | None = None
    region_code: Code | None = None
    site: Name | None = None


class TrackRecipient(Message):
    """Whom the waybill names: place names and the producer's opaque keyed hashes."""

    province: Name | None = None
    city: Name | None = None
    district: Name | None = None
    region_code: Code | None = None
    address_key: Code | None = None
    person_key: Code | None = None


class TrackingUpdate(Message):
    """One checkpoint; `ordered` or `cancelled` with `order_ids` is an upload or a release.

    Two messages are the same fact when carrier, number, `occurred_at`, `status`, `raw_status`,
    `description`, `location`, `recipient` and the set of `order_ids` are equal.
    """

    schema_version: SchemaVersion | None = 1
    carrier: CarrierName
    tracking_number: Id
    status: Status
    occurred_at: RequiredTime = Field(description="When it happened, not when it was reported.")
    order_ids: tuple[Id, ...] | None = None
    shop_id: Code | None = None
    platform: Name | None = None
    location: TrackLocation | None = None
    description: Text | None = Field(default=None, description="Free text; never kept in state.")
    raw_status: Code | None = None
    source: Name | None = None
    recipient: TrackRecipient | None = None
