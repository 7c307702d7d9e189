"""The track's side: who is told what, what is forgotten, when it ends."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
from support.builders import HOUR, PAID, PICKED, order, record, upload, us

from streams.decode import Bad, decode_order, decode_tracking
from streams.facts.facts import CloneFacts, Place, TrackFacts
from streams.facts.times import DAY, STATE_KEPT
from streams.profiles.loader import load
from streams.replay.machine import Machine
from streams.state.codec import UnknownStateVersion, due_of, dump, load_track
from streams.state.state import place_code
from streams.state.tracks import MOST_CLAIMANTS, TrackState, apply_claim

TRACK = b"t" * 16
FAR = 1 << 62
NOW = 1_790_000_000_000_000
SHENZHEN = place_code(Place("44", "4403"))
GUANGZHOU = place_code(Place("44", "4401"))

Told = list[tuple[str, CloneFacts]]


def claim(key: str, at: int | None, address: int | None = None, place: int = 0) -> TrackFacts:
    """A number claims the track, uploaded at `at`; None: it no longer does."""
    return TrackFacts(TRACK, key, at, place, address)


def told(key: str, since: int | None, at: int, address: int | None, place: int = 0) -> Told:
    """What `apply_claim` answers to one number."""
    return [(key, CloneFacts(TRACK, since, at, place, address))]


def test_one_claim_is_kept_in_silence() -> None:
    """Nearly every track is one parcel's: it costs no answer."""
    state = TrackState(TRACK)
    assert apply_claim(state, claim("a", 5, 1), NOW) == []
    assert apply_claim(state, claim("a", 6, 1), NOW) == []


def test_both_hear_of_each_other() -> None:
    """Each is told the other's upload, and the claim that this answers."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    assert apply_claim(state, claim("b", 7, 2), NOW) == told("a", 7, 5, 1) + told("b", 5, 7, 2)


def test_what_is_known_is_not_said_again() -> None:
    """A repeat is no news, nor is a third claim to those who have an earlier one."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    apply_claim(state, claim("b", 7, 2), NOW)
    before = dump(state)
    assert apply_claim(state, claim("b", 7, 2), NOW + 1) is None
    assert apply_claim(state, claim("c", None), NOW + 1) is None
    assert dump(state) == before
    assert apply_claim(state, claim("c", 9, 3), NOW + 1) == told("c", 5, 9, 3)


def test_an_earlier_upload_is_told_to_all() -> None:
    """The earliest other counts."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    apply_claim(state, claim("b", 7, 2), NOW)
    answers = apply_claim(state, claim("c", 3, 3), NOW)
    assert answers == told("a", 3, 5, 1) + told("b", 3, 7, 2) + told("c", 5, 3, 3)


def test_one_recipient_is_no_other_but_what_was_heard_is_said() -> None:
    """Two parcels of one buyer: nothing holds, and each can see whether it was understood."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    assert apply_claim(state, claim("b", 7, 1), NOW) == told("a", None, 5, 1) + told(
        "b", None, 7, 1
    )
    assert apply_claim(state, claim("c", 9, 2), NOW) == (
        told("a", 9, 5, 1) + told("b", 9, 7, 1) + told("c", 5, 9, 2)
    )


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        ((1, SHENZHEN), (1, GUANGZHOU), False),
        ((1, SHENZHEN), (2, SHENZHEN), True),
        ((None, SHENZHEN), (2, GUANGZHOU), True),
        ((None, SHENZHEN), (2, SHENZHEN), False),
        ((None, place_code(Place("44"))), (None, SHENZHEN), False),
        ((None, place_code(Place("33"))), (None, SHENZHEN), True),
        ((None, 0), (2, SHENZHEN), False),
    ],
)
def test_who_is_another_recipient(
    first: tuple[int | None, int], second: tuple[int | None, int], differ: bool
) -> None:
    """Addresses where both are known, else province or city."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, *first), NOW)
    (_, facts), _ = apply_claim(state, claim("b", 7, *second), NOW) or []
    assert facts.since == (7 if differ else None)


def test_a_claim_that_ends_frees_the_other() -> None:
    """The one left is told that it is alone; the one that went is told nothing."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    apply_claim(state, claim("b", 7, 2), NOW)
    assert apply_claim(state, claim("b", None), NOW) == told("a", None, 5, 1)


