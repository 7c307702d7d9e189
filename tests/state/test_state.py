"""Stored states: what goes in comes out, `due` is readable, other versions are refused."""

from __future__ import annotations

import builtins
import types
import typing
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.facts.facts import (
    STATUS_CODE,
    LinkedLife,
    OrderFacts,
    ParcelFacts,
    Place,
    TrackingFact,
)
from streams.facts.times import HOUR
from streams.judge import parcels as judge_parcels
from streams.profiles.loader import load
from streams.state import parcels
from streams.state.codec import (
    VERSION,
    UnknownStateVersion,
    due_of,
    dump,
    dump_message,
    load_order,
    load_order_facts,
    load_parcel,
    load_parcel_facts,
)
from streams.state.state import (
    KnownOrder,
    Mark,
    OrderState,
    ParcelState,
    Published,
)
from streams.state.versions import version_order

# States hold times, counts and 63-bit hashes: never negative, except offsets not known (-1).
st.register_type_strategy(int, st.integers(0, (1 << 63) - 1))


KEYS = st.sampled_from([None, "", "a1f0"])
SHOWN = st.sampled_from([None, "粤东省", "US 某某市"])
POSTAL = st.sampled_from(["10001", "SW1A ", "~0a1b2c3d"])
CURRENCIES = st.sampled_from([None, "CNY", "?"])
CANONICAL = st.text().map(lambda text: text.lstrip("{"))
# What a state of this release keeps of texts: others it would clean on reading.
CLEAN: dict[str, st.SearchStrategy[object]] = {
    "address_key": KEYS,
    "canonical": CANONICAL,
    "currency": CURRENCIES,
    "next": st.lists(st.tuples(st.from_type(Mark), st.sampled_from(["zto:78", ":A-1", "sf:"]))),
    "origin_unrecognised": SHOWN,
    "person_key": KEYS,
    "postal_code": st.none() | POSTAL,
    "postal_codes": st.lists(st.tuples(st.from_type(Mark), POSTAL)),
    "tie": CANONICAL,
    "unrecognised": SHOWN,
}


def structs(kind: type) -> st.SearchStrategy:  # type: ignore[type-arg]
    """Any value of a struct or named tuple, from the types of its fields."""
    hints = get_type_hints(kind, include_extras=True)
    fields = {name: CLEAN[name] if name in CLEAN else values(hint) for name, hint in hints.items()}
    return st.builds(kind, **fields)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type within the bounds that it names: messages beyond them are not ours."""
    arguments = get_args(kind)
    match get_origin(kind):
        case typing.Annotated:
            return bounded(arguments[0], arguments[1])
        case typing.Union | types.UnionType:
            return st.one_of(*map(values, arguments))
        case builtins.list:
            return st.lists(values(arguments[0]))
        case builtins.tuple if arguments[-1] is ...:
            return st.lists(values(arguments[0])).map(tuple)
        case builtins.tuple:
            return st.tuples(*map(values, arguments))
    if isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or hasattr(kind, "_fields")):
        return structs(kind)
    return st.from_type(kind)


def bounded(kind: Any, bounds: Any) -> st.SearchStrategy[Any]:
    """Values of a type from a least to a greatest one, or of so many parts at least."""
    if kind is int:
        return st.integers(bounds.ge, bounds.le)
    if kind is str:
        return st.text(min_size=bounds.min_length or 0)
    if kind is bytes:
        return st.binary(min_size=bounds.min_length, max_size=bounds.max_length)
    return values(kind)


@given(structs(ParcelState))
def test_parcels_survive_storage(state: ParcelState) -> None:
    """Encoded and decoded again: equal, and `due` can be read without decoding."""
    value = dump(state)
    assert load_parcel(value) == state
    assert due_of(value) == state.due
    assert dump(load_parcel(value)) == value


@given(structs(OrderState))
def test_orders_survive_storage(state: OrderState) -> None:
    """The same for orders; where one has a tombstone of an older release, in today's order."""
    if any(not version.known and not version.partial for version in state.versions):
        state.versions.sort(key=version_order)
    value = dump(state)
    assert load_order(value) == state
    assert due_of(value) == state.due


@given(structs(OrderFacts), structs(ParcelFacts))
def test_messages_survive_kafka(order: OrderFacts, parcel: ParcelFacts) -> None:
    """Internal messages come out as they went in."""
    assert load_order_facts(dump_message(order)) == order
    assert load_parcel_facts(dump_message(parcel)) == parcel


@pytest.mark.parametrize("decode", [load_order, load_parcel])
def test_an_unknown_version_is_refused_by_name(decode: object) -> None:
    """A state of another release is no garbage to be guessed at: the error says what was found."""
    value = b"\x7f" + dump(OrderState("1"))[1:]
    with pytest.raises(UnknownStateVersion, match=r"7f.*reads"):
        decode(value)  # type: ignore[operator]
    with pytest.raises(UnknownStateVersion):
        decode(b"")  # type: ignore[operator]


def test_the_version_byte_leads() -> None:
    """One byte of version, eight of `due`, then the array: readable by the store."""
    value = dump(OrderState("1", due=5))
    assert value[:1] == VERSION
    assert int.from_bytes(value[1:9], "big") == 5


