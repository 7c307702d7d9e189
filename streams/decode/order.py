"""`order-paid`: from a record's bytes to an `OrderVersion`, or why not."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas import MAX_VALUE_BYTES, OrderPaid, Refusal, parse, times
from schemas.fields import MAX_ID_LENGTH
from streams.decode import lenient
from streams.decode.bad import Bad
from streams.decode.clock import parse_us
from streams.decode.place import recipient_place
from streams.decode.raw import CanonicalOrder, RawItem, RawOrder, RawRecipient
from streams.decode.tracking import REFUSED
from streams.facts.facts import DELIVERY_METHODS, PRESALES, OrderVersion

_EARLIEST_US = times.EARLIEST_US
_MAX_AHEAD_US = times.MAX_AHEAD_US

_DELIVERY: dict[str | None, int] = {name: code for code, name in enumerate(DELIVERY_METHODS)}
_DELIVERY[None] = 0
_PRESALE: dict[str | None, int] = {name: code for code, name in enumerate(PRESALES)}
_PRESALE[None] = 0
_CLOSED: dict[str | None, bool] = {None: False, "paid": False, "closed": True}

_read = msgspec.json.Decoder(RawOrder).decode
_write = msgspec.json.Encoder().encode


def decode_order(
    raw: bytes | None,
    key: bytes | None,
    arrival_us: int,
    timestamp_us: int,
    partition: int = -1,
    offset: int = -1,
    max_value_bytes: int = MAX_VALUE_BYTES,
) -> OrderVersion | Bad:
    """Return the order version in one record, or why there is none.

    A record without a value is a tombstone: a closed version of the order its key names, as of
    the record's Kafka timestamp `timestamp_us`. `arrival_us` is the moment of reading; both are
    microseconds since the epoch. `partition` and `offset` are copied into the version.
    """
    if raw is None:
        return _tombstone(key, arrival_us, timestamp_us, partition, offset)
    if len(raw) > max_value_bytes:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
    try:
        message = (lenient.open_orders and lenient.order(raw)) or _read(raw)
    except REFUSED:
        doubtful = lenient.order(raw)
        if doubtful is None:
            return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
        message = doubtful
    latest = arrival_us + _MAX_AHEAD_US
    paid_at = parse_us(message.paid_at)
    if paid_at is None or paid_at < _EARLIEST_US or paid_at > latest:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
    other: list[int | None] = []
    for text in (message.updated_at, message.final_paid_at, message.promised_ship_by):
        if text is None:
            other.append(None)
            continue
        moment = parse_us(text)
        if moment is None or moment < _EARLIEST_US:
            return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
        other.append(moment)
    updated_at, final_paid_at, promise = other
    if (updated_at or 0) > latest or (final_paid_at or 0) > latest:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
    version = _version(message, paid_at, updated_at, final_paid_at, promise, partition, offset)
    if version is None:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
    return version


def by_contract(
    raw: bytes | None,
    arrival_us: int,
    partition: int = -1,
    offset: int = -1,
    max_value_bytes: int = MAX_VALUE_BYTES,
) -> OrderVersion | Bad:
    """Return what the contract's own model says of the record: slower, and final."""
    verdict = parse(OrderPaid, raw, arrival_us, max_value_bytes)
    if isinstance(verdict, Refusal):
        return Bad(*verdict)
    model, sent = verdict
    to, origin, items = model.recipient, model.ship_from, model.items
    message = RawOrder(
        order_id=model.order_id,
        paid_at=sent["paid_at"],
        platform=model.platform,
        shop_id=model.shop_id,
        amount_paid=model.amount_paid,
        closed_reason=model.closed_reason,
        currency=model.currency,
        delivery_method=model.delivery_method,
        final_paid_at=sent.get("final_paid_at"),
        items=None if items is None else tuple(RawItem(**item.model_dump()) for item in items),
        presale=model.presale,
        promised_ship_by=sent.get("promised_ship_by"),
        recipient=None if to is None else RawRecipient(**to.model_dump()),
        schema_version=sent.get("schema_version"),
        ship_from=None if origin is None else RawRecipient(**origin.model_dump()),
        state=model.state,
        updated_at=sent.get("updated_at"),
    )
    version = _version(
        message,
        times.to_us(model.paid_at),
        _us(model.updated_at),
        _us(model.final_paid_at),
        _us(model.promised_ship_by),
        partition,
        offset,
    )
    if version is None:
        return Bad("wrong_type", None, "the message is no order")
    return version


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else times.to_us(moment)


def _version(
    message: RawOrder,
    paid_at: int,
    updated_at: int | None,
    final_paid_at: int | None,
    promised_ship_by: int | None,
    partition: int,
    offset: int,
) -> OrderVersion | None:
    """Make the version, or return None where a value needs the contract's verdict."""
    delivery = _DELIVERY.get(message.delivery_method)
    presale = _PRESALE.get(message.presale)
    closed = _CLOSED.get(message.state)
    order_id, items = message.order_id, message.items or ()
    if delivery is None or presale is None or closed is None or not order_id.strip():
        return None
    for item in items:
        for name in (item.product_id, item.sku_id):
            if name is not None and not name.strip():
                return None
    to, origin = message.recipient, message.ship_from
    canonical = CanonicalOrder(
        message.amount_paid,
        message.closed_reason,
        message.currency,
        message.delivery_method,
        message.final_paid_at,
        message.items,
        order_id,
        message.paid_at,
        message.platform,
        message.presale,
        message.promised_ship_by,
        to,
        message.schema_version,
        origin,
        message.shop_id,
        message.state,
        message.updated_at,
    )
    return OrderVersion(
        order_id,
        paid_at if updated_at is None else updated_at,
        _write(canonical).decode(),
        True,
        message.platform,
        message.shop_id,
        paid_at,
        final_paid_at,
        promised_ship_by,
        delivery,
        presale,
        closed,
        None if to is None else recipient_place(to),
        None if origin is None else recipient_place(origin),
        message.amount_paid,
        message.currency,
        tuple((item.product_id, item.sku_id, item.quantity) for item in items),
        partition,
        offset,
    )


def _tombstone(
    key: bytes | None, arrival_us: int, timestamp_us: int, partition: int, offset: int
) -> OrderVersion | Bad:
    if not key:
        return Bad("null_value", None, "the record has neither a value nor a key to close")
    try:
        order_id = key.decode("utf-8")
    except UnicodeDecodeError as error:
        return Bad("invalid_utf8", "key", f"key is not UTF-8 (byte {error.start})")
    if not order_id.strip():
        return Bad("empty_value", "key", "key is empty: the order id is needed")
    if len(order_id) > MAX_ID_LENGTH:
        return Bad("too_large", "key", f"key is longer than {MAX_ID_LENGTH} characters")
    if timestamp_us < _EARLIEST_US:
        return Bad(
            "implausible_time",
            "timestamp",
            "timestamp of the record lies before 2015-01-01, so when it closed is not known",
        )
    if timestamp_us > arrival_us + _MAX_AHEAD_US:
        return Bad(
            "time_in_future",
            "timestamp",
            "timestamp of the record lies more than 24 h after its arrival",
        )
    return OrderVersion(
        order_id,
        timestamp_us,
        "",
        known=False,
        closed=True,
        partition=partition,
        offset=offset,
    )
