"""WooCommerce's orders, and the numbers that the plugin Shipment Tracking adds."""

from __future__ import annotations

from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Orders, item, place
from streams.inputs.sources.moments import from_seconds, moment
from streams.inputs.sources.parts import Object, inner, is_json, json_of, listed, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.woocommerce")

UTC = ZoneInfo("UTC")
"""Fields that end in _gmt are UTC without saying so."""

CLOSED = {"cancelled": "cancelled", "refunded": "refunded", "failed": "failed"}
TRACKING = "_wc_shipment_tracking_items"
PING = b"webhook_id="
DELETED = "order.deleted"
"""It has the order's id alone, and no time."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The order of a webhook, or the orders of an answer. Raises Unreadable."""
    outcome = Outcome()
    topic = payload.headers.get("x-wc-webhook-topic", "order.")
    if not topic.startswith("order.") or topic == DELETED:
        outcome.passed["other_event"] += 1
        return outcome
    if payload.body.startswith(PING):
        outcome.passed["test_event"] += 1
        return outcome
    if not is_json(payload.body):
        raise Unreadable("the body is neither JSON nor a ping")
    said = json_of(payload.body, "the body")
    orders = listed({"all": said if isinstance(said, list) else [said]}, "all")
    if not any("line_items" in order for order in orders):
        raise Unreadable("there is no order with line_items")
    for order in orders:
        _order(Orders("woocommerce", payload, outcome), payload, feed, order)
    return outcome


def _order(orders: Orders, payload: Payload, feed: Feed, order: Object) -> None:
    order_id, paid_at = text(order, "id"), text(order, "date_paid_gmt")
    if not paid_at:
        orders.outcome.passed["not_paid"] += 1
        return
    shop_id = feed.shop_id or payload.headers.get("x-wc-webhook-source", "")
    platform = feed.platform or "woocommerce"
    address = inner(order, "shipping")
    ends = CLOSED.get(text(order, "status"), "")
    taken = orders.order(
        order_id=order_id,
        shop_id=shop_id,
        platform=platform,
        paid_at=partial(moment, paid_at, UTC),
        updated_at=partial(moment, text(order, "date_modified_gmt") or paid_at, UTC),
        amount=text(order, "total"),
        currency=text(order, "currency"),
        recipient=place(province=text(address, "state"), city=text(address, "city")),
        items=[_item(line) for line in listed(order, "line_items")],
        state="closed" if ends else "",
        closed_reason=ends,
    )
    if not taken:
        return
    for meta in listed(order, "meta_data"):
        if text(meta, "key") == TRACKING:
            for parcel in listed(meta, "value"):
                orders.upload(
                    carrier=text(parcel, "tracking_provider", "custom_tracking_provider"),
                    number=text(parcel, "tracking_number"),
                    at=partial(from_seconds, text(parcel, "date_shipped")),
                    order_id=order_id,
                    shop_id=shop_id,
                    platform=platform,
                )


def _item(line: Object) -> dict[str, Any]:
    variation = text(line, "variation_id")
    sku_id = "" if variation == "0" else variation
    return item(text(line, "product_id"), sku_id, text(line, "quantity"))
