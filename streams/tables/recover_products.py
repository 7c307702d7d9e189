"""What was published of products, and what a crash or a new beginning made their days forget.

A product of which nothing is late has no row in `product-risk`. So where an earlier life published
one, and this one counts nothing late, nobody would correct it. Whoever takes over a partition reads
the rows back, and the days of shops take them over.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, NamedTuple

import msgspec

from streams.engine.kafka.unreadable import UNREADABLE
from streams.state.shop_days import EPOCH, Shown, row_key
from streams.state.shop_lines import DAYS
from streams.tables.recover_shop_days import home_of

_Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
"""Greater ones are none of ours: there must be a revision after the last one."""


class _Counts(msgspec.Struct, frozen=True):
    due: _Count
    late: _Count


class _Row(msgspec.Struct, frozen=True):
    """A value of `product-risk`, as far as the day must know it."""

    schema_version: Literal[1]
    platform: str
    shop_id: str
    product_id: str
    day: date
    revision: _Count
    counts: _Counts


_read = msgspec.json.Decoder(_Row).decode


class ShownDay(NamedTuple):
    """What was published last of the products of one day of a shop."""

    platform: str
    shop_id: str
    day: int
    products: dict[str, Shown]


def recover_products(
    values: Iterable[bytes | None], partitions: int, owned: frozenset[int]
) -> dict[int, dict[bytes, ShownDay]]:
    """The newest revisions in `values`: partition of `owned` → key of the shop's day → the day.

    What is none of our rows is passed over: others may write to the topic too.
    """
    found: dict[int, dict[bytes, ShownDay]] = {}
    for value in values:
        try:
            row = _read(value or b"")
            home = home_of(row.platform, row.shop_id, partitions)
            day = (row.day - EPOCH).days
            key = row_key(row.platform, row.shop_id, day)
            row.product_id.encode()
        except (*UNREADABLE, UnicodeEncodeError):
            continue
        if home not in owned or day not in DAYS:
            continue
        of_day = found.setdefault(home, {}).setdefault(
            key, ShownDay(row.platform, row.shop_id, day, {})
        )
        shown = Shown(row.revision, row.counts.due, row.counts.late)
        known = of_day.products.get(row.product_id, shown)
        of_day.products[row.product_id] = max(known, shown)
    return found
