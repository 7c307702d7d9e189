"""`order-paid`: from a record's bytes to an `OrderVersion`, or why not."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas import MAX_VALUE_BYTES, OrderPaid, Refusal, parse, times
from schemas.cleaning import clean, clean_id, is_damaged
from schemas.fields import DAMAGED, MAX_ID_LENGTH
from streams.decode import lenient
from streams.decode.bad import Bad, DoubtfulError
from streams.decode.clock import instant, parse_instant
from streams.decode.names import BUILT_IN, Names
from streams.decode.place import kept_place, place_of, plain_key, raw_place, recipient_place
from streams.decode.raw import RawItem, RawOrder, Stated
from streams.decode.texts import an_id, shop, shops, short, texts
from streams.decode.tracking import REFUSED
from streams.facts import kept
from streams.facts.facts import DELIVERY_METHODS, PRESALES, STATED, STATED_BITS, OrderVersion, Place

_MAX_AHEAD_US = times.MAX_AHEAD_US

_OTHER = DELIVERY_METHODS.index("other")
_DELIVERY: dict[str | None, int] = {name: code for code, name in enumerate(DELIVERY_METHODS)}
_DELIVERY[None] = 0
_PRESALE: dict[str | None, int] = {name: code for code, name in enumerate(PRESALES)}
_PRESALE[None] = 0
_CLOSED: dict[str | None, bool] = {None: False, "paid": False, "closed": True}
_NAMED = {"closed": "state", "paid_estimated": "paid_at_quality"}
"""What a version states, where the message calls it otherwise."""
_BITS = tuple((_NAMED.get(name, name), STATED_BITS[name]) for name in STATED)
_NO_ITEM = RawItem()
_NEVER = 1 << 62
_MAX_LINES = 50_000

_read = msgspec.json.Decoder(RawOrder).decode
_read_stated = msgspec.json.Decoder(Stated).decode
_write = msgspec.json.Encoder().encode


_Moments = tuple[int | None, int | None, int | None, int | None, int | None, int | None]
"""First payment, update, last payment, ship-by, refund asked for, delivery-by, in µs."""
_Places = tuple[Place | None, Place | None, Place | None]
"""What recipient, sender and warehouse mean."""
_Item = tuple[str | None, str | None, int | None]


_Lines = tuple[tuple[RawItem | None, ...], tuple[_Item, ...]]
"""Lines of an order: as canonical JSON has them, one of nulls as null, and as the version does."""
_lines: dict[tuple[RawItem | None, ...], _Lines] = {}
"""Lines of orders seen lately, as sent."""


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
        moments = _instants(message, arrival_us + _MAX_AHEAD_US)
        stated = _stated(raw, message) if message.partial else 0
        if not message.partial and (
            message.paid_at is None or message.shop_id is None or message.platform is None
        ):
            raise DoubtfulError
        platform, places, items = _clean(message, names)
    except DoubtfulError:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)
    return _version(message, moments, stated, platform, places, items, partition, offset, names)


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
    recipient, to = place_of(raw_place(model.recipient))
    ship_from, origin = place_of(raw_place(model.ship_from))
    via, over = place_of(raw_place(model.via))
    lines, items = _lines_of([RawItem(**dict(item)) for item in model.items or ()])
    moments: list[int | None] = []
    instants: list[str | None] = []
    for moment in (
        model.paid_at,
        model.updated_at,
        model.final_paid_at,
        model.promised_ship_by,
        model.refund_requested_at,
        model.promised_delivery_by,
    ):
        us = None if moment is None else times.to_us(moment)
        moments.append(us)
        instants.append(None if us is None else instant(us))
    message = RawOrder(
        amount_goods=model.amount_goods,
        amount_paid=model.amount_paid,
        closed_reason=model.closed_reason,
        currency=model.currency,
        delivery_method=model.delivery_method,
        final_paid_at=instants[2],
        items=None if model.items is None else lines,
        order_id=model.order_id,
        paid_at=instants[0],
        paid_at_quality=model.paid_at_quality,
        parcels_expected=model.parcels_expected,
        partial=model.partial,
        platform=model.platform,
        presale=model.presale,
        promised_delivery_by=instants[5],
        promised_ship_by=instants[3],
        recipient=recipient,
        refund_requested_at=instants[4],
        schema_version=sent.get("schema_version"),
        ship_from=ship_from,
        shop_id=model.shop_id,
        state=model.state,
        updated_at=instants[1],
        via=via,
    )
    return _version(
        message,
        moments,
        sum(bit for name, bit in _BITS if name in said) if model.partial else 0,
        "" if model.platform is None else names.platform_of(model.platform),
        (to, origin, over),
        items,
        partition,
        offset,
        names,
    )


def _instants(message: RawOrder, latest: int) -> _Moments:
    """Make the times of a message instants, and return them in µs; one that is no time is null.

    Raises DoubtfulError where one can't be read.
    """
    paid_at = updated_at = final_paid_at = ship_by = refund = delivery_by = None
    if message.paid_at is not None:
        paid_at, message.paid_at = parse_instant(message.paid_at, latest)
    if message.updated_at is not None:
        updated_at, message.updated_at = parse_instant(message.updated_at, latest)
    if message.final_paid_at is not None:
        final_paid_at, message.final_paid_at = parse_instant(message.final_paid_at, latest)
    if message.promised_ship_by is not None:
        ship_by, message.promised_ship_by = parse_instant(message.promised_ship_by, _NEVER)
    if message.refund_requested_at is not None:
        refund, message.refund_requested_at = parse_instant(message.refund_requested_at, latest)
    if message.promised_delivery_by is not None:
        delivery_by, message.promised_delivery_by = parse_instant(
            message.promised_delivery_by, _NEVER
        )
    return paid_at, updated_at, final_paid_at, ship_by, refund, delivery_by


def _stated(raw: bytes, message: RawOrder) -> int:
    """The bits of what a partial version says, null or not.

    Raises DoubtfulError where it says null of what a full version requires.
    """
    said = _read_stated(raw)
    if message.updated_at is None:
        raise DoubtfulError
    for name in ("paid_at", "shop_id", "platform"):
        if getattr(message, name) is None and getattr(said, name) is not msgspec.UNSET:
            raise DoubtfulError
    return sum(bit for name, bit in _BITS if getattr(said, name) is not msgspec.UNSET)


def _clean(message: RawOrder, names: Names) -> tuple[str, _Places, tuple[_Item, ...]]:
    """Clean the strings of a message, and return its platform, places and lines.

    Raises DoubtfulError where the contract has to judge one.
    """
    message.order_id = an_id(message.order_id)
    text = message.shop_id
    if text is not None:
        message.shop_id = shops.get(text) or shop(text)
    platform = ""
    text = message.platform
    if text is not None:
        message.platform, platform = names.platforms.get(text) or names.platform(text)
    text = message.currency
    if text is not None:
        message.currency = texts.get(text) or short(text)
    text = message.delivery_method
    if text is not None and text not in _DELIVERY:
        message.delivery_method = short(text)
    text = message.presale
    if text is not None and text not in _PRESALE:
        message.presale = short(text)
    if message.state not in _CLOSED:
        raise DoubtfulError
    if message.paid_at_quality is not None:
        message.paid_at_quality = short(message.paid_at_quality)
    if message.closed_reason is not None:
        message.closed_reason = clean(message.closed_reason)
    items: tuple[_Item, ...] = ()
    if message.items:
        message.items, items = _lines.get(message.items) or _clean_lines(message.items)
    to = origin = over = None
    if message.recipient is not None:
        message.recipient, to = recipient_place(message.recipient)
    if message.ship_from is not None:
        message.ship_from, origin = recipient_place(message.ship_from)
    if message.via is not None:
        message.via, over = recipient_place(message.via)
    return platform, (to, origin, over), items


def _clean_lines(sent: tuple[RawItem | None, ...]) -> _Lines:
    """Lines of an order as sent, remembered; raises DoubtfulError as texts.short does."""
    items = []
    for item in sent:
        if item is None:
            raise DoubtfulError
        product = None if item.product_id is None else short(item.product_id)
        sku = None if item.sku_id is None else short(item.sku_id)
        items.append(RawItem(product, item.quantity, sku))
    lines = _lines_of(items)
    if len(_lines) >= _MAX_LINES:
        _lines.clear()
    _lines[sent] = lines
    return lines


def _lines_of(items: Sequence[RawItem]) -> _Lines:
    items = [RawItem(item.product_id, item.quantity, kept.code(item.sku_id)) for item in items]
    return (
        tuple([None if item == _NO_ITEM else item for item in items]),
        tuple([(item.product_id or None, item.sku_id or None, item.quantity) for item in items]),
    )


def _version(
    message: RawOrder,
    moments: Sequence[int | None],
    stated: int,
    platform: str,
    places: _Places,
    items: tuple[_Item, ...],
    partition: int,
    offset: int,
    names: Names,
) -> OrderVersion | Bad:
    """Make the version of a message that is clean, its times instants."""
    paid_at, updated_at, final_paid_at, promised_ship_by, refund, delivery_by = moments
    recipient, ship_from, via = places
    refused = (
        plain_key("recipient", message.recipient, recipient, names)
        or plain_key("via", message.via, via, names)
        or plain_key("ship_from", message.ship_from, ship_from, names)
    )
    if refused is not None:
        return refused
    amount_goods = message.amount_goods
    _keep(message)
    return OrderVersion(
        message.order_id,
        (paid_at or 0) if updated_at is None else updated_at,
        _canonical(message),
        True,
        platform,
        message.shop_id,
        paid_at or 0,
        final_paid_at,
        promised_ship_by,
        _DELIVERY.get(message.delivery_method, _OTHER),
        _PRESALE.get(message.presale, 0),
        _CLOSED[message.state],
        recipient,
        ship_from,
        message.amount_paid,
        message.currency or None,
        items,
        partition,
        offset,
        message.partial is True,
        stated,
        via,
        refund,
        delivery_by,
        message.parcels_expected,
        message.paid_at_quality == "estimated",
        None if amount_goods is msgspec.UNSET else amount_goods,
    )


def _keep(message: RawOrder) -> None:
    """Leave of a clean message what may be kept of it."""
    message.closed_reason = kept.reason(message.closed_reason)
    message.currency = kept.currency(message.currency)
    message.delivery_method = kept.delivery_method(message.delivery_method)
    message.presale = kept.presale(message.presale)
    message.paid_at_quality = kept.time_quality(message.paid_at_quality)
    message.recipient = kept_place(message.recipient)
    message.ship_from = kept_place(message.ship_from)
    message.via = kept_place(message.via)


def _canonical(message: RawOrder) -> str:
    """The canonical JSON of what is kept, without its first brace (see `facts.kept.canonical`)."""
    message.received_at = msgspec.UNSET
    if message.amount_goods is None:
        message.amount_goods = msgspec.UNSET
    return _write(message).decode()[1:]


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
    if timestamp_us < times.EARLIEST_US:
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
    return OrderVersion(
        order_id,
        timestamp_us,
        _canonical(message),
        known=False,
        closed=True,
        partition=partition,
        offset=offset,
        partial=True,
        stated=STATED_BITS["closed"],
    )
