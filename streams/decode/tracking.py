"""`tracking-update`: from a record's bytes to a `TrackingFact`, or why not."""

from __future__ import annotations

import msgspec
from xxhash import xxh3_64_intdigest

from schemas import MAX_VALUE_BYTES, Refusal, TrackingUpdate, parse, times
from schemas.cleaning import clean, clean_id
from streams.decode import lenient
from streams.decode.bad import Bad, DoubtfulError
from streams.decode.clock import parse_us
from streams.decode.keys import number_of
from streams.decode.names import BUILT_IN, Names
from streams.decode.place import (
    Located,
    kept_place,
    located,
    location_place,
    locations,
    place_of,
    plain_key,
    raw_place,
    recipient_place,
)
from streams.decode.raw import CanonicalUpload, RawNext, RawPlace, RawTracking
from streams.decode.texts import an_id, checked, shop, shops, short, texts
from streams.facts import kept
from streams.facts.facts import STATUS_CODE, Place, TrackingFact

_MASK = (1 << 63) - 1
_SHORT_MASK = (1 << 32) - 1
_EARLIEST_US = times.EARLIEST_US
_MAX_AHEAD_US = times.MAX_AHEAD_US

_read = msgspec.json.Decoder(RawTracking).decode
_pack = msgspec.msgpack.Encoder().encode
_write = msgspec.json.Encoder().encode

# TypeError: the value is None. UnicodeDecodeError and the rest: the contract names the reason.
REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)


def decode_tracking(
    raw: bytes | None,
    arrival_us: int,
    partition: int = -1,
    offset: int = -1,
    max_value_bytes: int = MAX_VALUE_BYTES,
    names: Names = BUILT_IN,
) -> TrackingFact | Bad:
    """Return the fact in one record's value, or why there is none.

    `arrival_us` is the moment of reading in microseconds since the epoch (in a replay the
    message's `received_at`). `partition` and `offset` are copied into the fact.
    """
    try:
        if len(raw) > max_value_bytes:  # type: ignore[arg-type]
            return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)
        message = (lenient.open_tracking and lenient.tracking(raw)) or _read(raw)  # type: ignore[arg-type]
    except REFUSED:
        doubtful = lenient.tracking(raw)
        if doubtful is None:
            return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)
        message = doubtful
    at = parse_us(message.occurred_at)
    carrier = names.carriers.get(message.carrier) or names.carrier(message.carrier)
    if (
        at is None
        or at < _EARLIEST_US
        or at > arrival_us + _MAX_AHEAD_US
        or message.status not in STATUS_CODE
        or not carrier
    ):
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)
    try:
        number = message.tracking_number
        if number.isascii() and number.isalnum():
            number = number.upper()
        elif not (number := number_of(checked(clean_id(number)))):
            raise DoubtfulError
        location = locations.get(message.location) or location_place(message.location)
        recipient = codes = following = None
        if message.recipient is not None:
            recipient, codes = recipient_place(message.recipient)
        if message.description is not None:
            message.description = clean(message.description)
        text = message.raw_status
        if text is not None:
            message.raw_status = texts.get(text) or short(text)
        text = message.shop_id
        if text is not None:
            message.shop_id = shops.get(text) or (shop(text) if text else None)
        text = message.platform
        if text is not None:
            message.platform = (names.platforms.get(text) or names.platform(text))[1]
        if message.order_ids:
            message.order_ids = tuple([an_id(order_id) for order_id in message.order_ids])
        if message.time_quality is not None:
            message.time_quality = short(message.time_quality)
        if message.source is not None:
            short(message.source)
        if message.next is not None:
            following = _clean_next(message.next, names)
    except DoubtfulError:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes, names)
    key = f"{carrier}:{number}"
    return _fact(key, at, message, location, recipient, codes, following, partition, offset, names)


def _clean_next(sent: RawNext, names: Names) -> str | None:
    """The key of the next parcel; raises DoubtfulError where the contract has to judge it."""
    carrier, number = sent.carrier, sent.tracking_number
    if carrier and not (carrier := names.carrier(carrier)):
        raise DoubtfulError
    if number:
        number = number_of(checked(clean_id(number)))
    return _next(carrier, number)


def _next(carrier: str | None, number: str | None) -> str | None:
    return kept.following(f"{carrier or ''}:{number or ''}")


def by_contract(
    raw: bytes | None,
    arrival_us: int,
    partition: int = -1,
    offset: int = -1,
    max_value_bytes: int = MAX_VALUE_BYTES,
    names: Names = BUILT_IN,
) -> TrackingFact | Bad:
    """Return what the contract's own model says of the record: slower, and final."""
    verdict = parse(TrackingUpdate, raw, arrival_us, max_value_bytes)
    if isinstance(verdict, Refusal):
        return Bad(*verdict)
    model = verdict[0]
    following = model.next
    message = RawTracking(
        carrier="",
        occurred_at="",
        status=model.status,
        tracking_number="",
        description=model.description,
        order_ids=model.order_ids,
        platform=None if model.platform is None else names.platform_of(model.platform),
        raw_status=model.raw_status,
        shop_id=model.shop_id,
        time_quality=model.time_quality,
        voided=model.voided,
    )
    return _fact(
        f"{names.carrier_of(model.carrier)}:{number_of(model.tracking_number)}",
        times.to_us(model.occurred_at),
        message,
        located(*place_of(raw_place(model.location))),
        *place_of(raw_place(model.recipient)),
        None
        if following is None
        else _next(
            names.carrier_of(following.carrier or ""), number_of(following.tracking_number or "")
        ),
        partition,
        offset,
        names,
    )


def _fact(
    key: str,
    at: int,
    message: RawTracking,
    location: Located,
    recipient: RawPlace | None,
    recipient_codes: Place | None,
    following: str | None,
    partition: int,
    offset: int,
    names: Names,
) -> TrackingFact | Bad:
    """Make the fact of what is clean: `message` for all that is no key, place or time."""
    refused = plain_key("recipient", recipient, recipient_codes, names) or plain_key(
        "location", location.sent, location.place, names
    )
    if refused is not None:
        return refused
    order_ids = message.order_ids or ()
    tie = ""
    if order_ids:
        if len(order_ids) > 1:
            order_ids = tuple(sorted(set(order_ids)))
        upload = CanonicalUpload(
            kept_place(location.sent),
            order_ids,
            kept.code(message.raw_status),
            kept_place(recipient),
            message.status,
        )
        tie = _write(upload).decode()[1:]
    code = STATUS_CODE[message.status]
    node = xxh3_64_intdigest(_pack((code, message.description, location.packed)))
    digest = xxh3_64_intdigest(_pack((key, at, message.raw_status, recipient, order_ids)), node)
    return TrackingFact(
        key,
        at,
        code,
        digest & _MASK,
        order_ids,
        message.platform,
        message.shop_id,
        location.place,
        recipient_codes,
        node & _SHORT_MASK,
        tie,
        partition,
        offset,
        location.spot,
        message.voided is True,
        message.time_quality == "estimated",
        following,
    )
