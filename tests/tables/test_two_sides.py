"""The whole pipeline in memory gives what `replay` gives, however its records travel."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from support.builders import (
    BORIS,
    DAY,
    HOUR,
    MINUTE,
    NUMBER,
    PAID,
    PICKED,
    PROMISE,
    UPLOADED,
    judge,
    order,
    picked_up,
    record,
    release,
    upload,
    us,
)
from support.clones import clone_history
from support.replaying import replay, standing
from support.travelling import RUNNING, gates_of, sent_anywhere, suitable
from support.two_sides import TOPICS, Loop, run

from streams.engine.kafka.murmur2 import partition_of
from streams.facts.times import from_datetime
from streams.state.codec import load_parcel, load_track

HISTORIES = 60
CLONES = 150
PARCEL = f"zto:{NUMBER}".encode()


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_any_chunking_and_partition_gives_what_replay_gives(seed: int) -> None:
    """Random partitions, chunks, gates and interleavings of both sides: the same warnings."""
    rng = Random(f"loop/{seed}")
    history = suitable(seed)
    until = from_datetime(history.until)
    wanted = standing(replay(history.orders, history.tracking, history.until)[0])
    loop = Loop(rng.choice((1, 2, 3, 4, 7)), until - RUNNING)
    loop.apart = seed % 2 == 1
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng))
    loop.drain(until)
    assert loop.now <= until
    assert loop.dead_letters == []
    assert standing(loop.newest()) == wanted


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_crashes_change_nothing(seed: int) -> None:
    """Partitions lose what they had not committed, again and again: the same warnings.

    No revision of a warning is ever published with two contents.
    """
    rng = Random(f"crash/{seed}")
    history = suitable(1_000 + seed)
    until = from_datetime(history.until)
    wanted = standing(replay(history.orders, history.tracking, history.until)[0])
    loop = Loop(rng.choice((1, 2, 3, 4)), until - RUNNING)
    loop.apart = seed % 2 == 1
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng), crashes=0.05)
    loop.drain(until)
    assert loop.now <= until
    assert standing(loop.newest()) == wanted
    contents: dict[tuple[str, int], dict[str, Any]] = {}
    for value in loop.warnings:
        revision = (value["warning_id"], value["revision"])
        assert contents.setdefault(revision, value) == value


@pytest.mark.parametrize("seed", range(CLONES))
def test_crashes_accuse_nobody_of_a_cloned_track(seed: int) -> None:
    """Parcels on equal tracks, partitions that lose what they said: the same warnings.

    And nothing that a lost state claimed is left where it could accuse a parcel later.
    """
    rng = Random(f"clones/{seed}")
    history = clone_history(seed)
    until = from_datetime(history.until)
    wanted = standing(replay(history.orders, history.tracking, history.until)[0])
    loop = Loop(rng.choice((1, 2, 3, 4)), until - RUNNING)
    loop.apart = seed % 2 == 1
    sent_anywhere(loop, history, rng)
    run(loop, rng, gates_of(history, rng), crashes=0.1)
    loop.drain(until)
    assert loop.now <= until
    assert loop.dead_letters == []
    assert standing(loop.newest()) == wanted
    held = {
        (state.signature, claimant.key): claimant.claim
        for state in map(load_track, loop.values("tracks"))
        if sum(claimant.claim is not None for claimant in state.claimants) > 1
        for claimant in state.claimants
        if claimant.claim is not None
    }
    made = {
        (claim.signature, parcel.key): (claim.uploaded_at, claim.place, claim.address)
        for parcel in map(load_parcel, loop.values("parcels"))
        for claim in parcel.claims
    }
    assert held.items() <= made.items()


def test_the_histories_of_equal_tracks_have_warnings() -> None:
    """Or the test above would show nothing."""
    found = 0
    for seed in range(CLONES):
        history = clone_history(seed)
        warnings = replay(history.orders, history.tracking, history.until)[0].values()
        found += sum(warning["rule"] == "cloned_track" for warning in warnings)
    assert found > CLONES / 3


def test_a_claim_that_a_crash_took_back_accuses_nobody() -> None:
    """A parcel claims a track, is lost before it remembers, and then is told otherwise.

    Number 1 is delivered on the track of number 2, says so, and forgets it in a crash. What it then
    reads first is a record that makes its track another: it never says again what it said.
    """
    until = us(PAID + 10 * DAY)
    loop = Loop(1, until - RUNNING)
    here = 0
    one, two = "78123456789001", "78123456789002"
    stops = ("picked_up", "hub", "arrived_dest_city", "delivered")
    tracks = {
        number: [record(status, PICKED + n * HOUR, number) for n, status in enumerate(stops)]
        for number in (one, two)
    }
    story = [order("1"), order("2", recipient=BORIS)]
    for message in story:
        loop.produce(TOPICS.orders, json.dumps(message).encode(), None, here)
    for message in (upload("1", number=one), *tracks[one]):
        loop.produce(TOPICS.tracking, json.dumps(message).encode(), None, here)
    loop.step((TOPICS.orders, here), 9, None)
    loop.commit(here)
    loop.step((TOPICS.tracking, here), 9, None)
    assert len(loop.logs[TOPICS.track_facts, here]) == 1
    loop.crash(here)
    extra = record("in_transit", PICKED + MINUTE, one)
    for message in (extra, upload("2", number=two), *tracks[two]):
        loop.produce(TOPICS.tracking, json.dumps(message).encode(), None, here)
    loop.step((TOPICS.tracking, here), 99, None)
    loop.drain(until)
    assert [value for value in standing(loop.newest()) if value["rule"] == "cloned_track"] == []
    claimed = [
        claimant
        for state in map(load_track, loop.values("tracks"))
        for claimant in state.claimants
        if claimant.claim is not None
    ]
    assert sorted(claimant.key for claimant in claimed) == [f"zto:{one}", f"zto:{two}"]


def test_a_warning_sent_just_before_a_crash_is_withdrawn_after_it() -> None:
    """Sent, then the state that knew of it is lost: later facts must still withdraw it.

    The worker is held while it reads its backlog, so that it judges with the correction in hand.
    """
    until = us(PAID + 3 * DAY)
    loop = Loop(1, until - RUNNING)
    story = [order("1"), order("2", recipient=BORIS), upload("1"), upload("2", UPLOADED + HOUR)]
    for value in story:
        topic = TOPICS.orders if "order_id" in value else TOPICS.tracking
        loop.produce(topic, json.dumps(value).encode(), None, 0)
    loop.drain(us(UPLOADED + 2 * HOUR))
    assert [value["state"] for value in loop.newest().values()] == ["open"]
    loop.crash(0)
    correction = release("2", UPLOADED + 90 * MINUTE)
    loop.produce(TOPICS.tracking, json.dumps(correction).encode(), None, 0)
    while loop.waiting():
        loop.step(loop.waiting()[0], 100, None)
    loop.drain(until)
    duplicates = [w for w in loop.newest().values() if w["rule"] == "duplicate_tracking_number"]
    assert [value["state"] for value in duplicates] == ["withdrawn"]


def test_what_a_parcel_said_before_a_crash_does_not_outweigh_what_it_says_after() -> None:
    """The facts of a parcel are read in another order after a crash: its order hears of all.

    One record is read through the re-key topic; before the crash it came last, after it second.
    """
    until = us(PROMISE + 2 * DAY)
    loop = Loop(2, until - RUNNING)
    there, elsewhere = partition_of(PARCEL, 2), partition_of(b"1", 2)
    assert there != elsewhere, "the order's partition does not crash"
    direct = [upload("1"), record("hub", PROMISE + HOUR), record("hub", PROMISE + 2 * HOUR)]
    loop.produce(TOPICS.orders, json.dumps(order()).encode(), b"1", elsewhere)
    for value in direct:
        loop.produce(TOPICS.tracking, json.dumps(value).encode(), None, there)
    loop.drain(us(PAID))
    loop.crash(there)
    loop.produce(TOPICS.tracking, json.dumps(picked_up()).encode(), None, elsewhere)
    loop.step((TOPICS.tracking, elsewhere), 1, None)
    loop.step((TOPICS.tracking, there), 1, None)
    loop.step((TOPICS.tracking_rekey, there), 1, None)
    loop.drain(until)
    story = [order(), *direct, picked_up()]
    wanted = judge(story, PROMISE + 2 * DAY).of("ship_overdue")
    found = [value for value in standing(loop.newest()) if value["rule"] == "ship_overdue"]
    assert wanted == found == []
