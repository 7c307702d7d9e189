"""Before an upload: the answer is what the upload would bring, and what no rule warns of."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.builders import (
    ANNA,
    BORIS,
    CARRIER,
    DAY,
    GUANGZHOU,
    HOUR,
    MINUTE,
    NUMBER,
    PAID,
    PICKED,
    SHENZHEN,
    UPLOADED,
    Message,
    order,
    picked_up,
    record,
    release,
    upload,
    us,
)
from support.replaying import arrival_of

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.times import WINDOW
from streams.judge.precheck import OrderWord, Precheck, ask_order, precheck
from streams.profiles.loader import load
from streams.replay.machine import Machine
from streams.state import parcels
from streams.state.codec import dump, load_parcel
from streams.state.state import Finding, ParcelState

PROFILES = load()
KEY = f"{CARRIER}:{NUMBER}"
ASKED = PAID + 10 * HOUR
EXAMPLE = Path(__file__).resolve().parent.parent / "data" / "example"


def played(history: Iterable[Message]) -> Machine:
    """A machine that has seen a history."""
    machine = Machine(PROFILES, lambda _: None)
    for value in sorted(history, key=arrival_of):
        take(machine, value, arrival_of(value))
    return machine


def take(machine: Machine, value: Message, at: int) -> None:
    """One message arrives."""
    raw = json.dumps(value, ensure_ascii=False).encode()
    if "tracking_number" in value:
        fact = decode_tracking(raw, at)
        assert not isinstance(fact, Bad)
        machine.tracking(fact, at)
    else:
        version = decode_order(raw, None, at, at)
        assert not isinstance(version, Bad)
        machine.order(version, at)


def asked(
    history: Iterable[Message],
    order_id: str = "2",
    at: datetime = ASKED,
    fits: bool | None = None,
) -> Precheck:
    """The answer for NUMBER and an order after a history."""
    machine = played(history)
    machine.advance(us(at))
    word = ask_order(machine.order_state(order_id), KEY, us(at), PROFILES)
    parcel = machine.parcel_state(KEY) or ParcelState(KEY)
    return precheck(parcel, order_id, word, PROFILES, us(at), fits)


def rules(found: Precheck) -> list[str]:
    """The rules that would warn."""
    return [finding.rule for _, finding in found.findings]


def remarks(found: Precheck) -> dict[str, str]:
    """Remarks and their levels."""
    return {remark.code: remark.level for remark in found.remarks}


ANNAS = [order("1"), order("2")]
BORISS = [order("1", recipient=BORIS), order("2")]


def test_a_new_number_is_ok() -> None:
    """Nothing is known of the number, everything of the order."""
    found = asked(ANNAS)
    assert (found.verdict, rules(found), remarks(found), found.uses) == ("ok", [], {}, ())
    assert found.track is None


def test_used_by_another_recipient() -> None:
    """What would be a duplicate is refused, and the other use is named."""
    found = asked([*BORISS, upload("1")])
    assert (found.verdict, rules(found)) == ("block", ["duplicate_tracking_number"])
    assert [(use.order_id, use.recipient) for use in found.uses] == [("1", "different")]
    assert "used_by_other" not in remarks(found)


def test_a_combined_parcel_is_ok() -> None:
    """The same recipient: said, and no reason against it."""
    found = asked([*ANNAS, upload("1")])
    assert (found.verdict, remarks(found)) == ("ok", {"used_by_same": "note"})
    assert found.uses[0].recipient == "same"


@pytest.mark.parametrize("recipient", [None, {"province": "广东省"}], ids=["none", "province"])
def test_unknown_is_not_different_but_looked_at(recipient: Any) -> None:
    """Nobody can tell: no rule will warn, and the seller still looks first."""
    found = asked([order("1", recipient=recipient), order("2"), upload("1")])
    assert (found.verdict, rules(found)) == ("warn", [])
    assert remarks(found) == {"recipient_unknown": "warn"}


def test_a_place_tells_without_keys() -> None:
    """As the rule has it: another city is another recipient where a key is missing."""
    one = order("1", recipient=GUANGZHOU)
    found = asked([one, order("2", recipient=SHENZHEN), upload("1")])
    assert (found.verdict, found.uses[0].recipient) == ("block", "different")


def test_by_person_where_the_profile_says_so() -> None:
    """The brief's profile compares persons: another address of the same person is the same."""
    profiles = PROFILES.forced("brief-2023")
    moved = {**BORIS, "person_key": ANNA["person_key"]}
    machine = played([order("1", recipient=moved), order("2"), upload("1")])
    word = ask_order(machine.order_state("2"), KEY, us(ASKED), profiles)
    state = machine.parcel_state(KEY)
    assert state is not None
    found = precheck(state, "2", word, profiles, us(ASKED))
    assert (found.verdict, found.uses[0].recipient) == ("ok", "same")


