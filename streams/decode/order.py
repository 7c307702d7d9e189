"""`order-paid`: from a record's bytes to an `OrderVersion`, or why not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from schemas import MAX_VALUE_BYTES, OrderPaid, Refusal, parse, times
from schemas.cleaning import clean, clean_id, is_damaged
from schemas.fields import DAMAGED, MAX_ID_LENGTH
from streams.decode import lenient
from streams.decode.bad import Bad, DoubtfulError
from streams.decode.clock import instant, parse_us
from streams.decode.names import BUILT_IN, Names
from streams.decode.place import place_of, raw_place, recipient_place
from streams.decode.raw import RawItem, RawOrder, Stated
from streams.decode.texts import an_id, shop, short
from streams.decode.tracking import REFUSED
from streams.facts.facts import DELIVERY_METHODS, PRESALES, STATED, STATES, OrderVersion, Place

_EARLIEST_US = times.EARLIEST_US
_MAX_AHEAD_US = times.MAX_AHEAD_US

_OTHER = DELIVERY_METHODS.index("other")
_DELIVERY: dict[str | None, int] = {name: code for code, name in enumerate(DELIVERY_METHODS)}
_DELIVERY[None] = 0
_PRESALE: dict[str | None, int] = {name: code for code, name in enumerate(PRESALES)}
_CLOSED: dict[str | None, bool] = {None: False, "paid": False, "closed": True}
_NAMED = {"closed": "state", "paid_estimated": "paid_at_quality"}
"""What a version states, where the message calls it otherwise."""
_BITS = tuple((_NAMED.get(name, name), STATES[name]) for name in STATED)
_NO_ITEM = RawItem()

_read = msgspec.json.Decoder(RawOrder).decode
_read_stated = msgspec.json.Decoder(Stated).decode
_write = msgspec.json.Encoder().encode


class _Times(NamedTuple):
    """The times of a version in µs; None: absent, or no time at all."""

    paid_at: int | None
    updated_at: int | None
    final_paid_at: int | None
    promised_ship_by: int | None
    refund_requested_at: int | None
    promised_delivery_by: int | None


class _Places(NamedTuple):
    """What the places of a version mean."""

    recipient: Place | None
    ship_from: Place | None
    via: Place | None


def decode_order(
    raw: bytes | None,
    key: bytes | None,
    arrival_us: int,
    timestamp_us: int,
    partition: int = -1,
    offset: int = -1,
    max_value_bytes: int = MAX_VALUE_BYTES,
    names: Names = BUILT_IN,
) -> OrderVersion | Bad:
    """Return the order version in one record, or why there is none.

    A record without a value is a tombstone: a partial version that states `closed` alone, of the
    order its key names, as of the record's Kafka timestamp `timestamp_us`. `arrival_us` is the
    moment of reading; both are microseconds since the epoch. `partition` and `offset` are copied
    into the version.
    """
    if raw is None:
        return _tombstone(key, arrival_us, timestamp_us, partition, offset)
    if len(raw) > max_value_bytes:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)
    try:
        message = (lenient.open_orders and lenient.order(raw)) or _read(raw)
    except REFUSED:
        doubtful = lenient.order(raw)
        if doubtful is None:
            return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)
        message = doubtful
    try:
        stated = _stated(raw) if message.partial else 0
        moments = _moments(message, arrival_us + _MAX_AHEAD_US)
        _look(message, moments, stated)
        return _version(message, moments, _clean(message), stated, names, partition, offset)
    except DoubtfulError:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)


def by_contract(
    raw: bytes | None,
    arrival_us: int,
    partition: int = -1,
    offset: int = -1,
    max_value_bytes: int = MAX_VALUE_BYTES,
    names: Names = BUILT_IN,
) -> OrderVersion | Bad:
    """Return what the contract's own model says of the record: slower, and final."""
    verdict = parse(OrderPaid, raw, arrival_us, max_value_bytes)
    if isinstance(verdict, Refusal):
        return Bad(*verdict)
    model, sent = verdict
    said = model.model_fields_set
    stated = sum(bit for name, bit in _BITS if name in said) if model.partial else 0
    recipient, to = place_of(raw_place(model.recipient))
    ship_from, origin = place_of(raw_place(model.ship_from))
    via, over = place_of(raw_place(model.via))
    message = RawOrder(
        amount_paid=model.amount_paid,
        closed_reason=model.closed_reason,
        currency=model.currency,
        delivery_method=model.delivery_method,
        items=None if model.items is None else _items(RawItem(**dict(i)) for i in model.items),
        order_id=model.order_id,
        paid_at_quality=model.paid_at_quality,
        parcels_expected=model.parcels_expected,
        partial=model.partial,
        platform=model.platform,
        presale=model.presale,
        recipient=recipient,
        schema_version=sent.get("schema_version"),
        ship_from=ship_from,
        shop_id=model.shop_id,
        state=model.state,
        via=via,
    )
    moments = _Times(
        _us(model.paid_at),
        _us(model.updated_at),
        _us(model.final_paid_at),
        _us(model.promised_ship_by),
        _us(model.refund_requested_at),
        _us(model.promised_delivery_by),
    )
    return _version(message, moments, _Places(to, origin, over), stated, names, partition, offset)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else times.to_us(moment)


