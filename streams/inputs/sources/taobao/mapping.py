"""Taobao's messages → orders; traces → checkpoints. Taobao or Tmall: the feed says which."""

from __future__ import annotations

from functools import partial

from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Checkpoints, Orders, place
from streams.inputs.sources.moments import BEIJING, moment
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


def read(payload: Payload, feed: Feed) -> Outcome:
    """The orders of messages, or the checkpoints of an answer. Raises Unreadable."""
    said = json_of(payload.body, "the body")
    outcome = Outcome()
    if isinstance(said, dict) and "traces" in inner(said, "data"):
        return _traces(payload, feed, inner(said, "data"))
    if isinstance(said, dict) and CONSUMED in said:
        said = inner(inner(said, CONSUMED), "messages").get("tmc_message")
    messages = listed({"all": said if isinstance(said, list) else [said]}, "all")
    if not any("topic" in message for message in messages):
        raise Unreadable("there is neither a topic nor traces")
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
    if topic == PAID:
        taken = orders.order(
            order_id=order_id,
            shop_id=text(message, "user_id") or feed.shop_id,
            platform=feed.platform or "taobao",
            paid_at=at,
            updated_at=at,
            amount=text(said, "payment"),
            currency="CNY",
        )
        if taken:
            outcome.wanted.append(order_id)
    elif topic in CLOSED:
        orders.closed(order_id, at)
    elif topic in ASK:
        outcome.passed["ask_the_order"] += 1
        if order_id:
            outcome.wanted.append(order_id)
    else:
        outcome.passed["other_event"] += 1


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
