"""Douyin's messages → orders and uploads. Money is in fen, times are seconds."""

from __future__ import annotations

from functools import partial
from typing import Any

from schemas.cleaning import clean_id
from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.douyin.envelope import opened
from streams.inputs.sources.messages import Checkpoints, Orders, item, place, whole
from streams.inputs.sources.moments import from_seconds, from_unix
from streams.inputs.sources.parts import Object, inner, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.douyin")

VIRTUAL = {"2", "4", "5", "6"}
"""Values of order_type that ship nothing."""

PAID, SHIPPED, PARTLY_SHIPPED, NUMBER_CHANGED = "101", "102", "108", "104"
ADDRESS_CHANGED, CANCELLED, PROMISE_CHANGED, REFUNDED = "105", "106", "126", "206"
VERIFICATION = "0"

CLOSED = {"4": "cancelled", "21": "refunded", "22": "refunded", "39": "refunded"}
"""Values of order_status that end an order (second hand)."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The orders and uploads of pushed messages, or of an answer. Raises Unreadable."""
    said = opened(payload)
    outcome = Outcome()
    orders = Orders("douyin", payload, outcome)
    platform = feed.platform or "douyin"
    if isinstance(said, list):
        for message in listed({"messages": said}, "messages"):
            _pushed(orders, feed, platform, message)
        return outcome
    data = inner(said, "data")
    if "route_node_list" in data:
        return _route(payload, feed, data)
    details = [inner(data, "shop_order_detail"), *listed(data, "shop_order_list")]
    details = [detail for detail in details if detail]
    if not details:
        raise Unreadable("there is neither shop_order_detail nor route_node_list")
    for detail in details:
        _detail(orders, feed, platform, detail)
    return outcome


def _pushed(orders: Orders, feed: Feed, platform: str, message: Object) -> None:
    tag, outcome = text(message, "tag"), orders.outcome
    if tag == VERIFICATION:
        outcome.passed["test_event"] += 1
        return
    if not isinstance(message.get("data"), str):
        outcome.refuse("not_the_wire_form", f"a message of tag {tag}: its data is no JSON text")
        return
    try:
        data = object_of(message["data"], "data")
    except Unreadable as error:
        outcome.refuse("unreadable", f"a message of tag {tag}: {error}")
        return
    order_id, shop_id = text(data, "p_id"), text(data, "shop_id") or feed.shop_id
    if tag == PAID:
        _paid(orders, data, order_id, shop_id, platform)
    elif tag in (SHIPPED, PARTLY_SHIPPED, NUMBER_CHANGED):
        _shipped(orders, feed, data, tag, order_id, shop_id, platform)
    elif tag == CANCELLED:
        orders.closed(order_id, partial(from_seconds, text(data, "cancel_time", "update_time")))
    elif tag in (ADDRESS_CHANGED, PROMISE_CHANGED, REFUNDED):
        outcome.passed["ask_the_order"] += 1
    else:
        outcome.passed["other_event"] += 1
        return
    if tag != CANCELLED:
        changed = partial(from_seconds, text(data, "update_time", "pay_time"))
        orders.wanted(order_id, shop_id, changed)


def _paid(orders: Orders, data: Object, order_id: str, shop_id: str, platform: str) -> None:
    paid_at = partial(from_seconds, text(data, "pay_time"))
    orders.order(
        order_id=order_id,
        shop_id=shop_id,
        platform=platform,
        paid_at=paid_at,
        updated_at=partial(from_seconds, text(data, "update_time", "pay_time")),
        amount=text(data, "pay_amount"),
        in_minor_units=True,
        currency="CNY",
        delivery_method="virtual" if text(data, "order_type") in VIRTUAL else "",
    )


