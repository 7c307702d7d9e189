"""What one record is to the desk: rows to be written, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from schemas import ProductRisk, Refusal, ShipmentWarning, ShopRisk, parse, times
from streams.decode import Bad, decode_order, decode_tracking
from streams.decode.names import Names
from streams.desk.database.tables import NEVER
from streams.desk.database.wanted import DIMENSIONS, STANDING
from streams.facts.facts import (
    DELIVERY_METHODS,
    PRESALES,
    STATED_BITS,
    STATUSES,
    OrderVersion,
    TrackingFact,
)

INDEXED = 2_500
"""Bytes of all that one index has of a row: PostgreSQL takes no more than 2,704."""

_LARGEST = (1 << 63) - 1
_encode = msgspec.json.Encoder().encode

_STATED = (
    *("platform", "shop_id", "paid_at", "final_paid_at", "promised_ship_by"),
    *("promised_delivery_by", "refund_requested_at", "delivery_method", "presale", "closed"),
    *("amount_paid", "currency", "parcels_expected", "paid_estimated"),
)
"""What is kept of an order's version: nothing of a recipient, and no goods."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no message: why, by `schemas.reasons`, and by which field if by one."""

    reason: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a warning: its row of `warnings` but for the cursor, its orders, its JSON."""

    warning_id: str
    revision: int
    row: dict[str, Any]
    order_ids: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """A warning that somebody deleted from the topic."""

    warning_id: str


@dataclass(frozen=True, slots=True)
class Day:
    """A row of `shop_days`, of `product_days`, or of `product_stock`, which is of no day."""

    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A row of `checkpoints`, and the orders that the fact names."""

    row: dict[str, Any]
    order_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A row of `order_versions`."""

    row: dict[str, Any]


Message = Revision | Deletion | Day | Checkpoint | Version | Unreadable


def cell_id(row: dict[str, Any]) -> int:
    """What a combination of dimensions is called: the same everywhere and always."""
    name = _encode([row[dimension] for dimension in DIMENSIONS])
    return int.from_bytes(blake2b(name, digest_size=8).digest()) >> 1


def warning(
    key: bytes | None, value: bytes | None, max_bytes: int
) -> Revision | Deletion | Unreadable:
    """A record of the warnings topic."""
    if value is None:
        text = (key or b"").decode("utf-8", "replace")
        return Deletion(text) if len(text) == 32 else Unreadable("null_value")
    parsed = parse(ShipmentWarning, value, 0, max_bytes)
    if isinstance(parsed, Refusal):
        return Unreadable(parsed.reason, parsed.field)
    model = parsed[0]
    exposure = model.exposure
    deadline = _us(model.deadline)
    row: dict[str, Any] = {
        "warning_id": model.warning_id,
        "revision": model.revision,
        "state": model.state,
        "standing": model.state in STANDING,
        "rule": model.rule,
        "stage": model.stage,
        "severity": model.severity,
        "profile": model.profile,
        "platform": model.platform,
        "shop_id": model.shop_id or "",
        "carrier": model.carrier or "",
        "tracking_number": model.tracking_number or "",
        "opened_at": _us(model.opened_at),
        "deadline": deadline,
        "due_at": NEVER if deadline is None else deadline,
        "breached_at": _us(model.breached_at),
        "resolved_at": _us(model.resolved_at),
        "detected_at": _us(model.detected_at),
        "exposure": None if exposure is None else exposure.kind,
        "currency": None if exposure is None else exposure.currency,
        "least": None if exposure is None else exposure.least,
        "most": None if exposure is None else exposure.most,
        "feed": model.feed,
        "search": " ".join((model.tracking_number or "", *model.order_ids)).lower(),
    }
    problem = (
        _unfit({**row, "search": None, "order_ids": list(model.order_ids)})
        or _too_long(row, "carrier", "tracking_number")
        or next(filter(None, (_too_long({"order_ids": each}) for each in model.order_ids)), None)
    )
    if problem is not None:
        return problem
    row["cell_id"] = cell_id(row)
    return Revision(model.warning_id, model.revision, row, model.order_ids, value.decode())


def shop_day(value: bytes | None, max_bytes: int) -> Day | Unreadable:
    """A record of `shop-risk`."""
    parsed = parse(ShopRisk, value, 0, max_bytes)
    if isinstance(parsed, Refusal):
        return Unreadable(parsed.reason, parsed.field)
    return _day(parsed[0], value, {})


def product_day(value: bytes | None, max_bytes: int) -> Day | Unreadable:
    """A record of `product-risk`."""
    parsed = parse(ProductRisk, value, 0, max_bytes)
    if isinstance(parsed, Refusal):
        return Unreadable(parsed.reason, parsed.field)
    model = parsed[0]
    row: dict[str, Any] = {"product_id": model.product_id}
    if model.day is None:
        row |= {name: getattr(model, name) for name in ("unshipped", "available", "short_by")}
    return _day(model, value, row)


def checkpoint(
    value: bytes | None,
    arrival_us: int,
    partition: int,
    offset: int,
    max_bytes: int,
    names: Names,
) -> Checkpoint | Unreadable:
    """A record of the tracking topic: as a worker reads it, without texts and recipients."""
    fact = decode_tracking(value, arrival_us, partition, offset, max_bytes, names)
    if isinstance(fact, Bad):
        return Unreadable(fact.reason, fact.field)
    return _checkpoint(fact)


def order_version(
    value: bytes | None,
    key: bytes | None,
    arrival_us: int,
    timestamp_us: int,
    partition: int,
    offset: int,
    max_bytes: int,
    names: Names,
) -> Version | Unreadable:
    """A record of the orders topic: what it says of the order, nothing of the recipient."""
    version = decode_order(
        value, key, arrival_us, timestamp_us, partition, offset, max_bytes, names
    )
    if isinstance(version, Bad):
        return Unreadable(version.reason, version.field)
    return _version(version)


def _checkpoint(fact: TrackingFact) -> Checkpoint | Unreadable:
    place = fact.location
    row: dict[str, Any] = {
        "parcel": fact.key,
        "digest": fact.digest,
        "voided": fact.voided,
        "at": fact.at,
        "status": STATUSES[fact.status],
        "estimated": fact.estimated,
        "province": None if place is None else place.province,
        "city": None if place is None else place.city,
        "platform": fact.platform,
        "shop_id": fact.shop_id,
        "order_ids": _encode(fact.order_ids).decode(),
        "next": fact.next,
        "partition": fact.partition,
        "offset": fact.offset,
    }
    problem = _unfit({**row, "order_ids": list(fact.order_ids)})
    for each in fact.order_ids or ("",):
        problem = problem or _too_long({"parcel": fact.key, "order_ids": each})
    return problem or Checkpoint(row, fact.order_ids)


def _version(version: OrderVersion) -> Version | Unreadable:
    stated = {
        name: getattr(version, name)
        for name in _STATED
        if not version.partial or version.stated & STATED_BITS[name]
    }
    for name, words in (("delivery_method", DELIVERY_METHODS), ("presale", PRESALES)):
        if name in stated:
            stated[name] = words[stated[name]]
    if not version.known:
        stated = {"closed": True}
    digest = blake2b(version.canonical.encode(), digest_size=8)
    digest.update(f"{version.updated_at} {version.partial} {version.known}".encode())
    row: dict[str, Any] = {
        "order_id": version.order_id,
        "digest": int.from_bytes(digest.digest()) >> 1,
        "updated_at": version.updated_at,
        "stated": _encode({"partial": version.partial or not version.known, **stated}).decode(),
        "partition": version.partition,
        "offset": version.offset,
    }
    named = {"order_id": version.order_id}
    return _unfit({**named, **stated}) or _too_long(named) or Version(row)


def _day(
    model: ShopRisk | ProductRisk, value: bytes | None, more: dict[str, Any]
) -> Day | Unreadable:
    row = {
        "platform": model.platform,
        "shop_id": model.shop_id,
        **more,
        **({} if model.day is None else {"day": model.day}),
        "revision": model.revision,
        "detected_at": _us(model.detected_at),
    }
    keys = [name for name in ("platform", "shop_id", "product_id") if name in row]
    return _unfit(row) or _too_long(row, *keys) or Day({**row, "value": (value or b"").decode()})


def _unfit(row: dict[str, Any]) -> Unreadable | None:
    """Why a database could not take a row: a text or a number that is none to it."""
    for name, value in row.items():
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, str) and "\0" in each:
                return Unreadable("wrong_type", name)
            if isinstance(each, int) and not -_LARGEST <= each <= _LARGEST:
                return Unreadable("wrong_type", name)
    return None


def _too_long(row: dict[str, Any], *names: str) -> Unreadable | None:
    """Why an index could not take these texts of a row together; no names: all of it."""
    texts = {name: row[name].encode() for name in names or row}
    if sum(map(len, texts.values())) <= INDEXED:
        return None
    return Unreadable("too_large", max(texts, key=lambda name: len(texts[name])))


def _us(moment: Any) -> int | None:
    return None if moment is None else times.to_us(moment)
