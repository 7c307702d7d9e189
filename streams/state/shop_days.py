"""One shop and day: how many orders are in which state, and what was last published of it.

Counts, not members: an order remembers what it contributed and sends what changes, and every change
is added once, for a row knows the offset of the last one that it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import zip_longest
from typing import NamedTuple

import msgspec

from streams.facts.times import STATE_KEPT
from streams.state.contributions import Delta
from streams.state.shop_lines import ALWAYS, Meter

MOST_PRODUCTS = 20_000
"""Products of one shop and day; of others beyond that nothing is counted."""

LONGEST_NAMES = 128 * MOST_PRODUCTS
"""Bytes of all product ids of one shop and day: a row must fit into one record."""

KEPT = STATE_KEPT
"""How long after a day its counts may change (µs): as long as an order lives without news."""

SAID = 1
"""A revision that stands for one that a crash may have made the row forget. What counted once may
have been published, so it is published again also where nothing is left of it."""

EPOCH = date(1970, 1, 1)


class ProductCounts(msgspec.Struct, gc=False, array_like=True):
    """Orders of one product that are due on the day, late ones, and what was last published."""

    due: int = 0
    late: int = 0
    shown: tuple[int, int] = (0, 0)
    revision: int = 0


class ShopDay(msgspec.Struct, gc=False, array_like=True):
    """The counts of one shop on one of its days (days since 1970-01-01).

    `applied` is the offset of the last message that is counted here, in the topic that `log` stands
    for (0: not known, as in rows of release 0.1.0). From `ends_at` (µs) on nothing is counted any
    more: the row is forgotten, or kept for later days whose lines look back to it.
    `shown` is a digest of what was last published, `crossed` the lines that were crossed when it
    was last looked at, on that day or later. `named` are the bytes of its product ids.
    """

    platform: str
    shop_id: str
    day: int
    ends_at: int
    applied: int = -1
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * ALWAYS)
    products: dict[str, ProductCounts] = {}
    revision: int = 0
    shown: int = 0
    crossed: tuple[str, ...] = ()
    due: int = 0
    named: int = 0
    log: int = 0


class Shown(NamedTuple):
    """What was published last of a product's day."""

    revision: int
    due: int
    late: int


class Change(NamedTuple):
    """What a message says of a day, and its offset in the topic that `log` stands for."""

    offset: int
    delta: Delta
    log: int = 0


def new_row(platform: str, shop_id: str, day: int, meter: Meter) -> ShopDay:
    """The row of a day of which nothing is known yet; it wants nothing but its end."""
    ends_at = meter.midnight(day + 1) + KEPT
    return ShopDay(platform, shop_id, day, ends_at, due=ends_at)


def add(row: ShopDay, changes: Iterable[Change]) -> tuple[bool, int]:
    """Count what is not counted yet, in order of offsets.

    Whether there was anything, and how often a product found no room. A topic that was made anew
    has the same offsets for other messages: none of these is counted yet.
    """
    changed = False
    refused = 0
    before, of = row.applied, row.log
    for offset, delta, log in changes:
        if offset <= before and (log == of or not (log and of)):
            continue
        changed = True
        row.applied, row.log = offset, log or of
        row.counts = [a + b for a, b in zip_longest(row.counts, delta.counts, fillvalue=0)]
        if not row.revision and max(delta.counts) > 0:
            row.revision = SAID
        products = row.products
        for name, (due, late) in delta.products.items():
            known = products.get(name)
            if known is None:
                # What never found a room here has nothing to leave either.
                known = _new_product(row, name) if due > 0 else None
                if known is None:
                    refused += due > 0
                    continue
            known.due += due
            known.late += late
            if late > 0 and not known.revision:
                known.revision = SAID
    return changed, refused


def take_over_shown(row: ShopDay, shown: Mapping[str, Shown]) -> bool:
    """Let a row know what was published later than it knows, by product; whether there was any."""
    news = False
    for name, published in shown.items():
        known = row.products.get(name) or _new_product(row, name)
        if known is not None and known.revision < published.revision:
            known.revision, known.shown = published.revision, (published.due, published.late)
            news = True
    return news


def _new_product(row: ShopDay, name: str) -> ProductCounts | None:
    """A product that the row does not know yet; None: there is no room for it."""
    named = row.named + len(name.encode())
    if len(row.products) >= MOST_PRODUCTS or named > LONGEST_NAMES:
        return None
    row.named = named
    row.products[name] = ProductCounts()
    return row.products[name]


def shop_key(platform: str, shop_id: str) -> bytes:
    """What the partition of a shop's days follows from."""
    return f"{_plain(platform)}|{_plain(shop_id)}".encode()


def row_key(platform: str, shop_id: str, day: int) -> bytes:
    """The key of one day of a shop: platform|shop|day."""
    return f"{_plain(platform)}|{_plain(shop_id)}|{day_text(day)}".encode()


def product_key(platform: str, shop_id: str, product_id: str, day: int) -> bytes:
    """The key of one day of a product: platform|shop|product|day."""
    names = _plain(platform), _plain(shop_id), _plain(product_id)
    return "|".join((*names, day_text(day))).encode()


def product_row_key(platform: str, shop_id: str, product_id: str) -> bytes:
    """The key of a product's stock: platform|shop|product."""
    return "|".join(map(_plain, (platform, shop_id, product_id))).encode()


def day_text(day: int) -> str:
    """A day as ISO 8601 writes it."""
    return (EPOCH + timedelta(days=day)).isoformat()


def _plain(name: str) -> str:
    """A name without the character that parts a key."""
    return name.replace("%", "%25").replace("|", "%7C") if "|" in name or "%" in name else name
