"""What a file may hold: the message, the columns that a table of it may have, and their kinds."""

from __future__ import annotations

import types
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from schemas import OrderPaid, StockLevel, TrackingUpdate

Kind = Literal["text", "integer", "boolean", "time", "money", "list", "object", "objects"]
"""What a column holds; `list` is of texts, `object` and `objects` are JSON in a cell."""

RECEIVED_AT = "received_at"
"""When a message arrived, in files of a history."""

AMOUNTS = ("amount_paid", "amount_goods")
"""The fields that are money, all of one currency."""


class Message(NamedTuple):
    """A message that files may hold.

    `columns` are the names that a table may have and their kinds, `required` those that each row
    needs, and `partial_needs` those of a table that has a column `partial`.
    """

    name: str
    columns: dict[str, Kind]
    required: tuple[str, ...]
    partial_needs: tuple[str, ...] = ()

    def needed(self, present: set[str]) -> tuple[str, ...]:
        """The columns that a table with these columns has to have."""
        if self.partial_needs and "partial" in present:
            return self.partial_needs
        return self.required


def columns_of(model: type[BaseModel]) -> dict[str, Kind]:
    """The columns of a message: its fields, and `place.field` for those inside of objects."""
    found: dict[str, Kind] = {}
    for name, field in model.model_fields.items():
        annotation = _plain(field.annotation)
        kind = "money" if name in AMOUNTS else _kind(annotation)
        found[name] = kind
        if kind in ("object", "objects"):
            inner = _plain(get_args(annotation)[0]) if kind == "objects" else annotation
            found |= {f"{name}.{leaf}": of for leaf, of in columns_of(inner).items()}
    return found


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is tuple:
        inner = _plain(get_args(annotation)[0])
        return "objects" if isinstance(inner, type) and issubclass(inner, BaseModel) else "list"
    if get_origin(annotation) is Literal:
        return "text" if isinstance(get_args(annotation)[0], str) else "integer"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "object"
    plain: dict[Any, Kind] = {bool: "boolean", int: "integer", datetime: "time"}
    return plain.get(annotation, "text")


def _plain(annotation: Any) -> Any:
    """A type without what is said beside it, and without None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _plain(next(one for one in get_args(annotation) if one is not type(None)))
    return annotation


ORDERS = Message(
    "orders",
    {**columns_of(OrderPaid), RECEIVED_AT: "time"},
    ("order_id", "shop_id", "platform", "paid_at"),
    ("order_id", "updated_at"),
)
TRACKING = Message(
    "tracking updates",
    {**columns_of(TrackingUpdate), RECEIVED_AT: "time"},
    ("carrier", "tracking_number", "status", "occurred_at"),
)
STOCK = Message(
    "stock levels",
    {**columns_of(StockLevel), RECEIVED_AT: "time"},
    ("platform", "shop_id", "product_id", "available", "at"),
)