def _stated(raw: bytes) -> int:
    """The bits of what a partial version says, null or not."""
    said = _read_stated(raw)
    return sum(bit for name, bit in _BITS if getattr(said, name) is not msgspec.UNSET)


def _moments(message: RawOrder, latest: int) -> _Times:
    """The times of a message; raises DoubtfulError where one can't be read."""
    return _Times(
        _moment(message.paid_at, latest),
        _moment(message.updated_at, latest),
        _moment(message.final_paid_at, latest),
        _moment(message.promised_ship_by, None),
        _moment(message.refund_requested_at, latest),
        _moment(message.promised_delivery_by, None),
    )


def _moment(text: str | None, latest: int | None) -> int | None:
    if text is None:
        return None
    moment = parse_us(text)
    if moment is None:
        raise DoubtfulError
    if moment < _EARLIEST_US or (latest is not None and moment > latest):
        return None
    return moment


def _look(message: RawOrder, moments: _Times, stated: int) -> None:
    """That what is needed is there; raises DoubtfulError where the contract has to say so."""
    if message.state not in _CLOSED:
        raise DoubtfulError
    if not message.partial:
        if moments.paid_at is None or message.shop_id is None or message.platform is None:
            raise DoubtfulError
    elif (
        moments.updated_at is None
        or (moments.paid_at is None and stated & STATES["paid_at"])
        or (message.shop_id is None and stated & STATES["shop_id"])
        or (message.platform is None and stated & STATES["platform"])
    ):
        raise DoubtfulError


def _clean(message: RawOrder) -> _Places:
    """Clean the strings of a message; raises DoubtfulError where the contract has to judge one."""
    message.order_id = an_id(message.order_id)
    if message.shop_id is not None:
        message.shop_id = shop(message.shop_id)
    if message.platform is not None:
        message.platform = short(message.platform)
    if message.currency is not None:
        message.currency = short(message.currency)
    if message.delivery_method is not None:
        message.delivery_method = short(message.delivery_method)
    if message.presale is not None:
        message.presale = short(message.presale)
    if message.paid_at_quality is not None:
        message.paid_at_quality = short(message.paid_at_quality)
    if message.closed_reason is not None:
        message.closed_reason = clean(message.closed_reason)
    if message.items is not None:
        message.items = _items(map(_clean_item, message.items))
    message.recipient, recipient = recipient_place(message.recipient)
    message.ship_from, ship_from = recipient_place(message.ship_from)
    message.via, via = recipient_place(message.via)
    return _Places(recipient, ship_from, via)


def _clean_item(item: RawItem | None) -> RawItem:
    if item is None:
        raise DoubtfulError
    product_id, sku_id = item.product_id, item.sku_id
    product = None if product_id is None else short(product_id)
    sku = None if sku_id is None else short(sku_id)
    if product is product_id and sku is sku_id:
        return item
    return RawItem(product, item.quantity, sku)


def _items(items: Iterable[RawItem]) -> tuple[RawItem | None, ...]:
    """Lines of an order as canonical JSON has them: one of nulls is null."""
    return tuple([None if item == _NO_ITEM else item for item in items])


def _version(
    message: RawOrder,
    moments: _Times,
    places: _Places,
    stated: int,
    names: Names,
    partition: int,
    offset: int,
) -> OrderVersion:
    """Make the version of a message that is clean."""
    paid_at, updated_at, final_paid_at, promised_ship_by, refund, delivery_by = moments
    message.paid_at = None if paid_at is None else instant(paid_at)
    message.updated_at = None if updated_at is None else instant(updated_at)
    message.final_paid_at = None if final_paid_at is None else instant(final_paid_at)
    message.promised_ship_by = None if promised_ship_by is None else instant(promised_ship_by)
    message.refund_requested_at = None if refund is None else instant(refund)
    message.promised_delivery_by = None if delivery_by is None else instant(delivery_by)
    message.received_at = msgspec.UNSET
    items = message.items or ()
    return OrderVersion(
        message.order_id,
        (paid_at or 0) if updated_at is None else updated_at,
        _write(message).decode(),
        True,
        "" if message.platform is None else names.platform_of(message.platform),
        message.shop_id,
        paid_at or 0,
        final_paid_at,
        promised_ship_by,
        _DELIVERY.get(message.delivery_method, _OTHER),
        _PRESALE.get(message.presale, 0),
        _CLOSED[message.state],
        places.recipient,
        places.ship_from,
        message.amount_paid,
        message.currency or None,
        tuple(
            [
                (i.product_id or None, i.sku_id or None, i.quantity)
                if i is not None
                else (None, None, None)
                for i in items
            ]
        ),
        partition,
        offset,
        message.partial is True,
        stated,
        places.via,
        refund,
        delivery_by,
        message.parcels_expected,
        message.paid_at_quality == "estimated",
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
    order_id = clean_id(order_id)
    if not order_id:
        return Bad("empty_value", "key", "key is empty: the order id is needed")
    if is_damaged(order_id):
        return Bad("damaged_id", "key", f"key {DAMAGED}")
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
    message = RawOrder(
        order_id=order_id, partial=True, state="closed", updated_at=instant(timestamp_us)
    )
    message.received_at = msgspec.UNSET
    return OrderVersion(
        order_id,
        timestamp_us,
        _write(message).decode(),
        known=False,
        closed=True,
        partition=partition,
        offset=offset,
        partial=True,
        stated=STATES["closed"],
    )
