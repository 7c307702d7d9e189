"""What a number claims, and how it takes what tracks answer."""

from __future__ import annotations

import json

from support.builders import (
    ANNA,
    BORIS,
    HANGZHOU,
    HOUR,
    LATER,
    NUMBER,
    PICKED,
    UPLOADED,
    Message,
    order,
    record,
    release,
    upload,
    us,
)

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.facts import CloneFacts, OrderFacts, TrackFacts
from streams.profiles.loader import load
from streams.state import orders, parcels
from streams.state.claims import apply_clone_facts, claim, last_sent
from streams.state.codec import dump, dump_message, load_parcel
from streams.state.fingerprint import track_of
from streams.state.state import OrderState, ParcelState

FAR = 1 << 62
PROFILES = load()
KEY = f"zto:{NUMBER}"
NOW = us(LATER)
STATUSES = ("picked_up", "hub", "arrived_dest_city", "delivered")


def facts_of(*versions: Message) -> list[OrderFacts]:
    """What orders say of themselves, one version each."""
    found = []
    for value in versions:
        version = decode_order(json.dumps(value).encode(), None, FAR, FAR)
        assert not isinstance(version, Bad)
        state = OrderState(version.order_id)
        orders.apply(state, (version,), NOW)
        found.append(orders.facts_of(state))
    return found


def absorbed(state: ParcelState, *messages: Message) -> ParcelState:
    """The state once it has these facts."""
    for value in messages:
        fact = decode_tracking(json.dumps(value).encode(), FAR)
        assert not isinstance(fact, Bad)
        parcels.apply(state, (fact,), NOW)
    return state


def track(first: int = 0) -> list[Message]:
    """Four records, ten hours apart."""
    return [
        record(status, PICKED + place * 10 * HOUR, location=HANGZHOU)
        for place, status in enumerate(STATUSES)
    ][first:]


def delivered(*more: Message) -> ParcelState:
    """A delivered parcel of order 1."""
    return absorbed(ParcelState(KEY), upload("1"), *track(), *more)


def known(recipient: Message = ANNA) -> ParcelState:
    """The same parcel, with what its order says of itself."""
    state = delivered()
    parcels.apply_order_facts(state, facts_of(order("1", recipient=recipient)), NOW)
    return state


def claims(state: ParcelState) -> list[TrackFacts]:
    """What tracks are told now."""
    return claim(state, 4)


def test_a_delivered_track_is_claimed_once() -> None:
    """Its signature, its upload and its recipient; nothing more until something changes."""
    state = known()
    (said,) = claims(state)
    found = track_of(state.records)
    assert found is not None
    assert found[:2] == (us(PICKED + 30 * HOUR), 4)
    assert (said.signature, said.key, said.uploaded_at) == (found.signature, KEY, us(UPLOADED))
    assert (said.place, said.address is None) == (444403, False)
    assert len(said.signature) == 16
    assert claims(state) == []
    assert claims(load_parcel(dump(state))) == []


def test_the_address_key_itself_is_not_told() -> None:
    """Its hash is: a claim is short whatever the producer makes of its keys."""
    state = known({"address_key": "k" * 512})
    (said,) = claims(state)
    assert isinstance(said.address, int)
    assert len(dump_message([said])) < 80
    other = known({"address_key": "k" * 511})
    assert claims(other)[0].address != said.address


def test_nothing_is_claimed_before_delivery_or_without_orders_or_too_short() -> None:
    """Most parcels at most times tell no track anything."""
    facts = facts_of(order("1"))
    for messages in ((upload("1"), *track()[:-1]), track(), (upload("1"), *track(1))):
        state = absorbed(ParcelState(KEY), *messages)
        parcels.apply_order_facts(state, facts, NOW)
        assert claims(state) == []
    away = delivered()
    parcels.apply_order_facts(away, facts_of(order("1", delivery_method="self_pickup")), NOW)
    assert claims(away) == []


