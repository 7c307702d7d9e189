"""Rows of a table that are one order: equal in all but their items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from streams.inputs.arrivals import Line

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def merged(lines: Iterator[Line], differing: Callable[[str], None]) -> Iterator[Line]:
    """The lines of a table of orders, those of one order put together with all their items.

    Rows of one order and one time arrive together. The first gives its number to all; an item that
    is there already is a repeat. `differing` hears the id of an order whose rows of one time differ
    in more than their items: these stay versions, of which one counts.
    """
    for _, group in groupby(lines, attrgetter("arrival")):
        same = list(group)
        if len(same) == 1:
            yield same[0]
        else:
            yield from _put_together(same, differing)


def _put_together(lines: list[Line], differing: Callable[[str], None]) -> Iterator[Line]:
    orders: dict[bytes, tuple[Line, dict[str, Any], list[Any]]] = {}
    rests: dict[Any, bytes] = {}
    for line in lines:
        sent = _decode(line.raw)
        items = sent.pop("items", None)
        rest = _encode(sent)
        if not isinstance(items, list):
            items = []
        known = orders.setdefault(rest, (line, sent, []))
        known[2].extend(item for item in items if item not in known[2])
        order_id = sent.get("order_id")
        if order_id is not None and rests.setdefault(order_id, rest) != rest:
            differing(order_id)
    for line, sent, items in orders.values():
        if len(items) < 2:
            yield line
        else:
            yield line._replace(raw=_encode({**sent, "items": items}))
