"""What a warning says beside its remedy, and how much of it."""

from __future__ import annotations

import pytest
from support.builders import (
    BORIS,
    HOUR,
    LATER,
    NUMBER,
    PICKED,
    UPLOADED,
    US,
    Message,
    judge,
    order,
    picked_up,
    record,
    release,
    upload,
    us,
)

from streams.facts.facts import LinkedLife, ParcelFacts
from streams.state import orders
from streams.state.state import OrderState

WAITING = "0" + NUMBER


def twice(*more: Message, carrier: str = "zto") -> list[Message]:
    """One parcel under two numbers, of which the right one moves."""
    wrong = upload("1", number=WAITING, carrier=carrier)
    return [order(), wrong, upload("1"), picked_up(), *more]


def advice(history: list[Message], rule: str = "pickup_overdue") -> list[list[tuple[str, str]]]:
    """The advice of each warning of a rule that stands."""
    return [
        [(each["code"], each["value"]) for each in warning["evidence"]["advice"]]
        for warning in judge(history, LATER).of(rule, "violation")
    ]


def test_the_number_that_waits_names_the_one_that_moves() -> None:
    """By the same digits but for zeros, or of another carrier; not by other digits."""
    assert advice(twice()) == [[("moves_as", f"zto {NUMBER}")]]
    assert advice(twice(carrier="sf")) == [[("moves_as", f"zto {NUMBER}")]]
    other = [order(), upload("1", number="9" + NUMBER), upload("1"), picked_up()]
    assert advice(other) == [[]]


def test_once_it_moves_itself_it_names_none() -> None:
    """Late, and on its way under its own number."""
    moved = picked_up(UPLOADED + 30 * HOUR, WAITING)
    assert advice(twice(moved)) == [[]]


def test_only_progress_is_a_move() -> None:
    """A label or an exception under the other number is none."""
    for status in ("exception", "unknown", "ordered"):
        history = [*twice()[:3], record(status, PICKED)]
        assert advice(history) == [[], []]


def test_a_taken_back_scan_is_no_move() -> None:
    """The note goes with it."""
    void = {**picked_up(), "voided": True}
    assert advice(twice(void)) == [[], []]


def test_an_order_tells_of_so_many() -> None:
    """A placeholder of many carriers does not grow for ever; which ones, no arrival decides."""
    keys = [f"c{n}:{NUMBER}" for n in range(9)]
    said = [ParcelFacts(key, "1", (LinkedLife(us(UPLOADED), None, (us(PICKED),)),)) for key in keys]
    for some in (said, said[::-1]):
        state = OrderState("1")
        orders.apply_parcel_facts(state, some, us(PICKED))
        assert orders.facts_of(state).moving == tuple(keys[: orders.MOST_MOVING])


def test_a_warning_names_so_many() -> None:
    """Of two orders in one parcel, each with two others that move under its digits."""
    history = [order("1"), order("2"), upload(["1", "2"], number=WAITING)]
    for n, carrier in enumerate(("sto", "sf", "yto", "ems")):
        history.append(upload("1" if n < 2 else "2", carrier=carrier))
        history.append(picked_up(carrier=carrier))
    named = [("moves_as", f"{carrier} {NUMBER}") for carrier in ("ems", "sf", "sto")]
    assert advice(history) == [named]


@pytest.mark.parametrize(("others", "named"), [(19, True), (20, False)])
def test_a_parcel_of_many_orders_notes_for_itself_alone(others: int, named: bool) -> None:
    """With more than twenty orders their own warnings have what is theirs, and no more."""
    ids = [f"{n + 2}" for n in range(others)]
    history = [order(), *(order(one, recipient=BORIS) for one in ids)]
    history += [upload(["1", *ids]), record("returning", PICKED + US)]
    follows = {"carrier": "sf", "tracking_number": "SF12345"}
    history.append(record("handed_over", PICKED, next=follows))
    for found in advice(history, "recalled"):
        assert found == ([("goes_on_as", "sf SF12345")] if named else [])
    for found in advice(history, "duplicate_tracking_number"):
        assert found[0] == ("earlier_order", "1")
        assert len(found) == 1 + named


@pytest.mark.parametrize(("length", "named"), [(60, True), (61, False)])
def test_a_number_that_fits_no_sentence_is_not_named(length: int, named: bool) -> None:
    """64 characters with its carrier."""
    follows = {"carrier": "zto", "tracking_number": "7" * length}
    handed_over = record("handed_over", PICKED, next=follows)
    history = [order(), upload("1"), handed_over, record("cancelled", PICKED + HOUR)]
    assert [bool(found) for found in advice(history, "recalled")] == [named]


def test_a_note_is_no_part_of_an_id() -> None:
    """What is learnt of where it goes on revises the warning that there is."""
    history = [order(), upload("1"), picked_up(), record("cancelled", PICKED + HOUR)]
    follows = {"carrier": "sf", "tracking_number": "SF12345"}
    before = judge(history, LATER).one("recalled")
    after = judge([*history, record("handed_over", PICKED, next=follows)], LATER).one("recalled")
    assert after["warning_id"] == before["warning_id"]
    assert after["remedy"]["en"] == (
        f"{before['remedy']['en']} The parcel was handed over and goes on as sf SF12345."
    )
    assert after["remedy"]["zh"] == f"{before['remedy']['zh']}包裹已转交，后续单号为 sf SF12345。"


def test_a_released_number_names_none() -> None:
    """It is over: nothing is to be put right."""
    history = twice(release("1", UPLOADED + 30 * HOUR, WAITING))
    (warning,) = judge(history, LATER).of("pickup_overdue", "violation")
    assert warning["state"] == "resolved"
    assert NUMBER not in warning["remedy"]["zh"]
