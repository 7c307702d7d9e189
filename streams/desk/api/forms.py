"""What the API answers, as models: OpenAPI is made of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import Row

from schemas import ProductRisk, ShipmentWarning, ShopRisk
from schemas.warning_action import ActionKind, AskedKind, Work
from streams.desk.actions.ledger import as_work
from streams.desk.database.lists import Counts
from streams.desk.database.sight import Sight, sees
from streams.desk.database.tracks import Order
from streams.facts.times import to_datetime


class WarningItem(BaseModel):
    """A warning: its newest revision as published, and what is done about it."""

    cursor: int = Field(description="Rises with every change; the feed goes by it.")
    warning: ShipmentWarning
    work: Work

    @classmethod
    def of(cls, row: Row[Any]) -> WarningItem:
        """From a whole row."""
        return cls(
            cursor=row.cursor,
            warning=ShipmentWarning.model_validate_json(row.value),
            work=work_of(row),
        )


class WarningPage(BaseModel):
    """Some of a list; `next` is what the next page is asked for with (`after`), null at the end."""

    items: list[WarningItem]
    next: str | None


class WarningFeed(BaseModel):
    """What has changed; `cursor` is what to ask for the next time with (`since`)."""

    items: list[WarningItem]
    cursor: int


class WarningCounts(BaseModel):
    """How many match, in all and by dimension; a dimension's own filter is left aside in its
    counts. `capped`: only the first 10,000 were looked at."""

    total: int
    capped: bool
    by: dict[str, dict[str, int]]

    @classmethod
    def of(cls, counts: Counts) -> WarningCounts:
        """As counted."""
        return cls(total=counts.total, capped=counts.capped, by=counts.by)


class Done(BaseModel):
    """What somebody did, as the audit has it."""

    action_id: str
    warning_id: str
    sequence: int
    kind: ActionKind
    actor: str
    at: datetime
    until: datetime | None
    assignee: str | None
    manifest_id: str | None
    comment: str | None
    state: str
    revision: int

    @classmethod
    def of(cls, row: Row[Any]) -> Done:
        """From a row of the audit."""
        fields = dict(row._mapping)
        fields["at"] = to_datetime(row.at)
        fields["until"] = _moment(row.until)
        return cls(**fields)


class WarningDetail(WarningItem):
    """A warning with its course and what was done, oldest first."""

    revisions: list[ShipmentWarning]
    actions: list[Done]


class Checkpoint(BaseModel):
    """A record of a parcel; places are codes of GB/T 2260."""

    occurred_at: datetime
    status: str
    estimated: bool
    voided: bool
    province: str | None
    city: str | None
    platform: str | None
    shop_id: str | None
    order_ids: list[str]
    next: str | None
    partition: int
    offset: int

    @classmethod
    def of(cls, row: Row[Any], visible: frozenset[str] | None, shops: Sight) -> Checkpoint:
        """From a row; of orders those that are visible, and no shop but `shops` (None: all)."""
        names = json.loads(row.order_ids)
        fields = {name: row._mapping[name] for name in cls.model_fields if name in row._mapping}
        fields["occurred_at"] = to_datetime(row.at)
        fields["order_ids"] = [each for each in names if visible is None or each in visible]
        if not sees(shops, row.platform, row.shop_id):
            fields |= {"platform": None, "shop_id": None}
        return cls(**fields)


class OrderItem(BaseModel):
    """An order as known now, without recipient and goods; what no version stated is null."""

    order_id: str
    platform: str | None = None
    shop_id: str | None = None
    paid_at: datetime | None = None
    final_paid_at: datetime | None = None
    promised_ship_by: datetime | None = None
    promised_delivery_by: datetime | None = None
    refund_requested_at: datetime | None = None
    delivery_method: str | None = None
    presale: str | None = None
    closed: bool = False
    amount_paid: int | None = None
    currency: str | None = None
    parcels_expected: int | None = None
    updated_at: datetime
    versions: int

    @classmethod
    def of(cls, order: Order) -> OrderItem:
        """As known."""
        fields = {
            name: to_datetime(value)
            if name.endswith(("_at", "_by")) and value is not None
            else value
            for name, value in order.stated.items()
            if name in cls.model_fields
        }
        return cls(
            order_id=order.order_id,
            updated_at=to_datetime(order.updated_at),
            versions=order.versions,
            **fields,
        )


class ParcelItem(BaseModel):
    """A parcel with all that is known of it."""

    carrier: str
    tracking_number: str
    records: list[Checkpoint]
    orders: list[OrderItem]
    warnings: list[WarningItem]


class OrderDetail(BaseModel):
    """An order with its parcels and warnings."""

    order: OrderItem
    parcels: list[ParcelItem]
    warnings: list[WarningItem]


class ShopDays(BaseModel):
    """Days of shops."""

    items: list[ShopRisk]


class ProductDays(BaseModel):
    """Days of products; and the stock of those of which levels are sent, what lacks most first."""

    items: list[ProductRisk]
    stock: list[ProductRisk]


class ActionRequest(BaseModel):
    """What is to be done to some warnings. `request_id` repeated does nothing a second time."""

    warning_ids: list[Annotated[str, Field(pattern="^[0-9a-f]{32}$")]] = Field(
        min_length=1, max_length=1_000
    )
    kind: AskedKind
    until: datetime | None = None
    assignee: str | None = None
    manifest_id: str | None = None
    comment: str | None = None
    request_id: str | None = None


class ActionAnswer(BaseModel):
    """Ids of the warnings for which it is written down, and of those that there are not."""

    done: list[str]
    missing: list[str]


class Actions(BaseModel):
    """What was done about a warning, oldest first."""

    items: list[Done]


class Me(BaseModel):
    """Who asks; `shops` are `platform/id`, `*/id` on every platform; null: every shop."""

    name: str
    role: str
    shops: list[str] | None


def work_of(row: Row[Any]) -> Work:
    """What is done about a warning, from a whole row."""
    prefix = "work_"
    return as_work(
        {
            name.removeprefix(prefix): value
            for name, value in row._mapping.items()
            if name.startswith(prefix)
        }
    )


def _moment(us: int | None) -> datetime | None:
    return None if us is None else to_datetime(us)
