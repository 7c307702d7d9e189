"""A place, as orders and tracking updates name one: recipient, sender, warehouse, checkpoint."""

from __future__ import annotations

from pydantic import Field

from schemas.fields import Code, Message, Name


class Place(Message):
    """Names as the shop or the carrier has them, or codes; a place of nulls is none.

    `address_key` and `person_key` are opaque keyed hashes made by the producer.
    """

    country: Name | None = Field(
        default=None, description="ISO 3166-1 alpha-2; absent or empty: CN."
    )
    province: Name | None = None
    city: Name | None = None
    district: Name | None = None
    region_code: Code | None = Field(default=None, description="A code of GB/T 2260.")
    postal_code: Code | None = None
    site: Name | None = None
    address_key: Code | None = None
    person_key: Code | None = None