def test_nothing_is_claimed_while_nothing_is_known_of_the_address() -> None:
    """What is not known is not different: such a claim would make no clone of anybody."""
    assert claims(delivered()) == []
    assert claims(known({"person_key": "p"})) == []
    assert len(claims(known({"province": "广东省"}))) == 1
    state = known()
    (said,) = claims(state)
    parcels.apply_order_facts(state, facts_of(order("1", recipient=None)), NOW)
    assert claims(state) == [TrackFacts(said.signature, KEY)]


def test_a_change_is_told_and_an_end_too() -> None:
    """The recipient changes; then a late record makes it another track."""
    state = known()
    (anna,) = claims(state)
    parcels.apply_order_facts(state, facts_of(order("1", recipient=BORIS)), NOW)
    (boris,) = claims(state)
    assert boris == TrackFacts(anna.signature, KEY, anna.uploaded_at, 333301, boris.address)
    assert boris.address != anna.address
    absorbed(state, record("in_transit", PICKED + HOUR))
    gone, new = claims(state)
    assert gone == TrackFacts(anna.signature, KEY)
    assert (new.signature != anna.signature, new.address) == (True, boris.address)
    assert [entry.signature for entry in state.claims] == [new.signature]


def test_an_answer_survives_a_change_of_the_claim() -> None:
    """What the track said stands until it says otherwise."""
    state = known(BORIS)
    (said,) = claims(state)
    heard = (us(UPLOADED), said.place, said.address)
    apply_clone_facts(state, KEY, CloneFacts(said.signature, 77, *heard), NOW)
    parcels.apply_order_facts(state, facts_of(order("1", recipient=ANNA)), NOW)
    assert len(claims(state)) == 1
    assert [entry.since for entry in state.claims] == [77]
    absorbed(state, release("1", LATER))
    assert claims(state) == []


def test_an_answer_is_news_once() -> None:
    """It changes the state, and keeps it alive; a repeat does neither."""
    state = known()
    (said,) = claims(state)
    heard = (us(UPLOADED), said.place, said.address)
    answer = CloneFacts(said.signature, 77, *heard)
    assert apply_clone_facts(state, KEY, answer, NOW + 5) == (True, None)
    assert state.touched == NOW + 5
    before = dump(state)
    assert apply_clone_facts(state, KEY, answer, NOW + 9) == (False, None)
    assert dump(state) == before
    withdrawn = CloneFacts(said.signature, None, *heard)
    assert apply_clone_facts(state, KEY, withdrawn, NOW + 9) == (True, None)


def test_a_claim_that_a_crash_made_us_forget_is_taken_back() -> None:
    """The track answers what this state never said, or there is no state at all."""
    strange = CloneFacts(b"s" * 16, 77, 5, 0, None)
    assert apply_clone_facts(delivered(), KEY, strange, NOW) == (False, TrackFacts(b"s" * 16, KEY))
    assert apply_clone_facts(None, KEY, strange, NOW) == (False, TrackFacts(b"s" * 16, KEY))


def test_a_claim_that_the_track_heard_otherwise_is_said_again() -> None:
    """Its last words may be those of a state that a crash took."""
    state = known()
    (said,) = claims(state)
    for heard in (
        (5, said.place, said.address),
        (us(UPLOADED), said.place, None),
        (us(UPLOADED), 0, 9),
    ):
        answer = CloneFacts(said.signature, None, *heard)
        changed, again = apply_clone_facts(state, KEY, answer, NOW)
        assert (changed, again) == (False, said)
    assert last_sent(KEY, state.claims[0]) == said


def test_a_track_without_its_locations_is_not_compared() -> None:
    """Records that a former release stored are no ground to accuse anybody."""
    state = known()
    state.records[1] = state.records[1]._replace(node=0, spot=0)
    assert track_of(state.records) is None
    assert claims(state) == []