def test_given_up_by_the_other() -> None:
    """A number that was released is free again."""
    found = asked([*BORISS, upload("1"), release("1", UPLOADED + HOUR)])
    assert (found.verdict, remarks(found)) == ("ok", {"given_up": "note"})
    assert found.uses[0].released_at == us(UPLOADED + HOUR)


def test_uploaded_for_this_very_order() -> None:
    """To repeat an upload changes nothing, and its own upload is no use by another."""
    found = asked([order("2"), upload("2"), picked_up()])
    assert found.verdict == "ok"
    assert remarks(found) == {"already_uploaded": "note", "track_runs": "note"}
    assert found.uses == ()


def test_a_track_that_runs_after_the_payment() -> None:
    """A late upload of a parcel on its way: said, not refused."""
    found = asked([order("2"), picked_up()])
    assert (found.verdict, remarks(found)) == ("ok", {"track_runs": "note"})
    assert found.track is not None
    assert (found.track.records, found.track.picked_up_at) == (1, us(PICKED))


def test_delivered_already() -> None:
    """No rule need warn: it cannot ship anything new."""
    found = asked([order("2"), picked_up(), record("delivered", PICKED + HOUR)])
    assert (found.verdict, remarks(found)) == ("warn", {"already_delivered": "warn"})


def test_handed_over_already() -> None:
    """Its number has ended, and the one that it goes on under is named where that is known."""
    follows = {"carrier": "sf", "tracking_number": "SF1"}
    for said, detail in ((follows, "sf SF1"), (None, None)):
        found = asked([order("2"), picked_up(), record("handed_over", PICKED + HOUR, next=said)])
        assert (found.verdict, remarks(found)) == ("warn", {"handed_over": "warn"})
        assert [remark.detail for remark in found.remarks] == [detail]
        assert [remark.at for remark in found.remarks] == [us(PICKED + HOUR)]


def test_delivered_on_its_way_back() -> None:
    """Back at its sender's it was sent back, and not delivered."""
    history = [order("2"), picked_up(), record("returning", PICKED + HOUR)]
    found = asked([*history, record("delivered", PICKED + 90 * MINUTE)])
    assert "already_delivered" not in remarks(found)
    assert rules(found) == ["recalled"]
    home = record("delivered", PICKED + 90 * MINUTE, location=SHENZHEN)
    assert remarks(asked([*history, home])) == {"already_delivered": "warn", "sent_back": "warn"}


def test_what_was_taken_back_does_not_count() -> None:
    """Neither a delivery nor an upload for another recipient, once it is void."""
    wrong = record("delivered", PICKED + HOUR), upload("1")
    history = [*BORISS, *wrong]
    assert asked(history).verdict == "block"
    found = asked([*history, *({**value, "voided": True} for value in wrong)])
    assert (found.verdict, remarks(found), found.uses) == ("ok", {}, ())


def test_a_guessed_time_accuses_nobody() -> None:
    """Where the first record's time, or the payment's, is a date: no word of an older track."""
    early = PAID - HOUR
    for history in (
        [order("2"), picked_up(early, time_quality="estimated")],
        [order("2", paid_at_quality="estimated"), picked_up(early)],
    ):
        assert "tracked_before_paid" not in {*rules(asked(history)), *remarks(asked(history))}
    both = [picked_up(early - HOUR, time_quality="estimated"), record("hub", early)]
    found = asked([order("2", platform="taobao"), *both])
    assert {one.code: one.at for one in found.remarks}["tracked_before_paid"] == us(early)


@pytest.mark.parametrize(
    ("more", "detail"), [([], "1/3"), ([upload("2", UPLOADED, "78123456789099")], "2/3")]
)
def test_an_order_of_several_parcels(more: list[Message], detail: str) -> None:
    """How many of its numbers there are with this one, as a note."""
    found = asked([order("2", parcels_expected=3), *more])
    assert (found.verdict, remarks(found)) == ("ok", {"parcels_expected": "note"})
    assert found.remarks[0].detail == detail


def test_a_track_older_than_the_payment() -> None:
    """Said by the rule where the profile has it, else by a remark."""
    found = asked([order("2"), picked_up(PAID - HOUR)])
    assert found.verdict in ("warn", "block")
    assert "tracked_before_paid" in {*rules(found), *remarks(found)}


def test_what_stands_still_already() -> None:
    """A clock of the parcel that has run out would name this order too; one that runs, warns."""
    history = [order("2"), picked_up(PAID + HOUR)]
    assert asked(history, at=PAID + 24 * HOUR).verdict == "warn"
    found = asked(history, at=PAID + 26 * HOUR)
    assert (found.verdict, set(rules(found))) == ("block", {"inactive_after_pickup"})


def test_a_former_life_does_not_count() -> None:
    """31 days later the carrier gives the number to somebody else."""
    old = PAID - 31 * DAY - 2 * HOUR
    history = [order("1", old - HOUR, recipient=BORIS), upload("1", old), order("2")]
    found = asked(history)
    assert (found.verdict, remarks(found)) == ("ok", {"former_life": "note"})
    assert found.uses[0].past


