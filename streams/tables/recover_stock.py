"""What was published of products' stock, and a crash made their states forget.

A state that forgot what it published last would not correct it where the facts lead it back to what
it remembers. Whoever takes over a partition reads the rows back, and the states take them over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from streams.engine.kafka.murmur2 import partition_of
from streams.engine.kafka.unreadable import UNREADABLE
from streams.shops.revisions import digest
from streams.shops.stock import CONTENT
from streams.state.stock import stock_key

_Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
"""Greater ones are none of ours: there must be a revision after the last one."""


class _Row(msgspec.Struct, frozen=True):
    """A value of `product-risk` that is about stock."""

    schema_version: Literal[1]
    platform: str
    shop_id: str
    product_id: str
    day: None
    revision: _Count
    unshipped: int
    available: int
    level_at: str
    short_by: int
    short_since: str | None
    short_orders: list[dict[str, Any]]


_read = msgspec.json.Decoder(_Row).decode


class ShownStock(NamedTuple):
    """What was published last of a product's stock: its revision, digest, and pieces lacking."""

    revision: int
    shown: int
    short_by: int


def recover_stock(
    values: Iterable[bytes | None], partitions: int, owned: frozenset[int]
) -> dict[int, dict[bytes, ShownStock]]:
    """The newest revisions in `values`: partition of `owned` → key of the product → what it says.

    What is none of our rows is passed over: others may write to the topic too.
    """
    found: dict[int, dict[bytes, ShownStock]] = {}
    for value in values:
        try:
            row = _read(value or b"")
            key = stock_key(row.platform, row.shop_id, row.product_id)
        except (*UNREADABLE, UnicodeEncodeError):
            continue
        home = partition_of(key, partitions)
        if home not in owned:
            continue
        shown = ShownStock(
            row.revision, digest({name: getattr(row, name) for name in CONTENT}), row.short_by
        )
        known = found.setdefault(home, {}).get(key, shown)
        found[home][key] = max(known, shown)
    return found
