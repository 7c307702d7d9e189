"""The stock of a product: its newest level, and what orders are still to be sent of it.

A product that sells well has tens of thousands of orders at a time, so they are kept in PARTS
parts, each a row of its own, by a hash of their ids. The first part holds the level too, and how
many pieces the others come to. Orders say whole what they are owed, and the last word stands: so a
message that is read again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from streams.facts.facts import LATEST, OwedFacts, StockFact
from streams.facts.times import DAY, RETENTION, STATE_KEPT
from streams.state.parcels import Outcome

PARTS = 16

MOST_ORDERS = 5_000
"""Orders of one part; of others beyond that nothing is counted."""

LONGEST_IDS = 128 * MOST_ORDERS
"""Bytes of all order ids of one part: a row must fit into one record."""

OWED_KEPT = 500 * DAY
"""How long orders are counted of which nothing more is heard (µs): longer than any is kept. Only
what a loss of states left behind is ever found so old."""

MOST_SHORT = 10
"""Orders that are named of those for which the stock does not reach."""

Product = tuple[str, str, str]
"""(platform, shop id, product id)."""

Part = tuple[str, str, str, int]
"""A product's part; 0 is the first."""

Pieces = tuple[int, int, int | None]
"""What one order is owed: pieces, its first payment, its ship-by time (µs; None: it has none)."""


class Stock(msgspec.Struct, gc=False, array_like=True):
    """One part of a product's stock; `owed` has what is owed by order id.

    Of the first part alone: `level` is (when it was counted in µs, pieces), None where none was
    ever sent, `parts` how many pieces the other parts come to; `revision`, `shown` (a digest) and
    `short_by` are what was last published, `touched` when anything of the product last changed.
    `named` are the bytes of the part's order ids.
    """

    platform: str
    shop_id: str
    product_id: str
    part: int = 0
    owed: dict[str, Pieces] = {}
    level: tuple[int, int] | None = None
    parts: dict[int, int] = {}
    revision: int = 0
    shown: int = 0
    short_by: int = 0
    touched: int = 0
    due: int = 0
    named: int = 0


class ShortOrder(NamedTuple):
    """An order for which the stock does not reach, the pieces it is owed, and its promise (µs)."""

    order_id: str
    pieces: int
    promise: int | None


class Shortage(NamedTuple):
    """Pieces that are lacking, since when (µs), and the first orders that will break promises."""

    short_by: int
    since: int | None
    orders: tuple[ShortOrder, ...]


def hear_level(row: Stock, levels: Iterable[StockFact]) -> Outcome:
    """Take over the newest of levels, of equal times the smaller; how many were new, and how many
    too old to count."""
    new = late = 0
    for fact in levels:
        known = row.level
        if known is not None and fact.at < known[0] - RETENTION:
            late += 1
        elif known is None or (fact.at, -fact.available) > (known[0], -known[1]):
            row.level = fact.at, fact.available
            new += 1
    return Outcome(new, late)


def hear_owed(row: Stock, words: Sequence[OwedFacts | None]) -> tuple[bool, tuple[int, ...]]:
    """Take over what orders are owed; whether that was news, and the positions of those for which
    there is no room. None says nothing."""
    changed = False
    refused: tuple[int, ...] = ()
    for number, facts in enumerate(words):
        if facts is None:
            continue
        order_id = facts.order_id
        known = row.owed.get(order_id)
        if not facts.pieces:
            if known is not None:
                del row.owed[order_id]
                row.named -= len(order_id.encode())
                changed = True
            continue
        if known is None:
            named = row.named + len(order_id.encode())
            if len(row.owed) >= MOST_ORDERS or named > LONGEST_IDS:
                refused += (number,)
                continue
            row.named = named
        news = facts.pieces, facts.paid_at, facts.promise
        if known != news:
            row.owed[order_id] = news
            changed = True
    return changed, refused


def add_up(first: Stock, part: Stock) -> None:
    """Let the first part of a product know what another one comes to."""
    if not part.part:
        return
    pieces = pieces_of(part)
    if pieces:
        first.parts[part.part] = pieces
    else:
        first.parts.pop(part.part, None)


def pieces_of(row: Stock) -> int:
    """The pieces that the orders of one part are owed."""
    return sum(owed[0] for owed in row.owed.values())


def unshipped(first: Stock) -> int:
    """The pieces that all orders of a product are owed, by its first part."""
    return pieces_of(first) + sum(first.parts.values())


def is_empty(row: Stock) -> bool:
    """Whether nothing is known of a part, nor of those that it stands for."""
    return not row.owed and not row.parts and row.level is None


def is_short(first: Stock) -> bool:
    """Whether the level lacks pieces, by a product's first part."""
    return first.level is not None and unshipped(first) > first.level[1]


def ends_at(row: Stock) -> int:
    """When a part is forgotten (µs): the first with all others, once it has no news."""
    if row.part:
        return LATEST
    return row.touched + (OWED_KEPT if row.owed or row.parts else STATE_KEPT)


def shortage(level: tuple[int, int], owed: Iterable[tuple[str, Pieces]]) -> Shortage:
    """What a level lacks of what orders are owed.

    It lacks since the level was counted, or since the payment after it with which the orders, as
    they were paid, came to more than there is. Who keeps the earliest promises first breaks those
    of the orders that are left when the stock ends: these are named.
    """
    at, available = level
    orders = list(owed)
    short_by = sum(pieces for _, (pieces, _, _) in orders) - available
    if short_by <= 0:
        return Shortage(0, None, ())
    since = at
    left = available
    for paid_at, pieces in sorted((paid_at, pieces) for _, (pieces, paid_at, _) in orders):
        if left < 0:
            break
        left -= pieces
        since = max(at, paid_at)
    named = []
    left = available
    for order_id, (pieces, _, promise) in sorted(orders, key=_by_promise):
        left -= pieces
        if left < 0:
            named.append(ShortOrder(order_id, pieces, promise))
            if len(named) == MOST_SHORT:
                break
    return Shortage(short_by, since, tuple(named))


def _by_promise(order: tuple[str, Pieces]) -> tuple[int, int, str]:
    order_id, (_, paid_at, promise) = order
    return LATEST << 1 if promise is None else promise, paid_at, order_id


def part_of(order_id: str) -> int:
    """The part that keeps what an order is owed."""
    return blake2b(order_id.encode(), digest_size=1).digest()[0] % PARTS


def stock_key(platform: str, shop_id: str, product_id: str) -> bytes:
    """The key of a product, and of its first part: platform:shop:product."""
    return ":".join(map(_plain, (platform, shop_id, product_id))).encode()


def part_key(name: Part) -> bytes:
    """The key of a part of a product: platform:shop:product, and its number if it is not the
    first."""
    *product, part = name
    key = ":".join(map(_plain, product))
    return (f"{key}:{part}" if part else key).encode()


def product_of(key: bytes) -> bytes:
    """The key of the product that a key of a part is of: all parts are where the product is."""
    return b":".join(key.split(b":", 3)[:3])


def _plain(name: str) -> str:
    """A name without the character that parts a key."""
    return name.replace("%", "%25").replace(":", "%3A") if ":" in name or "%" in name else name
