"""Partial versions: what an order is of all that was said of it, in whatever order it came."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from support.builders import (
    ANNA,
    BORIS,
    DAY,
    GUANGZHOU,
    HANGZHOU,
    HOUR,
    LATER,
    PAID,
    PROMISE,
    UPLOADED,
    US,
    Message,
    judge,
    order,
    times,
    upload,
    us,
)

from streams.decode import Bad, decode_order
from streams.facts.facts import DELIVERY_METHODS, PRESALES, OrderVersion, Place
from streams.state import orders
from streams.state.codec import dump, load_order
from streams.state.state import OrderState
from streams.state.versions import accepted_recipients, closed_since, order_known, recipient_at

T = [PAID + n * HOUR for n in range(8)]
FAR = us(LATER)
WHOLE: Message = {
    **order(updated_at=T[0], via=HANGZHOU, parcels_expected=2),
    "final_paid_at": T[0].isoformat(),
    "promised_delivery_by": (PAID + 5 * DAY).isoformat(),
    "refund_requested_at": T[0].isoformat(),
    "paid_at_quality": "estimated",
    "delivery_method": "virtual",
    "presale": "deposit",
    "amount_paid": 100,
    "currency": "CNY",
    "items": [{"product_id": "p1"}],
    "ship_from": HANGZHOU,
}
"""A full version that says all there is to say."""


def partial(at: datetime, **fields: Any) -> Message:
    """A version that says these fields alone; null is said."""
    said = {"order_id": "1", "partial": True, "updated_at": at.isoformat()}
    for name, value in fields.items():
        said[name] = value.isoformat() if isinstance(value, datetime) else value
    return said


def version(message: Message) -> OrderVersion:
    """What a message says; one without a value is a tombstone, at its time."""
    if "tombstone" in message:
        found = decode_order(None, b"1", FAR, us(message["tombstone"]))
    else:
        found = decode_order(json.dumps(message).encode(), None, FAR, FAR)
    assert not isinstance(found, Bad), found
    return found


def known_of(*messages: Message) -> OrderState:
    """The state after these messages; every order of arrival gives the same order."""
    states = []
    for some in permutations(messages):
        state = OrderState("1")
        for message in some:
            orders.apply(state, [version(message)], FAR)
            state = load_order(dump(state))
        states.append(state)
    first = states[0]
    assert all(other.versions == first.versions for other in states)
    assert all(orders.facts_of(other) == orders.facts_of(first) for other in states)
    return first


def order_of(*messages: Message) -> OrderVersion:
    """The order as known after these messages."""
    found = order_known(known_of(*messages).versions)
    assert found is not None
    return found


FIELDS: list[tuple[str, Any, str, Any]] = [
    ("platform", "天猫", "platform", "tmall"),
    ("shop_id", 7, "shop_id", "7"),
    ("paid_at", T[1].isoformat(), "paid_at", us(T[1])),
    ("final_paid_at", T[1].isoformat(), "final_paid_at", us(T[1])),
    ("promised_ship_by", T[7].isoformat(), "promised_ship_by", us(T[7])),
    ("promised_delivery_by", T[7].isoformat(), "promised_delivery_by", us(T[7])),
    ("refund_requested_at", T[1].isoformat(), "refund_requested_at", us(T[1])),
    ("parcels_expected", 5, "parcels_expected", 5),
    ("paid_at_quality", "exact", "paid_estimated", False),
    ("delivery_method", "express", "delivery_method", DELIVERY_METHODS.index("express")),
    ("presale", "full", "presale", PRESALES.index("full")),
    ("amount_paid", 5, "amount_paid", 5),
    ("currency", "USD", "currency", "USD"),
    ("recipient", BORIS, "recipient", Place("33", "3301", "address-boris", "person-boris")),
    ("via", GUANGZHOU, "via", Place("44", "4401")),
    ("ship_from", GUANGZHOU, "ship_from", Place("44", "4401")),
    ("items", [], "items", ()),
    ("state", "closed", "closed", True),
]


@pytest.mark.parametrize(("name", "sent", "kept", "value"), FIELDS, ids=[f[0] for f in FIELDS])
def test_each_field_is_that_of_the_last_version_that_states_it(
    name: str, sent: Any, kept: str, value: Any
) -> None:
    """A partial version changes what it carries and nothing else; a later full one changes all."""
    whole = order_of(WHOLE)
    assert getattr(whole, kept) != value
    found = order_of(WHOLE, partial(T[1], **{name: sent}), partial(T[2]))
    assert getattr(found, kept) == value
    for other in {each[2] for each in FIELDS} - {kept}:
        assert getattr(found, other) == getattr(whole, other), other
    again = {**WHOLE, "updated_at": T[3].isoformat()}
    assert getattr(order_of(WHOLE, partial(T[1], **{name: sent}), again), kept) == getattr(
        whole, kept
    )


NULLS: dict[str, Any] = {
    "final_paid_at": None,
    "promised_ship_by": None,
    "promised_delivery_by": None,
    "refund_requested_at": None,
    "parcels_expected": None,
    "amount_paid": None,
    "currency": None,
    "recipient": None,
    "via": None,
    "ship_from": None,
}


@pytest.mark.parametrize("name", NULLS)
def test_null_is_stated(name: str) -> None:
    """It says that there is none; an absent field says nothing."""
    assert getattr(order_of(WHOLE, partial(T[1], **{name: None})), name) is None
    assert getattr(order_of(WHOLE, partial(T[1], state="paid")), name) is not None


@pytest.mark.parametrize(
    ("name", "kept", "default"),
    [
        ("delivery_method", "delivery_method", DELIVERY_METHODS.index("express")),
        ("presale", "presale", PRESALES.index("none")),
        ("paid_at_quality", "paid_estimated", False),
        ("state", "closed", False),
    ],
)
def test_null_is_the_default_where_there_is_one(name: str, kept: str, default: Any) -> None:
    """As in a full version."""
    closed = {**WHOLE, "state": "closed"}
    assert getattr(order_of(closed, partial(T[1], **{name: None})), kept) == default


@pytest.mark.parametrize("name", ["platform", "shop_id", "paid_at"])
def test_null_where_a_full_version_needs_a_value(name: str) -> None:
    """Is refused: nothing can be without it."""
    found = decode_order(json.dumps(partial(T[1], **{name: None})).encode(), None, FAR, FAR)
    assert isinstance(found, Bad)
    assert found.field == name


def test_at_one_time_a_partial_version_is_later_than_a_full_one() -> None:
    """Whatever their canonical JSON says, and also where the full one is closed."""
    full = {**WHOLE, "state": "closed", "amount_paid": 999}
    found = order_of(full, partial(T[0], amount_paid=1, state="paid"))
    assert (found.amount_paid, found.closed) == (1, False)


def test_at_one_time_a_closed_one_is_later() -> None:
    """Than an open one, and than one that states no state; then the greater canonical JSON."""
    closed = partial(T[1], state="closed", amount_paid=1)
    for other in (partial(T[1], state="paid", amount_paid=5), partial(T[1], amount_paid=5)):
        found = order_of(WHOLE, closed, other)
        assert (found.closed, found.amount_paid) == (True, 1)
    full = {**WHOLE, "updated_at": T[1].isoformat(), "amount_paid": 5}
    assert order_of(full, {**full, "state": "closed", "amount_paid": 1}).amount_paid == 1
    # Compared as text: 9 is greater than 10.
    found = order_of(WHOLE, partial(T[1], amount_paid=9), partial(T[1], amount_paid=10))
    assert found.amount_paid == 9


def runs(*states: tuple[int, str | None]) -> datetime | None:
    """Since when an order is closed that is open at first and then said to be so, by hours."""
    said = [partial(T[n], **({} if state is None else {"state": state})) for n, state in states]
    since = closed_since(known_of({**WHOLE, "updated_at": T[0].isoformat()}, *said).versions)
    return None if since is None else PAID + timedelta(microseconds=since - us(PAID))


def test_closed_since_the_last_unbroken_run() -> None:
    """Among the versions that state it: one that does not breaks no run and ends none."""
    assert runs() is None
    assert runs((2, None)) is None
    assert runs((1, "closed"), (2, None), (3, "closed"), (4, None)) == T[1]
    assert runs((1, "closed"), (2, "paid"), (3, None), (4, "closed")) == T[4]
    assert runs((1, "closed"), (2, "paid")) is None


def test_a_full_version_states_its_state() -> None:
    """Also one that leaves it out: it is open, and breaks the run."""
    again = {**WHOLE, "updated_at": T[2].isoformat()}
    assert closed_since(known_of(WHOLE, partial(T[1], state="closed"), again).versions) is None
    last = partial(T[3], state="closed")
    found = known_of(WHOLE, partial(T[1], state="closed"), again, last)
    assert closed_since(found.versions) == us(T[3])


def test_a_tombstone_is_a_partial_version() -> None:
    """It states that the order is closed and nothing else, at its record's timestamp."""
    tombstone = {"tombstone": T[1]}
    found = order_of(WHOLE, tombstone)
    assert (found.closed, found.amount_paid) == (True, 100)
    # At one time it is later than a full version, and than whatever does not close.
    for other in ({**WHOLE, "updated_at": T[1].isoformat()}, partial(T[1], state="paid")):
        assert closed_since(known_of(WHOLE, tombstone, other).versions) == us(T[1])
    assert closed_since(known_of(WHOLE, tombstone, partial(T[2])).versions) == us(T[1])
    assert closed_since(known_of(WHOLE, tombstone, partial(T[2], state="paid")).versions) is None