@pytest.mark.parametrize(
    ("fields", "verdict", "code"),
    [
        ({"state": "closed"}, "warn", "order_closed"),
        ({"delivery_method": "self_pickup"}, "ok", "order_not_judged"),
        ({"presale": "deposit"}, "ok", "final_payment_unknown"),
        ({"refund_requested_at": UPLOADED}, "warn", "refund_requested"),
        ({"parcels_expected": 2}, "ok", "parcels_expected"),
    ],
)
def test_what_the_order_says(fields: dict[str, Any], verdict: str, code: str) -> None:
    """Closed, not judged at all, or not to be checked in full yet."""
    found = asked([order("2", **fields)])
    assert (found.verdict, list(remarks(found))) == (verdict, [code])


def test_an_order_that_nobody_knows() -> None:
    """It may be a typing error: looked at first."""
    found = asked([order("1")], order_id="22")
    assert (found.verdict, remarks(found)) == ("warn", {"order_unknown": "warn"})


def test_a_format_that_does_not_fit() -> None:
    """Only where the formats of the carrier are known."""
    assert remarks(asked(ANNAS, fits=False)) == {"does_not_fit": "warn"}
    assert asked(ANNAS, fits=None).verdict == asked(ANNAS, fits=True).verdict == "ok"


def test_a_placeholder_that_everybody_types() -> None:
    """A number that is full refuses more, and the answer does too."""
    state = ParcelState(KEY)
    for number in range(parcels.MOST_FACTS):
        value = upload(f"9{number:05}", UPLOADED + timedelta(seconds=number))
        fact = decode_tracking(json.dumps(value).encode(), us(ASKED))
        assert not isinstance(fact, Bad)
        if parcels.apply(state, (fact,), us(ASKED)).refused:
            break
    found = precheck(state, "2", OrderWord(), PROFILES, us(ASKED))
    assert (found.verdict, remarks(found)["too_many_facts"]) == ("block", "block")


def test_the_answer_is_what_the_upload_brings() -> None:
    """On the example's history: for many numbers and orders, the findings foretold are those that
    stand against the order once the number is really uploaded for it."""
    until = us(datetime.fromisoformat((EXAMPLE / "until.txt").read_text().strip()))
    history: list[Message] = []
    for name in ("orders", "tracking"):
        text = (EXAMPLE / f"{name}.jsonl").read_text(encoding="utf-8")
        history += [json.loads(line) for line in text.splitlines()]
    machine = Machine(PROFILES, lambda _: None)
    for value in sorted(history, key=arrival_of):
        if arrival_of(value) <= until:
            raw = json.dumps(value, ensure_ascii=False).encode()
            read = decode_tracking if "tracking_number" in value else decode_order
            if not isinstance(read(raw, *_moment(value)), Bad):
                take(machine, value, arrival_of(value))
    machine.advance(until)
    choose = random.Random(7)
    keys = machine.known("parcels")
    ids = machine.known("orders")
    verdicts = set()
    for _ in range(24):
        key, order_id = choose.choice(keys), choose.choice(ids)
        real = copy.deepcopy(machine)
        before = real.parcel_state(key)
        assert before is not None
        word = ask_order(copy.deepcopy(real.order_state(order_id)), key, until, PROFILES)
        found = precheck(load_parcel(dump(before)), order_id, word, PROFILES, until)
        verdicts.add(found.verdict)
        carrier, _, number = key.partition(":")
        at = datetime.fromisoformat((EXAMPLE / "until.txt").read_text().strip())
        take(real, upload(order_id, at, number, carrier=carrier), until)
        assert _ids(found) == _standing(real, key, order_id), (key, order_id)
    assert {"block", "ok"} <= verdicts


def _moment(value: Message) -> tuple[Any, ...]:
    at = arrival_of(value)
    return (at,) if "tracking_number" in value else (None, at, at)


def _ids(found: Precheck) -> set[tuple[Any, ...]]:
    return {_mark(finding) for _, finding in found.findings}


def _mark(finding: Finding) -> tuple[Any, ...]:
    return (finding.rule, finding.stage, finding.state, finding.anchor, finding.opened_at)


def _standing(machine: Machine, key: str, order_id: str) -> set[tuple[Any, ...]]:
    """What stands against an order and its number, of all that is published."""
    parcel, known = machine.parcel_state(key), machine.order_state(order_id)
    assert parcel is not None
    assert known is not None
    return {
        _mark(entry.finding)
        for entry in (*parcel.published, *known.published)
        if entry.finding.parcel == key
        and order_id in entry.finding.order_ids
        and (
            entry.finding.state in ("open", "breached")
            or (entry.finding.state == "resolved" and entry.finding.breached_at is not None)
        )
    }


def test_the_window_is_the_core_s() -> None:
    """The former life above lies beyond it; this says why the test takes 31 days."""
    assert timedelta(microseconds=WINDOW) == 30 * DAY
