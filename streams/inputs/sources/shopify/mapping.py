"""Shopify's orders, fulfillments, their events. An order's id is `id`, not its name "#1001"."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, Orders, item, place
from streams.inputs.sources.moments import moment
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.shopify")

REFUNDED = "refunded"
PAID = {"paid", "partially_refunded", REFUNDED}
"""Values of financial_status of orders that were paid; `refunded` is all of the money."""

CANCELLED = "cancelled"

RESOURCES = {"orders", "fulfillments", "fulfillment_events"}
"""What the topics of webhooks that are read begin with."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """What a webhook, or a REST answer with its root object, says. Raises Unreadable."""
    said = object_of(payload.body, "the body")
    outcome = Outcome()
    orders = Orders("shopify", payload, outcome)
    topic = payload.headers.get("x-shopify-topic", "")
    if "/" in topic and topic.partition("/")[0] not in RESOURCES:
        outcome.passed["other_event"] += 1
        return outcome
    events = [inner(said, "fulfillment_event"), *listed(said, "fulfillment_events")]
    events += [said] if "fulfillment_id" in said else []
    if any(events):
        return _events(payload, feed, [event for event in events if event])
    fulfillments = [inner(said, "fulfillment"), *listed(said, "fulfillments")]
    if "financial_status" not in said:
        fulfillments += [said] if "tracking_numbers" in said or "tracking_number" in said else []
    elif topic or "line_items" in said:
        _order(orders, payload, feed, said)
        return outcome
    for order in [inner(said, "order"), *listed(said, "orders")]:
        if order:
            _order(orders, payload, feed, order)
            fulfillments = []
    if not any(fulfillments) and "order" not in said and "orders" not in said:
        raise Unreadable("there is no order, fulfillment or fulfillment event")
    for fulfillment in fulfillments:
        if fulfillment:
            _fulfillment(orders, payload, feed, text(fulfillment, "order_id"), fulfillment)
    return outcome


def _order(orders: Orders, payload: Payload, feed: Feed, order: Object) -> None:
    order_id, outcome = text(order, "id"), orders.outcome
    if order.get("test") is True and not feed.accept_test:
        outcome.passed["test_event"] += 1
        return
    if text(order, "financial_status") not in PAID:
        outcome.passed["not_paid"] += 1
        return
    address = inner(order, "shipping_address")
    ends = bool(text(order, "cancelled_at")) or text(order, "financial_status") == REFUNDED
    lines = listed(order, "line_items")
    ships = [line.get("requires_shipping") for line in lines]
    taken = orders.order(
        order_id=order_id,
        shop_id=_shop(payload, feed),
        platform=feed.platform or "shopify",
        paid_at=_paid_at(payload, order),
        updated_at=partial(moment, text(order, "updated_at"), None),
        amount=text(order, "total_price"),
        currency=text(order, "currency"),
        recipient=place(province=text(address, "province"), city=text(address, "city")),
        items=[
            item(text(line, "product_id"), text(line, "variant_id"), text(line, "quantity"))
            for line in lines
        ],
        delivery_method="virtual" if ships and not any(ships) else "",
        state="closed" if ends else "",
        closed_reason=_why_closed(order) if ends else "",
    )
    if taken:
        for fulfillment in listed(order, "fulfillments"):
            _fulfillment(orders, payload, feed, order_id, fulfillment)


def _why_closed(order: Object) -> str:
    return text(order, "cancel_reason") or (CANCELLED if text(order, "cancelled_at") else REFUNDED)


def _paid_at(payload: Payload, order: Object) -> partial[datetime]:
    """When `orders/paid` was triggered, else when the order was processed: it has no paid_at."""
    triggered = payload.headers.get("x-shopify-triggered-at", "")
    if payload.headers.get("x-shopify-topic") == "orders/paid" and triggered:
        return partial(moment, triggered, None)
    return partial(moment, text(order, "processed_at", "created_at"), None)


def _fulfillment(
    orders: Orders, payload: Payload, feed: Feed, order_id: str, fulfillment: Object
) -> None:
    several = fulfillment.get("tracking_numbers")
    numbers = [str(each) for each in several if each] if isinstance(several, list) else []
    if not numbers:
        numbers = [text(fulfillment, "tracking_number")]
    released = text(fulfillment, "status") == CANCELLED
    if len(set(numbers)) == 1 and numbers[0]:
        # Its events name the fulfillment alone. Of several numbers they do not say which.
        orders.outcome.remember[f"fulfillment:{text(fulfillment, 'id')}"] = {
            "carrier": text(fulfillment, "tracking_company"),
            "tracking_number": numbers[0],
        }
    for number in dict.fromkeys(filter(None, numbers)):
        orders.upload(
            carrier=text(fulfillment, "tracking_company"),
            number=number,
            at=partial(moment, text(fulfillment, "updated_at" if released else "created_at"), None),
            order_id=order_id,
            shop_id=_shop(payload, feed),
            platform=feed.platform or "shopify",
            released=released,
        )


def _events(payload: Payload, feed: Feed, events: list[Object]) -> Outcome:
    found = Checkpoints("shopify", payload, CODES, own=feed.codes)
    for event in events:
        # The event names a fulfillment and no number: whoever calls knows it from before.
        name = f"fulfillment:{text(event, 'fulfillment_id')}"
        known = feed.lookup.get(name)
        if known is None:
            found.outcome.passed["number_unknown"] += 1
            continue
        code, words = text(event, "status"), raw_text(event, "message")
        found.add(
            carrier=known.get("carrier", ""),
            number=known.get("tracking_number", ""),
            code=code,
            at=text(event, "happened_at"),
            words=words,
            location=place(province=text(event, "province"), city=text(event, "city")) or None,
        )
    return found.done()


def _shop(payload: Payload, feed: Feed) -> str:
    return feed.shop_id or payload.headers.get("x-shopify-shop-domain", "")
