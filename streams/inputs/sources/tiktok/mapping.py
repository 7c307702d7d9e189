"""TikTok Shop's orders and tracks. Its pushes name no payment, amount or number: ask the order."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, Orders, item
from streams.inputs.sources.moments import from_milliseconds, from_seconds
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.tiktok")

ORDER, ADDRESS, PACKAGE, CANCELLATION = "1", "3", "4", "11"
NOT_PAID = {"UNPAID", "ON_HOLD"}
CANCELLED = "CANCELLED"


def read(payload: Payload, feed: Feed) -> Outcome:
    """What a push or an answer says of orders and parcels. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    data, outcome = inner(said, "data"), Outcome()
    orders = Orders("tiktok", payload, outcome)
    if "orders" in data and "package_id" not in data:
        for order in listed(data, "orders"):
            _order(orders, feed, order)
    elif "tracking" in data:
        return _tracking(payload, feed, data)
    elif "package_id" in data:
        # A number is assigned before anything is shipped: no upload yet.
        outcome.passed["no_upload"] += 1
    elif "type" in said:
        _pushed(orders, feed, said, data)
    else:
        raise Unreadable("there is neither a type nor orders, tracking or a package")
    return outcome


def _pushed(orders: Orders, feed: Feed, said: Object, data: Object) -> None:
    kind, outcome, order_id = text(said, "type"), orders.outcome, text(data, "order_id")
    status = text(data, "order_status")
    if kind == ORDER and status == CANCELLED:
        orders.closed(order_id, partial(from_seconds, text(data, "update_time")))
    elif kind == ORDER and status in NOT_PAID:
        outcome.passed["not_paid"] += 1
    elif kind in (ORDER, ADDRESS, PACKAGE, CANCELLATION):
        outcome.passed["ask_the_order"] += 1
        ids = [order_id] if order_id else []
        for package in listed(data, "package_list"):
            several = package.get("order_id_list")
            ids += [str(each) for each in several] if isinstance(several, list) else []
        shop_id = feed.shop_id or text(said, "shop_id")
        changed = partial(from_seconds, text(data, "update_time") or text(said, "timestamp"))
        for each in ids:
            orders.wanted(each, shop_id, changed)
    else:
        outcome.passed["other_event"] += 1


def _order(orders: Orders, feed: Feed, order: Object) -> None:
    order_id = text(order, "id")
    shop_id, platform = feed.shop_id, feed.platform or "tiktok_shop"
    if text(order, "paid_time") in ("", "0"):
        orders.outcome.passed["not_paid"] += 1
        return
    payment = inner(order, "payment")
    ends = text(order, "status") == CANCELLED
    taken = orders.order(
        order_id=order_id,
        shop_id=shop_id,
        platform=platform,
        paid_at=partial(from_seconds, text(order, "paid_time")),
        updated_at=partial(from_seconds, text(order, "update_time", "paid_time")),
        promised_ship_by=partial(from_seconds, text(order, "rts_sla_time")),
        amount=text(payment, "total_amount"),
        currency=text(payment, "currency"),
        items=_items(order),
        state="closed" if ends else "",
        closed_reason=text(order, "cancel_reason") or "cancelled" if ends else "",
    )
    for carrier, number, at in _parcels(order) if taken else ():
        orders.upload(
            carrier=carrier,
            number=number,
            at=partial(from_seconds, at),
            order_id=order_id,
            shop_id=shop_id,
            platform=platform,
        )


def _parcels(order: Object) -> list[tuple[str, str, str]]:
    """Carrier, number and time of each parcel: the order's own, else those of its lines."""
    ready = text(order, "rts_time")
    own = (text(order, "shipping_provider"), text(order, "tracking_number"), ready)
    lines = [
        (
            text(line, "shipping_provider_name"),
            text(line, "tracking_number"),
            text(line, "rts_time") or ready,
        )
        for line in listed(order, "line_items")
    ]
    by_number = {number: (carrier, number, at) for carrier, number, at in reversed(lines)}
    found = [own] if own[1] else [*reversed(by_number.values())]
    return [parcel for parcel in found if parcel[1] and parcel[2]]


def _items(order: Object) -> list[dict[str, Any]]:
    """One line item is one piece."""
    pieces = Counter(
        (text(item, "product_id"), text(item, "sku_id")) for item in listed(order, "line_items")
    )
    return [item(product, sku, str(count)) for (product, sku), count in pieces.items()]


def _tracking(payload: Payload, feed: Feed, data: Object) -> Outcome:
    found = Checkpoints("tiktok", payload, CODES, own=feed.codes)
    for line in listed(data, "tracking"):
        found.add(
            carrier=feed.request.get("carrier", ""),
            number=feed.request.get("tracking_number", ""),
            code="",
            at=partial(from_milliseconds, text(line, "update_time_millis")),
            words=raw_text(line, "description"),
        )
    return found.done()
