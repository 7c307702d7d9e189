"""Stored states: what goes in comes out, `due` is readable, other versions are refused."""

from __future__ import annotations

from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.facts import LinkedLife, OrderFacts, OrderVersion, ParcelFacts, Place
from streams.core.state import (
    VERSION,
    KnownOrder,
    LinkedParcel,
    Named,
    OrderState,
    ParcelState,
    Published,
    UnknownStateVersion,
    decode_order,
    decode_order_facts,
    decode_parcel,
    decode_parcel_facts,
    due_of,
    encode,
    encode_message,
)

# States hold times, counts and 63-bit hashes: never negative, except offsets not known (-1).
st.register_type_strategy(int, st.integers(0, (1 << 63) - 1))


def structs(kind: type) -> st.SearchStrategy:  # type: ignore[type-arg]
    """Any value of a struct, from the types of its fields."""
    return st.builds(kind, **{name: st.from_type(t) for name, t in _types(kind).items()})


def _types(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


for _kind in (
    Place,
    LinkedLife,
    OrderFacts,
    OrderVersion,
    ParcelFacts,
    Named,
    KnownOrder,
    LinkedParcel,
):
    st.register_type_strategy(_kind, structs(_kind))


@given(structs(ParcelState))
def test_parcels_survive_storage(state: ParcelState) -> None:
    """Encoded and decoded again: equal, and `due` can be read without decoding."""
    value = encode(state)
    assert decode_parcel(value) == state
    assert due_of(value) == state.due
    assert encode(decode_parcel(value)) == value


@given(structs(OrderState))
def test_orders_survive_storage(state: OrderState) -> None:
    """The same for orders."""
    value = encode(state)
    assert decode_order(value) == state
    assert due_of(value) == state.due


@given(structs(OrderFacts), structs(ParcelFacts))
def test_messages_survive_kafka(order: OrderFacts, parcel: ParcelFacts) -> None:
    """Internal messages come out as they went in."""
    assert decode_order_facts(encode_message(order)) == order
    assert decode_parcel_facts(encode_message(parcel)) == parcel


@pytest.mark.parametrize("decode", [decode_order, decode_parcel])
def test_an_unknown_version_is_refused_by_name(decode: object) -> None:
    """A state of another release is no garbage to be guessed at: the error says what was found."""
    value = b"\x7f" + encode(OrderState("1"))[1:]
    with pytest.raises(UnknownStateVersion, match=r"7f.*reads"):
        decode(value)  # type: ignore[operator]
    with pytest.raises(UnknownStateVersion):
        decode(b"")  # type: ignore[operator]


def test_the_version_byte_leads() -> None:
    """One byte of version, eight of `due`, then the array: readable by the store."""
    value = encode(OrderState("1", due=5))
    assert value[:1] == VERSION
    assert int.from_bytes(value[1:9], "big") == 5


def test_a_decoded_state_shares_nothing_with_another() -> None:
    """Fields left at their defaults are the state's own lists."""
    one, two = ParcelState("zto:1"), ParcelState("zto:2")
    one.records.append((1, 1, 1, 0, 0, 0, 0, 0, 0))
    assert two.records == []
    stored = encode(two)
    first, second = decode_parcel(stored), decode_parcel(stored)
    first.orders.append(KnownOrder("1"))
    assert second.orders == []


@given(structs(Published))
def test_published_findings_survive(entry: Published) -> None:
    """What was last published is part of the state."""
    state = OrderState("1", published=[entry])
    assert decode_order(encode(state)).published == [entry]
