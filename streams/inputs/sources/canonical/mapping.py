"""Messages of the contract as they are: an object, an array of them, or one on each line."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import ValidationError

from schemas import OrderPaid, TrackingUpdate
from schemas.cleaning import clean_id
from schemas.times import to_us
from streams.inputs.sources.codes import codes_of
from streams.inputs.sources.messages import Orders, carrier_of
from streams.inputs.sources.moments import moment
from streams.inputs.sources.parts import Object, json_lines, json_of, listed, text
from streams.inputs.sources.payload import Canonical, Feed, Outcome, Payload, Unreadable

CODES = codes_of("streams.inputs.sources.canonical")


def read(payload: Payload, feed: Feed) -> Outcome:
    """The messages that keep the contract; the others are refused by number. Raises Unreadable."""
    outcome = Outcome()
    for number, said in enumerate(_messages(payload.body), 1):
        _take(outcome, payload, number, said)
    return outcome


def _messages(body: bytes) -> list[Object]:
    try:
        said = json_of(body, "the body")
    except Unreadable:
        return json_lines(body)
    found = listed({"all": said if isinstance(said, list) else [said]}, "all")
    if not found or (isinstance(said, list) and len(found) < len(said)):
        raise Unreadable("the body is neither a message nor an array of messages")
    return found


def _end(outcome: Outcome, payload: Payload, number: int, said: Object) -> None:
    """A tombstone, as `sources try` writes it and `replay` reads it: key, null, timestamp."""
    at = partial(moment, text(said, "timestamp"), None)
    order_id = clean_id(text(said, "key"))
    if not order_id or said.get("topic", "order-paid") != "order-paid":
        outcome.refuse("no_order", f"message {number} ends no order: its key is one's id")
        return
    Orders("canonical", payload, outcome).closed(order_id, at)


def _take(outcome: Outcome, payload: Payload, number: int, said: Object) -> None:
    value: Any = said.get("value") if "topic" in said or "value" in said else said
    if "value" in said and value is None:
        _end(outcome, payload, number, said)
        return
    is_order = isinstance(value, dict) and "order_id" in value and "tracking_number" not in value
    if not isinstance(value, dict):
        outcome.refuse("wrong_type", f"message {number} is no object")
        return
    model: type[OrderPaid] | type[TrackingUpdate] = OrderPaid if is_order else TrackingUpdate
    try:
        model.model_validate(value, context={"arrival_us": to_us(payload.arrived_at)})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        outcome.refuse(first["type"], f"message {number}: {where} {first['msg']}")
        return
    if is_order:
        outcome.messages.append(Canonical("order-paid", clean_id(text(value, "order_id")), value))
    else:
        parcel = clean_id(text(value, "tracking_number")).upper()
        key = f"{carrier_of(text(value, 'carrier'))}:{parcel}"
        outcome.messages.append(Canonical("tracking-update", key, value))
