"""WeChat's events → orders, uploads and checkpoints. Money is in fen, times are seconds."""

from __future__ import annotations

from functools import partial

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, Orders, item, place
from streams.inputs.sources.moments import from_seconds, later
from streams.inputs.sources.parts import Object, inner, listed, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable
from streams.inputs.sources.wechat.envelope import opened

CODES = codes_of("streams.inputs.sources.wechat")

PAY, CANCEL = "channels_ec_order_pay", "channels_ec_order_cancel"
ASK = {"channels_ec_order_deliver", "channels_ec_order_ext_info_update"}
"""Events that name no number or address: the order has to be asked for."""
PATH, WAYBILL = "add_express_path", "ewaybill_push_path"
EXPRESS = ("", "0")
"""Values of deliver_method of orders that are sent; others ship nothing."""

CLOSED = {"200": "refunded", "250": "cancelled"}
"""Statuses that end an order (unverified)."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """What an event or an answer says of orders and parcels. Raises Unreadable."""
    said = opened(payload)
    event, outcome = text(said, "Event"), Outcome()
    orders = Orders("wechat", payload, outcome)
    if "order" in said:
        _order(orders, feed, inner(said, "order"))
    elif event == PATH or "path_item_list" in said:
        return _path(payload, feed, said)
    elif event in (PAY, CANCEL) or event in ASK:
        _event(orders, feed, said, event)
    elif event == WAYBILL:
        _waybill(outcome, said)
    elif event or "MsgType" in said:
        outcome.passed["other_event"] += 1
    else:
        raise Unreadable("there is neither an Event nor an order nor a path_item_list")
    return outcome


def _event(orders: Orders, feed: Feed, said: Object, event: str) -> None:
    info, outcome = inner(said, "order_info"), orders.outcome
    order_id, made = text(info, "order_id"), partial(from_seconds, text(said, "CreateTime"))
    if event == CANCEL:
        orders.closed(order_id, made)
        return
    shop_id = feed.shop_id or text(said, "ToUserName")
    if event == PAY:
        orders.order(
            order_id=order_id,
            shop_id=shop_id,
            platform=feed.platform or "wechat",
            paid_at=partial(from_seconds, text(info, "pay_time")),
            updated_at=made,
        )
    else:
        outcome.passed["ask_the_order"] += 1
    orders.wanted(order_id, shop_id, made)


def _waybill(outcome: Outcome, said: Object) -> None:
    number = text(inner(said, "waybill_info"), "waybill_id")
    outcome.refuse("no_carrier", f"{number or 'a waybill'}: the event names no carrier")


def _path(payload: Payload, feed: Feed, said: Object) -> Outcome:
    found = Checkpoints("wechat", payload, CODES, own=feed.codes)
    for action in listed(said, "Actions") + listed(said, "path_item_list"):
        found.add(
            carrier=text(said, "DeliveryID", "delivery_id"),
            number=text(said, "WayBillId", "waybill_id"),
            code=text(action, "ActionType", "action_type"),
            at=partial(from_seconds, text(action, "ActionTime", "action_time")),
            words=raw_text(action, "ActionMsg", "action_msg"),
        )
    return found.done()


def _order(orders: Orders, feed: Feed, order: Object) -> None:
    detail = inner(order, "order_detail")
    order_id, shop_id, platform = text(order, "order_id"), feed.shop_id, feed.platform or "wechat"
    paid = text(inner(detail, "pay_info"), "pay_time")
    if paid in ("", "0"):
        orders.outcome.passed["not_paid"] += 1
        return
    paid_at = partial(from_seconds, paid)
    delivery = inner(detail, "delivery_info")
    address = inner(delivery, "address_info")
    ends = text(order, "status")
    taken = orders.order(
        order_id=order_id,
        shop_id=shop_id,
        platform=platform,
        paid_at=paid_at,
        updated_at=partial(later, text(order, "update_time"), paid_at),
        amount=text(inner(detail, "price_info"), "order_price"),
        in_minor_units=True,
        currency="CNY",
        recipient=place(
            province=text(address, "province_name"),
            city=text(address, "city_name"),
            district=text(address, "county_name"),
        ),
        items=[
            item(text(one, "product_id"), text(one, "sku_id"), text(one, "sku_cnt"))
            for one in listed(detail, "product_infos")
        ],
        delivery_method="" if text(delivery, "deliver_method") in EXPRESS else "virtual",
        state="closed" if ends in CLOSED else "",
        closed_reason=CLOSED.get(ends, ""),
    )
    if not taken:
        return
    for parcel in listed(delivery, "delivery_product_info"):
        orders.upload(
            carrier=text(parcel, "delivery_id"),
            number=text(parcel, "waybill_id"),
            at=partial(from_seconds, text(parcel, "delivery_time")),
            order_id=order_id,
            shop_id=shop_id,
            platform=platform,
        )
