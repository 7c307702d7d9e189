"""The second look at a message: unknown fields dropped, integer ids made text.

Slower than the first look, several times faster than the contract's models; what it leaves over
goes to them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from streams.decode.raw import (
    OpenOrder,
    OpenTracking,
    RawItem,
    RawNext,
    RawOrder,
    RawPlace,
    RawTracking,
)

_T = TypeVar("_T")

_OPENINGS = 150
"""So many brackets cannot nest deeper than the contract's parser allows (200)."""

_SHORT = 4096
"""So few bytes hold no integer of more digits than the contract's parser allows (4300)."""

open_tracking = open_orders = False
"""Whether messages with fields that are not the contract's have come. Feeds keep their shape, and
a failed first look costs more than this one, so from then on this look is the first. It changes
the cost of a message, never its meaning."""

_PLACE_CODES = ("region_code", "postal_code", "address_key", "person_key")
_read = msgspec.json.Decoder().decode
_read_tracking = msgspec.json.Decoder(OpenTracking).decode
_read_order = msgspec.json.Decoder(OpenOrder).decode


def tracking(raw: bytes | None) -> RawTracking | None:
    """Return the message, or None where the contract has to judge it."""
    global open_tracking
    if raw is None:
        return None
    if _skippable(raw):
        with suppress(msgspec.MsgspecError):
            opened = _read_tracking(raw)
            open_tracking = True
            return opened
    sent = _object(raw)
    if sent is None:
        return None
    message = _known(sent, _TRACKING, ("tracking_number", "shop_id", "raw_status"))
    _inner(message, "location", _PLACE, _PLACE_CODES)
    _inner(message, "recipient", _PLACE, _PLACE_CODES)
    _inner(message, "next", _NEXT, ("tracking_number",))
    ids = message.get("order_ids")
    if type(ids) is list:
        message["order_ids"] = [str(one) if type(one) is int else one for one in ids]
    return _convert(message, RawTracking)


def order(raw: bytes) -> RawOrder | None:
    """Return the message, or None where the contract has to judge it."""
    global open_orders
    if _skippable(raw):
        with suppress(msgspec.MsgspecError):
            opened = _read_order(raw)
            open_orders = True
            return opened
    sent = _object(raw)
    if sent is None:
        return None
    message = _known(sent, _ORDER, ("order_id", "shop_id"))
    for name in ("recipient", "via", "ship_from"):
        _inner(message, name, _PLACE, _PLACE_CODES)
    items = message.get("items")
    if type(items) is list:
        message["items"] = [
            _known(item, _ITEM, ("product_id", "sku_id")) if type(item) is dict else item
            for item in items
        ]
    return _convert(message, RawOrder)


def _skippable(raw: bytes) -> bool:
    """Say whether unknown fields may go unread: msgspec checks neither their text nor depth."""
    if len(raw) > _SHORT or raw.count(b"{") + raw.count(b"[") > _OPENINGS:
        return False
    try:
        str(raw, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _object(raw: bytes) -> dict[str, Any] | None:
    if raw.count(b"{") + raw.count(b"[") > _OPENINGS:
        return None
    try:
        sent = _read(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return sent if type(sent) is dict else None


def _known(sent: dict[str, Any], fields: frozenset[str], ids: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: value for name, value in sent.items() if name in fields}
    for name in ids:
        if type(kept.get(name)) is int:
            kept[name] = str(kept[name])
    return kept


def _inner(
    message: dict[str, Any], name: str, fields: frozenset[str], ids: tuple[str, ...]
) -> None:
    sent = message.get(name)
    if type(sent) is dict:
        message[name] = _known(sent, fields, ids)


def _convert(message: dict[str, Any], kind: type[_T]) -> _T | None:
    try:
        return msgspec.convert(message, kind)
    except msgspec.ValidationError:
        return None


def _fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(kind.__struct_fields__) - {"received_at"}


_TRACKING = _fields(RawTracking)
_ORDER = _fields(RawOrder)
_PLACE = _fields(RawPlace)
_NEXT = _fields(RawNext)
_ITEM = _fields(RawItem)