def test_a_claim_that_comes_back_is_answered_even_alone() -> None:
    """An older answer may still be on its way to it: the last word must be the right one."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    apply_claim(state, claim("b", 7, 2), NOW)
    apply_claim(state, claim("a", None), NOW)
    apply_claim(state, claim("b", None), NOW)
    assert apply_claim(state, claim("a", 5, 1), NOW) == told("a", None, 5, 1)


def test_who_forgot_is_told_again() -> None:
    """A number that took its claim back and makes the same one again hears the same again."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    apply_claim(state, claim("b", 7, 2), NOW)
    apply_claim(state, claim("a", None), NOW)
    assert apply_claim(state, claim("a", 5, 1), NOW) == told("a", 7, 5, 1) + told("b", 5, 7, 2)


def test_order_of_claims_changes_no_last_word() -> None:
    """Whoever comes when, and changes its mind: the last word to each is the same."""
    final = [claim("a", 5, 1), claim("b", 7, 2), claim("c", 3, 1), claim("d", None)]
    said: list[dict[str, CloneFacts]] = []
    for arrival in permutations(final):
        state = TrackState(TRACK)
        last: dict[str, CloneFacts] = {}
        for first in (claim("d", 1, 9), claim("b", 2, 1)):
            last.update(apply_claim(state, first, NOW) or [])
        for facts in arrival:
            last.update(apply_claim(state, facts, NOW) or [])
        said.append({key: facts for key, facts in last.items() if key != "d"})
    assert all(one == said[0] for one in said)
    assert {key: facts.since for key, facts in said[0].items()} == {"a": 7, "b": 3, "c": 7}


def test_a_claim_nobody_heard_of_leaves_nothing() -> None:
    """A track that lasted until the next record is forgotten with it."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    assert apply_claim(state, claim("a", None), NOW) == []
    assert state.claimants == []


def test_a_full_track_answers_and_does_not_remember() -> None:
    """A further number hears what is known; it moves nobody else and can come back."""
    state = TrackState(TRACK)
    for number in range(MOST_CLAIMANTS):
        apply_claim(state, claim(f"a{number}", 100 + number, number), NOW)
    before = dump(state)
    assert apply_claim(state, claim("b", 5, -1), NOW) == told("b", 100, 5, -1)
    assert apply_claim(state, claim("b", None), NOW) is None
    assert dump(state) == before
    # One that took its claim back makes room.
    apply_claim(state, claim("a0", None), NOW)
    answers = dict(apply_claim(state, claim("b", 5, -1), NOW) or [])
    assert len(state.claimants) == MOST_CLAIMANTS
    assert (answers["b"].since, answers["a1"].since) == (101, 5)


def test_it_ends_after_its_last_claim() -> None:
    """Kept for 65 days after the last change, then due; the stored form says when."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    assert NOW + STATE_KEPT < state.due <= NOW + STATE_KEPT + 5 * DAY
    first = state.due
    apply_claim(state, claim("b", 7, 2), NOW + 20 * DAY)
    assert state.due >= first + 20 * DAY
    assert due_of(dump(state)) == state.due
    assert load_track(dump(state)) == state
    with pytest.raises(UnknownStateVersion):
        load_track(b"\x09" + dump(state)[1:])


def test_who_may_have_ended_is_not_asked() -> None:
    """A parcel's own state may be gone after so long: it would deny what it once said."""
    state = TrackState(TRACK)
    apply_claim(state, claim("a", 5, 1), NOW)
    late = NOW + STATE_KEPT
    assert apply_claim(state, claim("b", 7, 2), late) == told("b", 5, 7, 2)
    other = TrackState(TRACK)
    apply_claim(other, claim("a", 5, 1), NOW)
    assert apply_claim(other, claim("b", 7, 2), late - 1) == told("a", 7, 5, 1) + told("b", 5, 7, 2)


def test_replay_forgets_tracks_too() -> None:
    """An order, its delivered parcel and its track; 76 days later nothing is left in memory."""
    machine = Machine(load(), lambda revision: None)
    version = decode_order(json.dumps(order()).encode(), None, FAR, FAR)
    assert not isinstance(version, Bad)
    machine.order(version, us(PAID))
    story = [upload("1"), *(record("hub", PICKED + n * HOUR) for n in range(3))]
    for message in [*story, record("delivered", PICKED + 9 * HOUR)]:
        fact = decode_tracking(json.dumps(message).encode(), FAR)
        assert not isinstance(fact, Bad)
        machine.tracking(fact, fact.at)
    assert machine.live_states == 3
    machine.advance(us(PICKED + 9 * HOUR) + STATE_KEPT)
    assert machine.live_states == 3
    machine.advance(us(PICKED + 9 * HOUR) + STATE_KEPT + 11 * DAY)
    assert machine.live_states == 0
