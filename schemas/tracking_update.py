"""`tracking-update`: one checkpoint of one parcel, an upload of its number, or a release."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import (
    CarrierName,
    Code,
    Flag,
    Id,
    Message,
    Name,
    Number,
    OptionalCarrier,
    OptionalId,
    OptionalNumber,
    RequiredTime,
    SchemaVersion,
    Text,
    Word,
)
from schemas.place import Place

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
    "handed_over",
    "unknown",
]
"""The canonical statuses, in lower case."""


class NextParcel(Message):
    """Under which number and carrier a parcel goes on; it is shown, not joined."""

    carrier: OptionalCarrier | None = None
    tracking_number: OptionalNumber | None = None


class TrackingUpdate(Message):
    """One checkpoint; `ordered` or `cancelled` with `order_ids` is an upload or a release.

    Two messages are the same fact when carrier, number, `occurred_at`, `status`, `raw_status`,
    `description`, `location`, `recipient` and the set of `order_ids` are equal.
    """

    schema_version: SchemaVersion | None = 1
    carrier: CarrierName
    tracking_number: Number
    status: Annotated[Status, Word]
    occurred_at: RequiredTime = Field(description="When it happened, not when it was reported.")
    time_quality: Name | None = Field(
        default=None,
        description="estimated: the source gave a date, an export's time or none; else exact.",
    )
    voided: Flag = Field(
        default=None, description="Takes back the fact that is equal to this one in all else."
    )
    order_ids: tuple[Id, ...] | None = None
    shop_id: OptionalId = None
    platform: Name | None = None
    location: Place | None = None
    description: Text | None = Field(default=None, description="Free text; never kept in state.")
    raw_status: Code | None = None
    source: Name | None = None
    recipient: Place | None = None
    next: NextParcel | None = Field(
        default=None, description="Where the parcel goes on, of a handed_over."
    )