def _shipped(
    orders: Orders,
    feed: Feed,
    data: Object,
    tag: str,
    order_id: str,
    shop_id: str,
    platform: str,
) -> None:
    logistics, stamp = inner(data, "logistics_msg"), text(data, "update_time")
    carrier, number = text(logistics, "express_company_id"), text(logistics, "logistics_code")
    package = text(logistics, "pack_id") or text(logistics, "delivery_id")
    name = f"package:{order_id}:{package}"
    upload = partial(orders.upload, order_id=order_id, shop_id=shop_id, platform=platform)
    # No message names the number that was before: whoever calls remembers what was uploaded.
    known = orders.outcome.remember.get(name) or feed.lookup.get(name)
    former_number = clean_id((known or {}).get("tracking_number", ""))
    other = {} if known is None or former_number == clean_id(number) else known
    behind = _seconds(stamp) < _seconds(other.get("changed_at", ""))
    if tag == NUMBER_CHANGED and known is None:
        orders.outcome.passed["old_number_unknown"] += 1
    if tag == NUMBER_CHANGED and other and not behind:
        former = other.get("carrier", ""), other.get("tracking_number", "")
        upload(carrier=former[0], number=former[1], at=partial(from_seconds, stamp), released=True)
    upload(carrier=carrier, number=number, at=partial(from_seconds, stamp))
    if behind:
        # It comes after the message that put another number in its place.
        ended = partial(from_seconds, other["changed_at"])
        upload(carrier=carrier, number=number, at=ended, released=True)
    elif order_id and number:
        changed_at = (known or {}).get("changed_at", "")
        if tag == NUMBER_CHANGED:
            changed_at = str(max(_seconds(stamp), _seconds(changed_at)))
        orders.outcome.remember[name] = {
            "carrier": carrier,
            "tracking_number": number,
            "changed_at": changed_at,
        }


def _seconds(stamp: str) -> int:
    """A Unix time, 0 where it is none."""
    return whole(stamp) or 0


def _detail(orders: Orders, feed: Feed, platform: str, detail: Object) -> None:
    order_id, shop_id = text(detail, "order_id"), text(detail, "shop_id") or feed.shop_id
    if text(detail, "pay_time") in ("", "0"):
        orders.outcome.passed["not_paid"] += 1
        return
    address = inner(detail, "post_addr")
    names = {name: text(inner(address, name), "name") for name in ("province", "city", "town")}
    ends = CLOSED.get(text(detail, "order_status"))
    taken = orders.order(
        order_id=order_id,
        shop_id=shop_id,
        platform=platform,
        paid_at=partial(from_seconds, text(detail, "pay_time")),
        updated_at=partial(from_seconds, text(detail, "update_time", "pay_time")),
        promised_ship_by=partial(from_seconds, text(detail, "exp_ship_time")),
        amount=text(detail, "pay_amount"),
        in_minor_units=True,
        currency="CNY",
        **_presale(detail),
        recipient=place(province=names["province"], city=names["city"], district=names["town"]),
        items=[
            item(text(one, "product_id"), text(one, "sku_id"), text(one, "item_num"))
            for one in listed(detail, "sku_order_list")
        ],
        delivery_method="virtual" if text(detail, "order_type") in VIRTUAL else "",
        state="closed" if ends else "",
        closed_reason=text(detail, "cancel_reason") or ends if ends else "",
    )
    if not taken:
        return
    for parcel in listed(detail, "logistics_info"):
        if not text(parcel, "tracking_no"):
            continue  # nothing is uploaded yet
        orders.upload(
            carrier=text(parcel, "company"),
            number=text(parcel, "tracking_no"),
            at=partial(from_seconds, text(parcel, "ship_time")),
            order_id=order_id,
            shop_id=shop_id,
            platform=platform,
        )


def _presale(detail: Object) -> dict[str, Any]:
    """A deposit and a final payment, where the order has two phases; the last one's time."""
    phases = listed(detail, "order_phase_list")
    if not any(text(phase, "total_phase") == "2" for phase in phases):
        return {}
    last = max(phases, key=lambda phase: text(phase, "current_phase"))
    return {
        "presale": "deposit",
        "final_paid_at": partial(from_seconds, text(last, "phase_pay_time")),
    }


def _route(payload: Payload, feed: Feed, data: Object) -> Outcome:
    found = Checkpoints("douyin", payload, CODES, own=feed.codes)
    track = inner(data, "track_info")
    for node in listed(data, "route_node_list"):
        code = text(node, "state_description")
        found.add(
            carrier=text(track, "express") or feed.request.get("carrier", ""),
            number=text(track, "track_no") or feed.request.get("tracking_number", ""),
            code=code,
            at=partial(from_unix, text(node, "timestamp")),
            words=raw_text(node, "content"),
            location=place(site=text(node, "site_name")) or None,
        )
    return found.done()
