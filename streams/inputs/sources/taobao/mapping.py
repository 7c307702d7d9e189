"""Taobao's messages and orders → orders; traces → checkpoints. Taobao or Tmall: the feed says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, Orders, item, place
from streams.inputs.sources.moments import BEIJING, NoMoment, moment
from streams.inputs.sources.parts import Object, inner, json_of, listed, object_of, raw_text, text
from streams.inputs.sources.payload import Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.taobao")

PREFIX = "taobao_trade_Trade"
PAID, STEP_PAID = "BuyerPay", "BuyerStepPay"
CLOSED = {"Close", "CloseAndModifyDetailOrder"}
ASK = {"SellerShip", "PartlySellerShip", "LogisticsAddressChanged", "Changed", "BuyerStepPay"}
"""Messages that name no number, address or promise: the order has to be asked for."""

CONSUMED = "tmc_messages_consume_response"
"""Around the messages that were polled for."""

TRADE = "trade_fullinfo_get_response"
"""Around the order that was asked for."""

ENDED = {"TRADE_CLOSED": "refunded", "TRADE_CLOSED_BY_TAOBAO": "cancelled"}
"""Values of an order's status that end it."""


def read(payload: Payload, feed: Feed) -> Outcome:
    """The orders of messages, the order or the checkpoints of an answer. Raises Unreadable."""
    said = json_of(payload.body, "the body")
    outcome = Outcome()
    if isinstance(said, dict) and "traces" in inner(said, "data"):
        return _traces(payload, feed, inner(said, "data"))
    if isinstance(said, dict) and TRADE in said:
        _trade(Orders("taobao", payload, outcome), feed, inner(inner(said, TRADE), "trade"))
        return outcome
    if isinstance(said, dict) and CONSUMED in said:
        said = inner(inner(said, CONSUMED), "messages").get("tmc_message")
    messages = listed({"all": said if isinstance(said, list) else [said]}, "all")
    if not any("topic" in message for message in messages):
        raise Unreadable("there is neither a topic nor a trade nor traces")
    for message in messages:
        _message(Orders("taobao", payload, outcome), feed, message)
    return outcome


def _message(orders: Orders, feed: Feed, message: Object) -> None:
    topic = text(message, "topic").removeprefix(PREFIX)
    outcome = orders.outcome
    try:
        content = message.get("content")
        said = content if isinstance(content, dict) else object_of(str(content), "content")
    except Unreadable as error:
        outcome.refuse("unreadable", f"a message of topic {topic[:40]}: {error}")
        return
    order_id = text(said, "tid")
    # pub_time stands in for the payment's until the order is asked for: they are seconds apart.
    at = partial(moment, text(message, "pub_time"), BEIJING)
    shop_id = text(message, "user_id") or feed.shop_id
    if topic == PAID:
        taken = orders.order(
            order_id=order_id,
            shop_id=shop_id,
            platform=feed.platform or "taobao",
            paid_at=at,
            updated_at=at,
            amount=text(said, "payment"),
            currency="CNY",
        )
        if taken:
            orders.wanted(order_id, shop_id, at)
    elif topic in CLOSED:
        orders.closed(order_id, at)
    elif topic in ASK:
        outcome.passed["ask_the_order"] += 1
        orders.wanted(order_id, shop_id, at)
    else:
        outcome.passed["other_event"] += 1


def _trade(orders: Orders, feed: Feed, trade: Object) -> None:
    order_id, shop_id = text(trade, "tid"), feed.shop_id
    platform = feed.platform or "taobao"
    if not text(trade, "pay_time"):
        orders.outcome.passed["not_paid"] += 1
        return
    paid_at = partial(moment, text(trade, "pay_time"), BEIJING)
    lines = listed(inner(trade, "orders"), "order")
    ends = ENDED.get(text(trade, "status"), "")
    city, district = text(trade, "receiver_city"), text(trade, "receiver_district")
    if not city:  # counties that no city is above stand among the districts
        city, district = district, ""
    taken = orders.order(
        order_id=order_id,
        shop_id=shop_id,
        platform=platform,
        paid_at=paid_at,
        updated_at=partial(moment, text(trade, "modified", "pay_time"), BEIJING),
        promised_ship_by=partial(_promise, [trade, *lines]),
        amount=text(trade, "payment"),
        currency="CNY",
        **_presale(text(trade, "step_trade_status"), paid_at),
        recipient=place(province=text(trade, "receiver_state"), city=city, district=district),
        items=[
            item(text(line, "num_iid"), text(line, "sku_id"), text(line, "num")) for line in lines
        ],
        delivery_method="virtual" if text(trade, "shipping_type") == "virtual" else "",
        state="closed" if ends else "",
        closed_reason=ends,
    )
    if not taken:
        return
    parcels = {
        (text(line, "logistics_company"), text(line, "invoice_no")): text(line, "consign_time")
        for line in lines
        if text(line, "invoice_no")
    }
    for (carrier, number), at in parcels.items():
        orders.upload(
            carrier=carrier,
            number=number,
            at=partial(moment, at or text(trade, "consign_time"), BEIJING),
            order_id=order_id,
            shop_id=shop_id,
            platform=platform,
        )


def _promise(parts: Sequence[Object]) -> datetime:
    """The first time by which anything of an order is to be sent; raises NoMoment.

    What stands there may be words ("72小时内发货"): no moment.
    """
    found = []
    for part in parts:
        with suppress(NoMoment):
            found.append(moment(text(part, "est_con_time", "estimate_con_time"), BEIJING))
    if not found:
        raise NoMoment("no_time", "has no promised time")
    return min(found)


def _presale(step: str, paid_at: Callable[[], datetime]) -> dict[str, Any]:
    """A deposit and a final payment, where the order is paid in two steps (unverified: that
    `pay_time` is the last one's)."""
    if not step:
        return {}
    final = {"final_paid_at": paid_at} if step == "FRONT_PAID_FINAL_PAID" else {}
    return {"presale": "deposit", **final}


def _traces(payload: Payload, feed: Feed, data: Object) -> Outcome:
    found = Checkpoints("taobao", payload, CODES, BEIJING, own=feed.codes)
    for each in listed(data, "traces"):
        trace = inner(each, "trace") or each
        detail, address = inner(trace, "detail"), inner(trace, "address")
        site = text(inner(trace, "site"), "site_name")
        found.add(
            carrier=feed.request.get("delivery_code", ""),
            number=text(data, "mail_no"),
            code=text(detail, "operate_action"),
            at=text(detail, "operate_time"),
            words=raw_text(detail, "operate_desc", "display_action"),
            location=place(
                province=text(address, "province"),
                city=text(address, "city"),
                district=text(address, "district"),
                site=site,
            ),
            place=site,
        )
    return found.done()
