"""What a bundle shows of a record: fields of the contract that name no person and hide nothing.

Free text (`description`, `closed_reason`), the hashes of recipients and unknown fields stay out;
orders that the warning does not name appear as hashes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from schemas.cleaning import clean_id
from streams.decode import Bad, decode_order, decode_tracking
from streams.decode.moments import parse_time
from streams.facts.facts import POSTAL_LENGTH, STATUSES
from streams.facts.times import iso
from streams.outputs.check_answer import order_hash

_TRACKING = (
    *("carrier", "tracking_number", "status", "occurred_at", "time_quality", "raw_status"),
    *("platform", "shop_id", "source"),
)
_ORDER = (
    *("order_id", "platform", "shop_id", "state", "paid_at", "paid_at_quality", "final_paid_at"),
    *("updated_at", "promised_ship_by", "promised_delivery_by", "parcels_expected"),
    *("refund_requested_at", "delivery_method", "presale", "amount_paid", "amount_goods"),
    "currency",
)
_REGION = ("country", "province", "city", "region_code", "postal_code")
_PLACE = (*_REGION, "district", "site")
_OBJECTS = {
    "location": _PLACE,
    "recipient": _REGION,
    "via": _REGION,
    "ship_from": _PLACE,
    "next": ("carrier", "tracking_number"),
}
SHOWN = frozenset((*_TRACKING, *_ORDER, "order_ids", *_OBJECTS))
"""Every field of a record that a bundle may show."""
_FAR = 1 << 62


class Original(NamedTuple):
    """A proving record as the warning names it, with its bytes; `missing` says why there are none.

    `occurred_at` in µs.
    """

    topic: str
    partition: int
    offset: int
    status: str
    occurred_at: int | None
    raw: bytes | None
    missing: str | None = None


def shown(original: Original, order_ids: Collection[str]) -> dict[str, Any]:
    """One record as the bundle lists it; `order_ids` are those that the warning names."""
    entry: dict[str, Any] = {
        "topic": original.topic,
        "partition": original.partition,
        "offset": original.offset,
        "status": original.status,
        "occurred_at": iso(original.occurred_at),
        "found": original.raw is not None,
        "missing": original.missing,
        "sha256": None,
        "bytes": None,
        "says_the_same": None,
        "fields": None,
    }
    if original.raw is None:
        return entry
    entry["sha256"] = sha256(original.raw).hexdigest()
    entry["bytes"] = len(original.raw)
    entry["says_the_same"] = _says_the_same(original, original.raw)
    entry["fields"] = _fields(original.raw, order_ids)
    return entry


def _says_the_same(original: Original, raw: bytes) -> bool:
    """Whether the record has the time and status for which the warning names it."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    if "tracking_number" in value:
        fact = decode_tracking(raw, _FAR)
        return (
            not isinstance(fact, Bad)
            and fact.at == original.occurred_at
            and STATUSES[fact.status] == original.status
        )
    version = decode_order(raw, None, _FAR, _FAR, 0, 0)
    return not isinstance(version, Bad) and version.updated_at == original.occurred_at


def _fields(raw: bytes, order_ids: Collection[str]) -> dict[str, Any] | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    names = _TRACKING if "tracking_number" in value else _ORDER
    found = _chosen(value, names)
    if "order_id" in found:
        found["order_id"] = named(found["order_id"], order_ids)
    if isinstance(value.get("order_ids"), list):
        found["order_ids"] = [named(one, order_ids) for one in value["order_ids"]]
    for name, parts in _OBJECTS.items():
        if isinstance(value.get(name), dict):
            found[name] = _chosen(value[name], parts)
            if "postal_code" in found[name]:
                found[name]["postal_code"] = str(found[name]["postal_code"])[:POSTAL_LENGTH]
    return found


def _chosen(value: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of these names that hold a plain value, as sent."""
    return {
        name: value[name]
        for name in names
        if isinstance(value.get(name), str | int) and value[name] != ""
    }


def named(order_id: Any, order_ids: Collection[str]) -> str:
    """An order's id where the warning names the order, else its hash."""
    text = clean_id(str(order_id))
    return text if text in order_ids else order_hash(text)


def hidden(text: str, advice: Iterable[Mapping[str, Any]], order_ids: Collection[str]) -> str:
    """A text of the warning without the ids of orders that its advice name."""
    for each in advice:
        order_id = each["value"]
        if each["code"] == "earlier_order" and order_id and order_id not in order_ids:
            word = rf"(?<![0-9A-Za-z_-]){re.escape(order_id)}(?![0-9A-Za-z_-])"
            text = re.sub(word, order_hash(order_id), text)
    return text


def listed(each: Mapping[str, Any], order_ids: Collection[str]) -> dict[str, Any]:
    """A piece of advice as the bundle lists it; `order_ids` are those that the warning is about."""
    value = each["value"]
    if each["code"] == "earlier_order" and value:
        value = named(value, order_ids)
    return {"code": each["code"], "value": value}


def wanted(warning: Mapping[str, Any]) -> list[tuple[str, int, int, str, int | None]]:
    """The records that a warning names, each once: topic, partition, offset, status, time (µs)."""
    evidence = warning.get("evidence")
    records = evidence.get("records") if isinstance(evidence, Mapping) else None
    found = map(_place_of, records if isinstance(records, list) else ())
    return list(dict.fromkeys(each for each in found if each is not None))


def _place_of(record: Any) -> tuple[str, int, int, str, int | None] | None:
    """Where a record lies that a warning names; None: nowhere that can be asked."""
    try:
        return (
            str(record["topic"]),
            int(record["partition"]),
            int(record["offset"]),
            str(record.get("status") or ""),
            parse_time(record.get("occurred_at")),
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return None
