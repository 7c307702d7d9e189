"""`stock-level`: how many pieces of a product there are, as counted at a moment. Optional."""

from __future__ import annotations

from pydantic import Field

from schemas.fields import FilledCode, Id, Message, Name, RequiredTime, SchemaVersion, Whole


class StockLevel(Message):
    """One level of one product of a shop; the newest by `at` stands, of equal times the smaller."""

    schema_version: SchemaVersion | None = 1
    platform: Name
    shop_id: Id
    product_id: FilledCode = Field(description="As in the items of orders.")
    available: Whole = Field(description="Pieces that can be sent.")
    at: RequiredTime = Field(description="When they were counted.")
