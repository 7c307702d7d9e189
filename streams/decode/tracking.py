"""`tracking-update`: from a record's bytes to a `TrackingFact`, or why not."""

from __future__ import annotations

import msgspec
from xxhash import xxh3_64_intdigest

from schemas import MAX_VALUE_BYTES, Refusal, TrackingUpdate, parse, times
from streams.decode import lenient
from streams.decode.bad import Bad
from streams.decode.clock import parse_us
from streams.decode.keys import carriers, normalise_carrier, normalise_number
from streams.decode.place import location_place, recipient_place
from streams.decode.raw import CanonicalUpload, RawLocation, RawRecipient, RawTracking
from streams.facts.facts import STATUS_CODE, TrackingFact

_MASK = (1 << 63) - 1
_SHORT_MASK = (1 << 32) - 1
_NOBODY = RawRecipient()
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
) -> TrackingFact | Bad:
    """Return the fact in one record's value, or why there is none.

    `arrival_us` is the moment of reading in microseconds since the epoch (in a replay the
    message's `received_at`). `partition` and `offset` are copied into the fact.
    """
    try:
        if len(raw) > max_value_bytes:  # type: ignore[arg-type]
            return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
        message = (lenient.open_tracking and lenient.tracking(raw)) or _read(raw)  # type: ignore[arg-type]
    except REFUSED:
        doubtful = lenient.tracking(raw)
        if doubtful is None:
            return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
        message = doubtful
    at = parse_us(message.occurred_at)
    if at is None or at < _EARLIEST_US or at > arrival_us + _MAX_AHEAD_US:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
    fact = _fact(message, at, partition, offset)
    if fact is None:
        return by_contract(raw, arrival_us, partition, offset, max_value_bytes)
    return fact


def by_contract(
    raw: bytes | None,
    arrival_us: int,
    partition: int = -1,
    offset: int = -1,
    max_value_bytes: int = MAX_VALUE_BYTES,
) -> TrackingFact | Bad:
    """Return what the contract's own model says of the record: slower, and final."""
    verdict = parse(TrackingUpdate, raw, arrival_us, max_value_bytes)
    if isinstance(verdict, Refusal):
        return Bad(*verdict)
    model = verdict[0]
    place, to = model.location, model.recipient
    message = RawTracking(
        carrier=model.carrier,
        occurred_at="",
        status=model.status,
        tracking_number=model.tracking_number,
        description=model.description,
        location=None if place is None else RawLocation(**place.model_dump()),
        order_ids=model.order_ids,
        platform=model.platform,
        raw_status=model.raw_status,
        recipient=None if to is None else RawRecipient(**to.model_dump()),
        shop_id=model.shop_id,
    )
    fact = _fact(message, times.to_us(model.occurred_at), partition, offset)
    if fact is None:
        return Bad("wrong_type", None, "the message is no tracking update")
    return fact


def _fact(message: RawTracking, at: int, partition: int, offset: int) -> TrackingFact | None:
    """Make the fact, or return None where a value needs the contract's verdict."""
    code = STATUS_CODE.get(message.status)
    carrier = carriers.get(message.carrier) or normalise_carrier(message.carrier)
    number = normalise_number(message.tracking_number)
    if code is None or not carrier or not number:
        return None
    key = f"{carrier}:{number}"
    location = message.location
    recipient = message.recipient
    order_ids = message.order_ids or ()
    tie = ""
    if order_ids:
        if any(not order_id or order_id.isspace() for order_id in order_ids):
            return None
        if len(order_ids) > 1:
            order_ids = tuple(sorted(set(order_ids)))
        tie = _write(
            CanonicalUpload(location, order_ids, message.raw_status, recipient, message.status)
        ).decode()
    node = xxh3_64_intdigest(_pack((code, message.description, location)))
    digest = xxh3_64_intdigest(_pack((key, at, message.raw_status, recipient, order_ids)), node)
    return TrackingFact(
        key,
        at,
        code,
        digest & _MASK,
        order_ids,
        message.platform,
        message.shop_id,
        None if location is None else location_place(location),
        None if recipient is None or recipient == _NOBODY else recipient_place(recipient),
        node & _SHORT_MASK,
        tie,
        partition,
        offset,
        0 if location is None else xxh3_64_intdigest(_pack(location)) & _SHORT_MASK,
    )