@pytest.mark.parametrize(
    ("messages", "closed"),
    [
        ([partial(T[1], platform="tmall", amount_paid=5, recipient=ANNA)], None),
        ([partial(T[1], state="closed"), partial(T[2])], T[1]),
        ([{"tombstone": T[1]}], T[1]),
        ([{"tombstone": T[1]}, partial(T[2], state="paid")], None),
    ],
)
def test_without_a_full_version_an_order_is_not_known(
    messages: list[Message], closed: datetime | None
) -> None:
    """But closed if they say so; nothing else of them counts."""
    state = known_of(*messages)
    facts = orders.facts_of(state)
    assert order_known(state.versions) is None
    assert (facts.known, facts.express, facts.recipients, facts.platform) == (False, True, (), "")
    assert facts.closed_at == (None if closed is None else us(closed))


def test_an_order_that_is_not_known_is_judged_by_its_upload() -> None:
    """Its partial versions say nothing of platform and way of delivery, only that it is closed."""
    said = partial(T[1], platform="tmall", delivery_method="virtual", promised_ship_by=T[2])
    sent = [said, upload("1", platform="douyin", shop_id="s-7")]
    found = judge(sent, LATER)
    assert {one["rule"] for one in found.newest.values()} == {"pickup_overdue"}
    for one in found.newest.values():
        assert (one["platform"], one["shop_id"], one["state"]) == ("douyin", "s-7", "breached")
    end = UPLOADED + 20 * HOUR
    closed = judge([*sent, partial(end, state="closed")], LATER).one("pickup_overdue")
    assert times(closed)["resolved_at"] == end


