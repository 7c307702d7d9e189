"""What was published of shops' days and of their products, and a crash or a new beginning forgot.

A day that counts nothing has no row in `shop-risk`, a product of which nothing is late none in
`product-risk`. So where an earlier life published one, nobody would correct it. Whoever takes over
a partition reads the rows back, and the days of shops take them over.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from streams.engine.kafka.unreadable import UNREADABLE
from streams.shops.revisions import digest
from streams.shops.risks import CONTENT
from streams.state.shop_days import EPOCH, Shown, row_key
from streams.state.shop_lines import DAYS
from streams.tables.recover_shop_days import home_of

_Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
"""Greater ones are none of ours: there must be a revision after the last one."""


class _Counts(msgspec.Struct, frozen=True):
    due: _Count
    late: _Count


class _Row(msgspec.Struct, frozen=True):
    """A value of `shop-risk`, as far as the day must know it."""

    schema_version: Literal[1]
    platform: str
    shop_id: str
    day: date
    revision: _Count
    profile: str
    counts: dict[str, _Count]
    rates: dict[str, Any]
    lines: list[Any]
    windows: list[Any]


class _ProductRow(msgspec.Struct, frozen=True):
    """A value of `product-risk`, likewise."""

    schema_version: Literal[1]
    platform: str
    shop_id: str
    product_id: str
    day: date
    revision: _Count
    counts: _Counts


_read = msgspec.json.Decoder(_Row).decode
_read_product = msgspec.json.Decoder(_ProductRow).decode


class ShownDay(NamedTuple):
    """What was published last of one day of a shop: revision and digest, and of its products."""

    platform: str
    shop_id: str
    day: int
    products: dict[str, Shown]
    revision: int = 0
    shown: int = 0


ShownDays = dict[int, dict[bytes, ShownDay]]
"""Partition → key of the shop's day → the day."""


def recover_risks(
    days: Iterable[bytes | None],
    products: Iterable[bytes | None],
    partitions: int,
    owned: frozenset[int],
) -> ShownDays:
    """The newest revisions of shops' days that are at home in `owned`, from values of both topics.

    What is none of our rows is passed over: others may write to the topics too.
    """
    found: ShownDays = {}
    for value in days:
        try:
            row = _read(value or b"")
            place = _place(row, partitions, owned)
        except (*UNREADABLE, UnicodeEncodeError):
            continue
        if place is not None:
            of_day = _of_day(found, *place)
            if row.revision > of_day.revision:
                shown = digest({name: getattr(row, name) for name in CONTENT})
                found[place[0]][place[1]] = of_day._replace(revision=row.revision, shown=shown)
    for value in products:
        try:
            product = _read_product(value or b"")
            place = _place(product, partitions, owned)
            product.product_id.encode()
        except (*UNREADABLE, UnicodeEncodeError):
            continue
        if place is not None:
            known = _of_day(found, *place).products
            said = Shown(product.revision, product.counts.due, product.counts.late)
            known[product.product_id] = max(known.get(product.product_id, said), said)
    return found


def _place(
    row: _Row | _ProductRow, partitions: int, owned: frozenset[int]
) -> tuple[int, bytes, ShownDay] | None:
    """The partition and key of a row's day, and the day with nothing known; None: not ours."""
    home = home_of(row.platform, row.shop_id, partitions)
    day = (row.day - EPOCH).days
    key = row_key(row.platform, row.shop_id, day)
    if home not in owned or day not in DAYS:
        return None
    return home, key, ShownDay(row.platform, row.shop_id, day, {})


def _of_day(found: ShownDays, home: int, key: bytes, new: ShownDay) -> ShownDay:
    return found.setdefault(home, {}).setdefault(key, new)