def test_a_decoded_state_shares_nothing_with_another() -> None:
    """Fields left at their defaults are the state's own lists."""
    one, two = ParcelState("zto:1"), ParcelState("zto:2")
    one.records.append((1, 1, 1, 0, 0, 0, 0, 0, 0))
    assert two.records == []
    stored = dump(two)
    first, second = load_parcel(stored), load_parcel(stored)
    first.orders.append(KnownOrder("1"))
    assert second.orders == []


@given(structs(Published))
def test_published_findings_survive(entry: Published) -> None:
    """What was last published is part of the state."""
    state = OrderState("1", published=[entry])
    assert load_order(dump(state)).published == [entry]


FIRST_PARCEL = bytes.fromhex(
    "01000660c2e27c900099b27a746f3a37383132333435363738393031329195cf000660b24ea2c800cd12670102299199"
    "cf000660ad472cf000cd032f0091a131a6646f7579696ea3732d31d9267b226f726465725f696473223a5b2231225d2c"
    "22737461747573223a226f726465726564227d02289293a1319ba131c3c3a6646f7579696ea3732d31cf000660ab9a05"
    "a800cf000660ab9a05a800cf000660d3d5b46800c0a233339192cf000660ab9a05a80094a23434a434343033ac616464"
    "726573732d616e6e61ab706572736f6e2d616e6e619193cf000660ad472cf000c091cf000660b24ea2c80093a132c0c0"
    "9193d9203430643432323336626463316462396431633938323064656431326466306232cf000001a1faf93b00dc0011"
    "ae7069636b75705f6f766572647565a976696f6c6174696f6ea8637269746963616cb1646f7579696e2d323032362d30"
    "372d3039a6646f7579696ea3732d3191a131b27a746f3a3738313233343536373839303132cf000660ad472cf000a46f"
    "70656ecf000660bc5d8e7800cf000660c165045000c0c0cf000000141dd76000c0a6737472696b65cf000660b24ea2c8"
    "00cf000660b24eb20a40cf000660b24eb20a40cf000660c2e27c9000"
)
FIRST_ORDER = bytes.fromhex(
    "01000660c9c6c8b80098a13191dc0013a131cf000660ab9a05a800b07b226f726465725f6964223a2231227dc3a6646f"
    "7579696ea3732d31cf000660ab9a05a800c0cf000660d3d5b468000000c294a23434a434343033ac616464726573732d"
    "616e6e61ab706572736f6e2d616e6e61c0c0c09001079193b27a746f3a37383132333435363738393031329193cf0006"
    "60ad472cf000c091cf000660b24ea2c8000190cf000660ab9a05a800cf000660ab9a51f34000cf000660c9c6c8b800"
)
"""States as a release that wrote the first version stored them: one order, uploaded, picked up."""

PAID = 1_795_140_000_000_000
UPLOADED, PICKED = PAID + 2 * HOUR, PAID + 8 * HOUR
ANNA = Place("44", "4403", "address-anna", "person-anna")


def test_a_parcel_of_the_first_version_is_read() -> None:
    """Its records knew no node, no place and no recipient; everything else is what it was."""
    state = load_parcel(FIRST_PARCEL)
    assert state.records == [(PICKED, 4711, 1, 2, 41, 0, 0, 0, 0)]
    (named,) = state.named
    assert (named.at, named.order_ids, named.recipient) == (UPLOADED, ("1",), 0)
    assert (state.recipients, state.claims) == ([], [])
    (published,) = state.published
    assert (published.revision, published.finding.state) == (1_795_212_000_000, "open")
    assert published.finding.detail is published.finding.money is None
    assert [known.order_id for known in state.orders] == ["1", "2"]
    facts = state.orders[0].facts
    assert facts is not None
    assert (facts.recipients, facts.amount_paid) == (((PAID, ANNA),), None)
    assert due_of(FIRST_PARCEL) == state.due
    assert load_parcel(dump(state)) == state


def test_a_parcel_of_the_first_version_tells_its_orders_anew() -> None:
    """It had told less than is told today, so its next fact tells all of it."""
    state = load_parcel(FIRST_PARCEL)
    assert [known.last_sent for known in state.orders] == [None, None]
    hub = TrackingFact(state.key, PICKED + HOUR, STATUS_CODE["hub"], 1)
    assert not parcels.apply(state, (hub,), PICKED + HOUR).known_elsewhere
    ((key, message),) = parcels.replies(state)
    assert key == message.order_id.encode()
    assert message.lives == (LinkedLife(UPLOADED, None, (PICKED, PICKED + HOUR), judged=True),)
    assert parcels.replies(state) == []


def test_a_parcel_of_the_first_version_repeats_no_node() -> None:
    """Unknown nodes are not equal nodes: three records without one accuse nobody."""
    state = load_parcel(FIRST_PARCEL)
    first = state.records[0]
    state.records = [first._replace(at=first.at + n) for n in range(3)]
    evaluation = judge_parcels.evaluate(state, PICKED + HOUR, load())
    assert evaluation.failures == []
    assert "repeated_track" not in {each.finding.rule for each in evaluation.candidates}


def test_an_order_of_the_first_version_is_read() -> None:
    """Nothing but appended fields came to it."""
    state = load_order(FIRST_ORDER)
    (version,) = state.versions
    assert (version.paid_at, version.recipient) == (PAID, ANNA)
    (parcel,) = state.parcels
    assert parcel.lives == (LinkedLife(UPLOADED, None, (PICKED,), judged=True),)
    assert due_of(FIRST_ORDER) == state.due
    assert dump(state)[:1] == VERSION
    assert load_order(dump(state)) == state