def test_a_partial_version_moves_the_promise() -> None:
    """The warning keeps its id and its start; the rest of the order is as it was."""
    before = judge([order()], PROMISE).one("ship_overdue")
    moved = partial(T[1], promised_ship_by=PROMISE + DAY)
    after = judge([order(), moved], PROMISE + DAY).one("ship_overdue")
    assert after["warning_id"] == before["warning_id"]
    assert times(after)["deadline"] == PROMISE + DAY
    taken = judge([order(), partial(T[1], promised_ship_by=None)], PROMISE).one("ship_overdue")
    assert times(taken)["deadline"] == PAID + 48 * HOUR


def test_the_recipient_for_a_parcel() -> None:
    """Of the last version up to the upload that states one, else of the first that does."""
    anna, boris = Place("44", "4403", "address-anna", "person-anna"), FIELDS[13][3]
    facts = orders.facts_of(
        known_of(
            {**WHOLE, "updated_at": T[2].isoformat()},
            partial(T[3], amount_paid=1),
            partial(T[4], recipient=None),
            partial(T[5], recipient=BORIS),
        )
    )
    at = [recipient_at(facts, us(moment)) for moment in T]
    assert at == [anna, anna, anna, anna, None, boris, boris, boris]
    assert recipient_at(facts, us(T[4]) - 1) == anna


def test_a_full_version_without_a_recipient_states_that_it_is_unknown() -> None:
    """A partial one without it states nothing."""
    without = {name: value for name, value in WHOLE.items() if name != "recipient"}
    without["updated_at"] = T[1].isoformat()
    facts = orders.facts_of(known_of(WHOLE, without, partial(T[2])))
    assert recipient_at(facts, us(T[2])) is None
    assert recipient_at(facts, us(T[1]) - 1) is not None


def test_accepted_recipients() -> None:
    """The one of the upload, all that were stated later, and each warehouse ever stated."""
    facts = orders.facts_of(
        known_of(
            {**WHOLE, "updated_at": T[0].isoformat()},
            partial(T[1], recipient=BORIS, via=GUANGZHOU),
            partial(T[2], recipient=None, via=None),
            partial(T[3], recipient=GUANGZHOU),
        )
    )
    cities = [
        {place.city for place in accepted_recipients(facts, us(moment))}
        for moment in (T[0], T[1], T[3])
    ]
    vias = {"3301", "4401"}
    assert cities == [{"4403", "3301", "4401"}, {"3301", "4401"} | vias, {"4401"} | vias]
    before = accepted_recipients(facts, us(T[1]) - 1)
    assert {place.city for place in before} == {"4403", "3301", "4401"}


def test_the_base_moves_with_what_is_stated() -> None:
    """A deposit presale's clock begins with the final payment that a partial version tells."""
    presale = order(presale="deposit", promised_ship_by=PAID + 10 * DAY)
    assert judge([presale], PAID + 20 * DAY).newest == {}
    paid = partial(T[5], final_paid_at=T[4])
    found = judge([presale, paid], PAID + 20 * DAY).one("ship_overdue")
    assert found["evidence"]["started_at"] == "2026-11-20T06:00:00+00:00"
    assert judge([presale, paid], PAID + 10 * DAY - 12 * HOUR - US).newest == {}
